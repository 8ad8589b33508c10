/**
 * Goal: when the system refuses a call, nothing is acknowledged that is not there, the reason is
 * told, readers go on, and the next start is clean.
 * Method: the real process under strace, which makes chosen calls fail.
 */
import { spawnSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { RequestCode } from '../../net/protocol/request-code.ts'
import { ResponseCode } from '../../net/protocol/response-code.ts'
import type { RemotingCommand } from '../../net/remoting/remoting-command.ts'
import { pullFields, sendFields } from '../helpers/running-standalone.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { KilledBroker } from './kills/killed-broker.ts'

const SETTINGS = [
  'mappedFileSizeCommitLog=1048576',
  'mappedFileSizeConsumeQueue=2000',
  'maxHashSlotNum=1000',
  'maxIndexNum=3000',
]
const FIRST_SEGMENT = `commitlog/${'0'.repeat(20)}`
const SECOND_SEGMENT = `agena/making-commitlog-${'1048576'.padStart(20, '0')}`
/** The same segment once it stands in its place. */
const SECOND_IN_PLACE = `commitlog/${'1048576'.padStart(20, '0')}`
const BODY_BYTES = 10_000
/** Fewer than one segment holds, and more. */
const SENDS_TO_FILL = 90
const SENDS_TO_ROLL = 130
const SENDS_MAX = 400
const RETRY_MS = 50
const ACROSS_MS_MAX = 20_000
/** How long a sender waits for a flush, and how long one of them takes. */
const FLUSH_MS_MAX = 300
const SLOW_FLUSH_MS = 2000
const MICROSECONDS = 1000

const mayTrace = spawnSync('strace', ['-f', '-e', 'trace=none', 'true']).status === 0

/** The words that make `call` fail with `error` on the file at `path`. */
function failing(call: string, error: string, path: string, when = '1+'): string[] {
  return injecting(call, `error=${error}`, path, when)
}

/** The words that do `fault` to `call` on the file at `path`. */
function injecting(call: string, fault: string, path: string, when: string): string[] {
  const inject = `inject=${call}:${fault}:when=${when}`
  return ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${call}`, '-P', path, '-e', inject]
}

class FailingRun {
  readonly broker: KilledBroker
  readonly acked: { text: string; queueOffset: number }[] = []
  refusedCount = 0
  /** How the last body begins that was sent. */
  lastText = ''
  #count = 0

  constructor(broker: KilledBroker) {
    this.broker = broker
  }

  async send(): Promise<RemotingCommand> {
    this.#count += 1
    const text = `message ${this.#count} `
    this.lastText = text
    const body = Buffer.from(text.padEnd(BODY_BYTES, 'x'))
    const answer = await this.broker.ask(RequestCode.SEND_MESSAGE_V2, sendFields('T'), body)
    if (answer.code === ResponseCode.SUCCESS) {
      this.acked.push({ text, queueOffset: Number(answer.extFields.get('queueOffset')) })
    } else {
      this.refusedCount += 1
    }
    return answer
  }

  /** Sends until so many are acknowledged, some of them after refusals. */
  async sendAcross(count: number): Promise<void> {
    const endMs = performance.now() + ACROSS_MS_MAX
    for (const end = this.acked.length + count; this.acked.length < end; ) {
      const answer = await this.send()
      if (answer.code === ResponseCode.SUCCESS) continue
      if (performance.now() > endMs) throw new Error(`still refused: ${answer.remark}`)
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }

  /** Sends, refused or not, until something has happened. */
  async sendUntil(happened: Promise<unknown>): Promise<void> {
    const state = { isOver: false }
    const over = happened.finally(() => {
      state.isOver = true
    })
    while (!state.isOver) {
      const answer = await this.send()
      const pauseMs = answer.code === ResponseCode.SUCCESS ? 0 : RETRY_MS
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
    await over
  }

  async sendUntilRefused(): Promise<RemotingCommand> {
    for (let count = 0; count < SENDS_MAX; count += 1) {
      const answer = await this.send()
      if (answer.code !== ResponseCode.SUCCESS) return answer
    }
    throw new Error('every send was acknowledged')
  }

  /** What was acknowledged and is not served where it was said to be. */
  async missing(broker: KilledBroker): Promise<string[]> {
    const messages = await broker.readAll('T', 0)
    const isServed = ({ text, queueOffset }: { text: string; queueOffset: number }) =>
      messages[queueOffset]?.body.toString().startsWith(text) === true
    return this.acked.filter((one) => !isServed(one)).map(({ text }) => text)
  }
}

describe.skipIf(!mayTrace)('a system call that fails (skipped without strace)', () => {
  test.each([
    ['fdatasync', 'EIO', 'SYNC_FLUSH', '4+'],
    ['fdatasync', 'ENOSPC', 'SYNC_FLUSH', '4+'],
    ['pwrite64', 'EIO', 'ASYNC_FLUSH', '8+'],
    ['pwrite64', 'EIO', 'SYNC_FLUSH', '8+'],
  ])('%s with %s under %s ends writing, not reading', async (call, error, flush, when) => {
    using folder = temporaryFolder('calls')
    const directory = join(realpathSync(folder.path), 'data')
    const settings = [...SETTINGS, `flushDiskType=${flush}`]
    // The files are there already, so that a start has nothing to make.
    const before = new FailingRun(await KilledBroker.start(directory, settings))
    for (let count = 0; count < 3; count += 1) await before.send()
    expect((await before.broker.stop()).exitCode).toBe(0)

    const under = failing(call, error, join(directory, FIRST_SEGMENT), when)
    const run = new FailingRun(await KilledBroker.start(directory, settings, { under }))
    try {
      const refused = await run.sendUntilRefused()
      expect(refused.code).toBe(ResponseCode.SERVICE_NOT_AVAILABLE)
      expect(refused.remark).toContain(error)
      // It is final: the next one is refused at once.
      expect((await run.send()).code).toBe(ResponseCode.SERVICE_NOT_AVAILABLE)
      await run.broker.process.printed(new RegExp(`read-only|${error}`))
      expect(await before.missing(run.broker)).toEqual([])
      expect(await run.missing(run.broker)).toEqual([])
      await run.broker.stop()
    } finally {
      run.broker.end()
    }
    const after = await KilledBroker.start(directory, settings)
    expect(await before.missing(after)).toEqual([])
    expect(await run.missing(after)).toEqual([])
    const again = new FailingRun(after)
    expect((await again.send()).code).toBe(ResponseCode.SUCCESS)
    expect((await after.stop()).exitCode).toBe(0)
  })

  test('fdatasync over syncFlushTimeout is told, and the message is there', async () => {
    using folder = temporaryFolder('calls')
    const directory = join(realpathSync(folder.path), 'data')
    const settings = [...SETTINGS, 'flushDiskType=SYNC_FLUSH', `syncFlushTimeout=${FLUSH_MS_MAX}`]
    const slow = `delay_enter=${SLOW_FLUSH_MS * MICROSECONDS}`
    const under = injecting('fdatasync', slow, join(directory, FIRST_SEGMENT), '4')
    const run = new FailingRun(await KilledBroker.start(directory, settings, { under }))
    try {
      const slowAnswer = await run.sendUntilRefused()
      expect(slowAnswer.code).toBe(ResponseCode.FLUSH_DISK_TIMEOUT)
      const place = Number(slowAnswer.extFields.get('queueOffset'))
      // A sender may take it for stored, as in RocketMQ, or send it again.
      const offset = Number.parseInt(slowAnswer.extFields.get('msgId')?.slice(-16) ?? '', 16)
      const viewed = await run.broker.ask(RequestCode.VIEW_MESSAGE_BY_ID, { offset })
      expect(viewed.code).toBe(ResponseCode.SUCCESS)
      const bodies = (await run.broker.readAll('T', 0)).map(({ body }) => body.toString())
      expect(bodies[place]).toContain(run.lastText)
      // Nothing ended: the disk is quick again.
      await run.sendAcross(SENDS_TO_ROLL)
      expect(await run.missing(run.broker)).toEqual([])
      expect((await run.broker.stop()).exitCode).toBe(0)
    } finally {
      run.broker.end()
    }
    // The slow ones are stored as well.
    expect(await expectCleanStart(directory, run)).toBe(run.acked.length + run.refusedCount)
  })

  test('fallocate with ENOSPC holds up the log at its segment, until there is room', async () => {
    using folder = temporaryFolder('calls')
    const directory = join(realpathSync(folder.path), 'data')
    const under = failing('fallocate', 'ENOSPC', join(directory, SECOND_SEGMENT), '1..6')
    const run = new FailingRun(await KilledBroker.start(directory, SETTINGS, { under }))
    try {
      const refused = await run.sendUntilRefused()
      expect(refused.remark).toMatch(/STORE_DISK_FULL|ENOSPC/)
      expect(await run.missing(run.broker)).toEqual([])
      let answer = refused
      for (let tries = 0; answer.code !== ResponseCode.SUCCESS && tries < 100; tries += 1) {
        await new Promise((resolve) => setTimeout(resolve, 100))
        answer = await run.send()
      }
      expect(answer.code).toBe(ResponseCode.SUCCESS)
      expect(await run.missing(run.broker)).toEqual([])
      expect((await run.broker.stop()).exitCode).toBe(0)
    } finally {
      run.broker.end()
    }
    const after = await KilledBroker.start(directory, SETTINGS)
    expect(await run.missing(after)).toEqual([])
    expect((await after.stop()).exitCode).toBe(0)
  })

  test('rename with EIO loses no table: it is written the next time', async () => {
    using folder = temporaryFolder('calls')
    const directory = join(realpathSync(folder.path), 'data')
    const table = join(directory, 'config', 'topics.json')
    // Calls are counted for each thread apart: one thread does all of them.
    const rename = failing('rename', 'EIO', `${table}.tmp`, '1')
    const under = ['env', 'UV_THREADPOOL_SIZE=1', ...rename]
    const run = new FailingRun(await KilledBroker.start(directory, SETTINGS, { under }))
    try {
      expect((await run.send()).code).toBe(ResponseCode.SUCCESS)
      await run.broker.process.printed(/topics\.json/)
      expect((await run.broker.stop()).exitCode).toBe(0)
    } finally {
      run.broker.end()
    }
    const after = await KilledBroker.start(directory, SETTINGS)
    const config = await after.ask(RequestCode.GET_TOPIC_CONFIG, { topic: 'T' })
    expect(config.code).toBe(ResponseCode.SUCCESS)
    expect(await run.missing(after)).toEqual([])
    expect((await after.stop()).exitCode).toBe(0)
  })

  test('fdatasync with EIO under ASYNC_FLUSH refuses what comes after it', async () => {
    using folder = temporaryFolder('calls')
    const directory = join(realpathSync(folder.path), 'data')
    const settings = [...SETTINGS, 'flushIntervalCommitLog=20']
    const under = failing('fdatasync', 'EIO', join(directory, FIRST_SEGMENT))
    const run = new FailingRun(await KilledBroker.start(directory, settings, { under }))
    try {
      // As many pages as make a flush due.
      for (let count = 0; count < 3; count += 1) await run.send()
      await run.broker.process.printed(/read-only.*EIO/)
      const refused = await run.send()
      expect(refused.code).toBe(ResponseCode.SERVICE_NOT_AVAILABLE)
      expect(refused.remark).toContain('EIO')
      expect(await run.missing(run.broker)).toEqual([])
      expect((await run.broker.stop()).exitCode).toBe(0)
    } finally {
      run.broker.end()
    }
    await expectCleanStart(directory, run)
  })

  test.each([
    ['openat', 'ENOSPC', SECOND_SEGMENT],
    ['fallocate', 'EIO', SECOND_SEGMENT],
    ['rename', 'EIO', SECOND_SEGMENT],
  ])(
    '%s with %s on the next segment holds the log up and ends nothing',
    async (call, error, path) => {
      using folder = temporaryFolder('calls')
      const directory = join(realpathSync(folder.path), 'data')
      const under = failing(call, error, join(directory, path), '1..3')
      const run = new FailingRun(await KilledBroker.start(directory, SETTINGS, { under }))
      try {
        await run.broker.process.printed(new RegExp(`${error}.*; trying again`))
        await run.sendAcross(SENDS_TO_ROLL)
        expect(await run.missing(run.broker)).toEqual([])
        expect((await run.broker.stop()).exitCode).toBe(0)
      } finally {
        run.broker.end()
      }
      await expectCleanStart(directory, run)
    },
  )

  test.each(['EIO', 'EMFILE'])(
    'openat with %s in any thread ends writing at most',
    async (error) => {
      using folder = temporaryFolder('calls')
      const directory = join(realpathSync(folder.path), 'data')
      // Calls are counted for each thread apart: who writes the segment tries again, who builds
      // queues from it does not.
      const under = failing('openat', error, join(directory, SECOND_IN_PLACE), '1..3')
      const run = new FailingRun(await KilledBroker.start(directory, SETTINGS, { under }))
      try {
        await run.broker.process.printed(new RegExp(`${error}.*; trying again`))
        await run.sendUntil(run.broker.process.printed(new RegExp(`read-only.*${error}`)))
        expect(run.acked.length).toBeGreaterThan(SENDS_TO_FILL)
        const refused = await run.send()
        expect(refused.code).toBe(ResponseCode.SERVICE_NOT_AVAILABLE)
        expect(refused.remark).toContain(error)
        const pulled = await run.broker.ask(RequestCode.PULL_MESSAGE, pullFields('T'))
        expect(pulled.code).toBe(ResponseCode.SUCCESS)
        expect((await run.broker.stop()).exitCode).toBe(0)
      } finally {
        run.broker.end()
      }
      await expectCleanStart(directory, run)
    },
  )

  test('pwrite64 with ENOSPC takes the message back, and the next one goes on', async () => {
    using folder = temporaryFolder('calls')
    const directory = join(realpathSync(folder.path), 'data')
    const under = failing('pwrite64', 'ENOSPC', join(directory, FIRST_SEGMENT), '8..10')
    const run = new FailingRun(await KilledBroker.start(directory, SETTINGS, { under }))
    try {
      const refused = await run.sendUntilRefused()
      expect(refused.code).toBe(ResponseCode.SERVICE_NOT_AVAILABLE)
      expect(refused.remark).toContain('STORE_DISK_FULL')
      await run.sendAcross(SENDS_TO_ROLL)
      expect(run.refusedCount).toBe(3)
      expect(await run.missing(run.broker)).toEqual([])
      expect((await run.broker.stop()).exitCode).toBe(0)
    } finally {
      run.broker.end()
    }
    expect(await expectCleanStart(directory, run)).toBe(run.acked.length)
  })

  // Node goes on after a short write by itself, so that only one of nothing is to be seen.
  test('pwrite64 that writes nothing ends writing, not reading', async () => {
    using folder = temporaryFolder('calls')
    const directory = join(realpathSync(folder.path), 'data')
    const under = injecting('pwrite64', 'retval=0', join(directory, FIRST_SEGMENT), '8+')
    const run = new FailingRun(await KilledBroker.start(directory, SETTINGS, { under }))
    try {
      const refused = await run.sendUntilRefused()
      expect(refused.code).toBe(ResponseCode.SERVICE_NOT_AVAILABLE)
      expect(refused.remark).toContain('STORE_IO_FAILED')
      expect((await run.send()).code).toBe(ResponseCode.SERVICE_NOT_AVAILABLE)
      expect(await run.missing(run.broker)).toEqual([])
      expect((await run.broker.stop()).exitCode).toBe(0)
    } finally {
      run.broker.end()
    }
    expect(await expectCleanStart(directory, run)).toBe(run.acked.length)
  })
})

/** The next start finds everything that was acknowledged, and goes on. */
async function expectCleanStart(directory: string, run: FailingRun): Promise<number> {
  const after = await KilledBroker.start(directory, SETTINGS)
  try {
    expect(await run.missing(after)).toEqual([])
    const servedCount = await after.endOf('T', 0)
    expect((await new FailingRun(after).send()).code).toBe(ResponseCode.SUCCESS)
    expect((await after.stop()).exitCode).toBe(0)
    return servedCount
  } finally {
    after.end()
  }
}
