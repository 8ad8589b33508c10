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
import { sendFields } from '../helpers/running-standalone.ts'
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
const BODY_BYTES = 10_000
const SENDS_MAX = 400

const mayTrace = spawnSync('strace', ['-f', '-e', 'trace=none', 'true']).status === 0

/** The words that make `call` fail with `error` on the file at `path`. */
function failing(call: string, error: string, path: string | undefined, when = '1+'): string[] {
  const place = path === undefined ? [] : ['-P', path]
  const inject = `inject=${call}:error=${error}:when=${when}`
  return ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${call}`, ...place, '-e', inject]
}

class FailingRun {
  readonly broker: KilledBroker
  readonly acked: { text: string; queueOffset: number }[] = []
  #count = 0

  constructor(broker: KilledBroker) {
    this.broker = broker
  }

  async send(): Promise<RemotingCommand> {
    this.#count += 1
    const text = `message ${this.#count} `
    const body = Buffer.from(text.padEnd(BODY_BYTES, 'x'))
    const answer = await this.broker.ask(RequestCode.SEND_MESSAGE_V2, sendFields('T'), body)
    if (answer.code === ResponseCode.SUCCESS) {
      this.acked.push({ text, queueOffset: Number(answer.extFields.get('queueOffset')) })
    }
    return answer
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
    const run = new FailingRun(await KilledBroker.start(directory, settings, under))
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

  test('fallocate with ENOSPC holds up the log at its segment, until there is room', async () => {
    using folder = temporaryFolder('calls')
    const directory = join(realpathSync(folder.path), 'data')
    const under = failing('fallocate', 'ENOSPC', join(directory, SECOND_SEGMENT), '1..6')
    const run = new FailingRun(await KilledBroker.start(directory, SETTINGS, under))
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
    const run = new FailingRun(await KilledBroker.start(directory, SETTINGS, under))
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
})
