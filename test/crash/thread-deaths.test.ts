/**
 * Goal: when a thread of a broker ends without a word, nothing that was acknowledged is lost,
 * whoever waits is told why, readers go on, and the next start is clean.
 * Method: the real process, in which a chosen thread is made to exit under load.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { PropertyName } from '../../engine/format/message-const.ts'
import { propertiesToString } from '../../engine/format/properties-codec.ts'
import { RequestCode } from '../../net/protocol/request-code.ts'
import { ResponseCode } from '../../net/protocol/response-code.ts'
import type { RemotingCommand } from '../../net/remoting/remoting-command.ts'
import { pullFields, sendFields } from '../helpers/running-standalone.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { KilledBroker } from './kills/killed-broker.ts'

const DYING_THREAD = fileURLToPath(new URL('./threads/dying-thread.js', import.meta.url))
const SETTINGS = ['mappedFileSizeCommitLog=1048576', 'mappedFileSizeConsumeQueue=2000']
const TOPIC = 'T'
const SENDERS = 8
const SENDS_BEFORE = 200
const BODY_BYTES = 2000
const POLL_MS = 300

/** What was acknowledged, by queue offset. */
type Acked = Map<number, string>

/** A broker with a thread that can be ended. */
class DyingBroker implements AsyncDisposable {
  readonly broker: KilledBroker
  readonly acked: Acked = new Map()
  readonly #trigger: string
  #count = 0

  private constructor(broker: KilledBroker, trigger: string) {
    this.broker = broker
    this.#trigger = trigger
  }

  static async start(
    thread: string,
    { directory, trigger, flush }: { directory: string; trigger: string; flush: string },
  ): Promise<DyingBroker> {
    const under = [
      'env',
      `NODE_OPTIONS=--import=${DYING_THREAD}`,
      `AGENA_DYING_THREAD=${thread}`,
      `AGENA_DYING_TRIGGER=${trigger}`,
    ]
    const settings = [...SETTINGS, `flushDiskType=${flush}`]
    return new DyingBroker(await KilledBroker.start(directory, settings, { under }), trigger)
  }

  async send(): Promise<RemotingCommand> {
    this.#count += 1
    const text = `m${this.#count} `
    const i = propertiesToString(new Map([[PropertyName.KEYS, text.trim()]]))
    const body = Buffer.from(text.padEnd(BODY_BYTES, '.'))
    const answer = await this.broker.ask(
      RequestCode.SEND_MESSAGE_V2,
      sendFields(TOPIC, { i }),
      body,
    )
    if (answer.code === ResponseCode.SUCCESS) {
      this.acked.set(Number(answer.extFields.get('queueOffset')), text)
    }
    return answer
  }

  query(key: string): Promise<RemotingCommand> {
    const times = { beginTimestamp: 0, endTimestamp: Date.now() + 60_000 }
    return this.broker.ask(RequestCode.QUERY_MESSAGE, { topic: TOPIC, key, maxNum: 9, ...times })
  }

  pull(more: Readonly<Record<string, number>> = {}): Promise<RemotingCommand> {
    return this.broker.ask(RequestCode.PULL_MESSAGE, pullFields(TOPIC, more))
  }

