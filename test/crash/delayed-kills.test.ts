/**
 * Goal: a broker that is killed at any moment, again and again, delivers every delayed message that
 * it acknowledged, and none before its time.
 * Method: real processes and real SIGKILLs 100 to 1,500 ms apart, so that they meet messages that
 * wait, that are due, and that are half delivered; every record that was delivered is held to the
 * one that waited for it. A kill may have messages delivered twice, as in RocketMQ: by no more than
 * what was delivered since the offsets were saved. AGENA_SEED replays a run's choices, AGENA_LONG=1
 * makes it ten times as long.
 */
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { encodeProperties } from '../../engine/format/properties-codec.ts'
import type { StoredMessage } from '../../engine/format/stored-message.ts'
import { RequestCode } from '../../net/protocol/request-code.ts'
import { sendFields } from '../helpers/running-standalone.ts'
import { SeededRandom } from '../helpers/seeded-random.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { KilledBroker } from './kills/killed-broker.ts'

const KILLS = process.env['AGENA_LONG'] === '1' ? 120 : 12
const SCHEDULE = 'SCHEDULE_TOPIC_XXXX'
const DELAYS_MS = [1000, 2000]
const TOPICS = ['Orders', 'Payments']
const QUEUE_COUNT = 2
const SENDERS = 8
const BODY_BYTES_MAX = 3_000
/** Segments and queue files roll. */
const SETTINGS = [
  'messageDelayLevel=1s 2s',
  'flushDelayOffsetInterval=200',
  'mappedFileSizeCommitLog=1048576',
  'mappedFileSizeConsumeQueue=2000',
  'maxHashSlotNum=1000',
  'maxIndexNum=3000',
]

vi.setConfig({ testTimeout: KILLS * 20_000 })

test('kill -9 loses no delayed message and brings none early', async () => {
  const random = new SeededRandom(Number(process.env['AGENA_SEED'] ?? Date.now() % 2 ** 31))
  const why = `seed ${random.seed}`
  using folder = temporaryFolder('delayed-kills')
  const directory = join(folder.path, 'data')
  const acknowledged = new Set<string>()
  const known = { count: 0, acknowledged }
  for (let kill = 0; kill < KILLS; kill += 1) {
    const broker = await KilledBroker.start(directory, SETTINGS)
    try {
      const load = Array.from({ length: SENDERS }, () => sendUntilGone(broker, random, known))
      await new Promise((resolve) => setTimeout(resolve, 100 + random.below(1_400)))
      await broker.kill()
      await Promise.all(load)
    } finally {
      broker.end()
    }
  }
  const broker = await KilledBroker.start(directory, SETTINGS)
  try {
    await expect.poll(() => hasDeliveredAll(broker), { timeout: 15_000, interval: 100 }).toBe(true)
    const waited = new Map<string, StoredMessage>()
    for (const [queueId] of DELAYS_MS.entries()) {
      for (const message of await broker.readAll(SCHEDULE, queueId)) {
        waited.set(idOf(message), message)
      }
    }
    const delivered = await readDelivered(broker)
    const ids = new Set(delivered.map(idOf))
    expect(
      [...acknowledged].filter((id) => !ids.has(id)),
      why,
    ).toEqual([])
    expect(
      delivered.flatMap((message) => problemsOf(message, waited)),
      why,
    ).toEqual([])
    expect(acknowledged.size).toBeGreaterThan(KILLS * 20)
    // Most are delivered once: kills meet those of the last moments only.
    expect(delivered.length - ids.size, why).toBeLessThan(ids.size)
  } finally {
    broker.end()
  }
})

interface Known {
  count: number
  readonly acknowledged: Set<string>
}

async function sendUntilGone(
  broker: KilledBroker,
  random: SeededRandom,
  known: Known,
): Promise<void> {
  for (;;) {
    known.count += 1
    const id = `m${known.count}`
    const properties = new Map([
      ['DELAY', String(1 + random.below(DELAYS_MS.length))],
      ['UNIQ_KEY', id],
    ])
    const i = encodeProperties(properties).toString()
    const fields = sendFields(random.pick(TOPICS), { d: QUEUE_COUNT, e: random.below(2), i })
    const body = Buffer.alloc(1 + random.below(BODY_BYTES_MAX), id)
    const isKnown = await broker.ask(RequestCode.SEND_MESSAGE_V2, fields, body).then(
      ({ code }) => code === 0,
      () => undefined,
    )
    if (isKnown === undefined) return
    if (isKnown) known.acknowledged.add(id)
  }
}

async function hasDeliveredAll(broker: KilledBroker): Promise<boolean> {
  const answer = await broker.ask(RequestCode.GET_ALL_DELAY_OFFSET, {})
  const { offsetTable } = JSON.parse(answer.body.toString()) as {
    offsetTable: Record<string, number>
  }
  const ends = await Promise.all(DELAYS_MS.map((_, queueId) => broker.endOf(SCHEDULE, queueId)))
  return ends.every((end, queueId) => offsetTable[String(queueId + 1)] === end)
}

async function readDelivered(broker: KilledBroker): Promise<StoredMessage[]> {
  const messages: StoredMessage[] = []
  for (const topic of TOPICS) {
    for (let queueId = 0; queueId < QUEUE_COUNT; queueId += 1) {
      messages.push(...(await broker.readAll(topic, queueId)))
    }
  }
  return messages
}

/** What is wrong with a message that was delivered. */
function problemsOf(message: StoredMessage, waited: ReadonlyMap<string, StoredMessage>): string[] {
  const id = idOf(message)
  const source = waited.get(id)
  if (source === undefined) return [`${id} was never stored to wait`]
  const delayMs = DELAYS_MS[Number(source.properties.get('DELAY')) - 1] ?? Number.NaN
  const dueMs = source.storeTimestampMs + delayMs
  const problems: string[] = []
  if (!(message.storeTimestampMs >= dueMs)) {
    problems.push(`${id} came ${dueMs - message.storeTimestampMs} ms early`)
  }
  if (!message.body.equals(source.body)) problems.push(`${id} has another body`)
  if (message.topic !== source.properties.get('REAL_TOPIC')) {
    problems.push(`${id} came to ${message.topic}`)
  }
  return problems
}

function idOf(message: StoredMessage): string {
  return message.properties.get('UNIQ_KEY') ?? ''
}