  endThread(): void {
    writeFileSync(this.#trigger, '')
  }

  /** Threads that start from now on live. */
  spareThreads(): void {
    rmSync(this.#trigger)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.broker.end()
    await this.broker.process.ended
  }
}

async function missing(broker: KilledBroker, acked: Acked): Promise<string[]> {
  const messages = await broker.readAll(TOPIC, 0)
  const isServed = ([queueOffset, text]: [number, string]): boolean =>
    messages[queueOffset]?.body.toString().startsWith(text) === true
  return [...acked].filter((one) => !isServed(one)).map(([, text]) => text)
}

/** Each sends until it is refused; the refusals. */
function sendUntilRefused(dying: DyingBroker): Promise<RemotingCommand[]> {
  const senders = Array.from({ length: SENDERS }, async () => {
    for (;;) {
      const answer = await dying.send()
      if (answer.code !== ResponseCode.SUCCESS) return answer
    }
  })
  return Promise.all(senders)
}

describe.each([
  ['flush', 'SYNC_FLUSH'],
  ['flush', 'ASYNC_FLUSH'],
  ['reput', 'SYNC_FLUSH'],
  ['reput', 'ASYNC_FLUSH'],
  ['housekeeping', 'SYNC_FLUSH'],
  ['housekeeping', 'ASYNC_FLUSH'],
])('the %s thread of a broker with %s', (thread, flush) => {
  test('ends, and with it all writing; readers go on, the next start is clean', async () => {
    using folder = temporaryFolder('thread-deaths')
    const directory = join(folder.path, 'data')
    const place = { directory, trigger: join(folder.path, 'trigger'), flush }
    await using dying = await DyingBroker.start(thread, place)
    const { broker } = dying
    for (let count = 0; count < SENDS_BEFORE; count += 1) {
      expect((await dying.send()).code).toBe(ResponseCode.SUCCESS)
    }
    expect(await missing(broker, dying.acked)).toEqual([])
    const before = new Map(dying.acked)

    const reason = `the ${thread}-worker thread ended unexpectedly, with code 7`
    const refusing = sendUntilRefused(dying)
    dying.endThread()
    for (const { code, remark, extFields } of [...(await refusing), await dying.send()]) {
      expect(code).toBe(ResponseCode.SERVICE_NOT_AVAILABLE)
      expect(remark).toBe(`service not available now: ${reason} (STORE_WORKER_FAILED)`)
      expect(extFields.has('msgId')).toBe(false)
    }
    await broker.process.printed(new RegExp(`the store is read-only from now on: ${reason}`))

    // What was built before is read; who waits for more is answered when his time is over.
    expect(await missingAmong(dying, before)).toEqual([])
    const end = await broker.endOf(TOPIC, 0)
    const waiting = await dying.pull({
      queueOffset: end,
      sysFlag: 2 + 4,
      suspendTimeoutMillis: POLL_MS,
    })
    expect(waiting.code).toBe(ResponseCode.PULL_NOT_FOUND)
    expect((await dying.query('m1')).code).toBe(ResponseCode.SUCCESS)
    expect((await broker.stop()).exitCode).toBe(0)

    const after = await KilledBroker.start(directory, [...SETTINGS, `flushDiskType=${flush}`])
    try {
      expect(await missing(after, dying.acked)).toEqual([])
      const fields = sendFields(TOPIC)
      const answer = await after.ask(RequestCode.SEND_MESSAGE_V2, fields, Buffer.from('again'))
      expect(answer.code).toBe(ResponseCode.SUCCESS)
      expect((await after.stop()).exitCode).toBe(0)
    } finally {
      after.end()
    }
  })
})

/** Of messages whose units were built, those that a pull does not bring. */
async function missingAmong(dying: DyingBroker, acked: Acked): Promise<string[]> {
  const lost: string[] = []
  for (const [queueOffset, text] of acked) {
    const { body } = await dying.pull({ queueOffset, maxMsgNums: 1 })
    if (!body.includes(text)) lost.push(text)
  }
  return lost
}

test('the look-up thread ends: who asked is told, and the next is answered', async () => {
  using folder = temporaryFolder('thread-deaths')
  const place = {
    directory: join(folder.path, 'data'),
    trigger: join(folder.path, 'trigger'),
    flush: 'ASYNC_FLUSH',
  }
  await using dying = await DyingBroker.start('pool', place)
  for (let count = 0; count < SENDS_BEFORE; count += 1) await dying.send()
  expect(await missing(dying.broker, dying.acked)).toEqual([])
  expect((await dying.query('m7')).code).toBe(ResponseCode.SUCCESS)
  dying.endThread()
  const answer = await dying.query('m7')
  expect(answer.code).toBe(ResponseCode.SYSTEM_ERROR)
  expect(answer.remark).toMatch(/a look-up by key failed.*exited.*7/)
  dying.spareThreads()
  expect((await dying.query('m7')).code).toBe(ResponseCode.SUCCESS)
  expect((await dying.send()).code).toBe(ResponseCode.SUCCESS)
  expect((await dying.pull()).code).toBe(ResponseCode.SUCCESS)
  expect((await dying.broker.stop()).exitCode).toBe(0)
})
