/**
 * Goal: delayed messages are stored as RocketMQ stores them, wait, and come once, not early, with
 * everything that they were sent with.
 * Method: a running broker, and what clients see of it; a folder that a broker of Apache RocketMQ
 * 5.5.0 left with messages that still waited.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { encodeProperties } from '../../../../engine/format/properties-codec.ts'
import {
  decodeMessage,
  messagesIn,
  type StoredMessage,
} from '../../../../engine/format/stored-message.ts'
import { RequestCode } from '../../../../net/protocol/request-code.ts'
import { startStandalone } from '../../../../net/standalone/index.ts'
import {
  pullFields,
  RunningStandalone,
  SMALL_STORE,
  sendFields,
} from '../../../helpers/running-standalone.ts'
import { unpackStoreFixture } from '../../../helpers/store-fixtures.ts'

const { GET_ALL_DELAY_OFFSET, GET_BROKER_RUNTIME_INFO, PULL_MESSAGE, SEND_MESSAGE_V2 } = RequestCode
const { VIEW_MESSAGE_BY_ID } = RequestCode
const SCHEDULE = 'SCHEDULE_TOPIC_XXXX'
const LEVELS = { store: { delayLevels: '1s 2s 1h' } }
const WAIT = { timeout: 10_000, interval: 20 }

type Properties = Readonly<Record<string, string>>

async function send(
  running: RunningStandalone,
  properties: Properties,
  { topic = 'T', queueId = 1, body = 'x' } = {},
): Promise<StoredMessage> {
  const i = encodeProperties(new Map(Object.entries(properties))).toString()
  const fields = sendFields(topic, { e: queueId, h: 7, j: 2, i })
  const answer = await running.ask(SEND_MESSAGE_V2, fields, Buffer.from(body))
  expect(answer.remark).toBeUndefined()
  expect(answer.extFields.get('queueId')).toBe(String(queueId))
  const offset = Number.parseInt((answer.extFields.get('msgId') ?? '').slice(-16), 16)
  const stored = await running.ask(VIEW_MESSAGE_BY_ID, { offset })
  return decodeMessage(stored.body)
}

async function readAll(
  running: RunningStandalone,
  topic: string,
  queueId: number,
): Promise<StoredMessage[]> {
  const messages: StoredMessage[] = []
  for (;;) {
    const fields = pullFields(topic, { queueId, queueOffset: messages.length })
    const answer = await running.ask(PULL_MESSAGE, fields)
    if (answer.code !== 0) return messages
    messages.push(...messagesIn(answer.body))
  }
}

async function delivered(
  running: RunningStandalone,
  count: number,
  { topic = 'T', queueId = 1 } = {},
): Promise<StoredMessage[]> {
  const end = () => running.server.broker.store.maxQueueOffset(topic, queueId)
  await expect.poll(end, WAIT).toBe(count)
  await expect.poll(async () => (await readAll(running, topic, queueId)).length, WAIT).toBe(count)
  return readAll(running, topic, queueId)
}

describe('a message with a level', () => {
  test('waits in its queue of the schedule topic and comes with all that it had', async () => {
    await using running = await RunningStandalone.start(LEVELS)
    const sent = { DELAY: '2', TAGS: 'red', KEYS: 'k', UNIQ_KEY: 'mine', own: 'ä' }
    const waiting = await send(running, sent, { body: 'later' })
    const all = {
      ...sent,
      MSG_REGION: 'DefaultRegion',
      TRACE_ON: 'true',
      CLUSTER: 'DefaultCluster',
      REAL_TOPIC: 'T',
      REAL_QID: '1',
    }
    expect(waiting).toMatchObject({ topic: SCHEDULE, queueId: 1, queueOffset: 0 })
    expect(Object.fromEntries(waiting.properties)).toEqual(all)
    expect(await readAll(running, 'T', 1)).toEqual([])

    const [message] = await delivered(running, 1)
    expect(message?.storeTimestampMs).toBeGreaterThanOrEqual(waiting.storeTimestampMs + 2000)
    expect(Object.fromEntries(message?.properties ?? [])).toEqual(all)
    const { bornHost, bornTimestampMs, storeHost, bodyCrc } = waiting
    const kept = { bornHost, bornTimestampMs, storeHost, bodyCrc, flag: 7, reconsumeTimes: 2 }
    expect(message).toMatchObject({ ...kept, queueOffset: 0, preparedTransactionOffset: 0 })
    expect(message?.body.toString()).toBe('later')
    const byTag = pullFields('T', { queueId: 1, subscription: 'red' })
    expect((await running.ask(PULL_MESSAGE, byTag)).code).toBe(0)
    const byOther = pullFields('T', { queueId: 1, subscription: 'blue' })
    expect((await running.ask(PULL_MESSAGE, byOther)).code).not.toBe(0)
  })

  test('above the longest gets that one, and a level goes before a time', async () => {
    await using running = await RunningStandalone.start(LEVELS)
    const waiting = await send(running, { DELAY: '99', TIMER_DELAY_SEC: '5', REAL_TOPIC: 'other' })
    expect(waiting).toMatchObject({ topic: SCHEDULE, queueId: 2 })
    expect(waiting.properties.get('DELAY')).toBe('3')
    expect(waiting.properties.get('REAL_TOPIC')).toBe('T')
    expect(waiting.properties.has('TIMER_DELAY_SEC')).toBe(false)
  })

  test.each(['0', '-1'])('of %s is delivered at once', async (DELAY) => {
    await using running = await RunningStandalone.start(LEVELS)
    expect(await send(running, { DELAY })).toMatchObject({ topic: 'T', queueId: 1 })
  })

  test('of a clock that was set back waits its delay and no longer, and not less', async () => {
    await using running = await RunningStandalone.start(LEVELS)
    await send(running, { DELAY: '1' }, { body: 'before' })
    const startedMs = performance.now()
    const nowMs = Date.now
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => nowMs() - 3_600_000)
    try {
      await send(running, { DELAY: '1' }, { body: 'after' })
      const messages = await delivered(running, 2)
      expect(messages.map(({ body }) => body.toString())).toEqual(['before', 'after'])
      expect(performance.now() - startedMs).toBeGreaterThanOrEqual(1000)
    } finally {
      clock.mockRestore()
    }
  })
})

describe('delivery', () => {
  test('keeps order and loses nothing while segments roll', async () => {
    await using running = await RunningStandalone.start(LEVELS)
    const body = 'b'.repeat(20_000)
    const sends = Array.from({ length: 300 }, (_, index) =>
      send(running, { DELAY: String(1 + (index % 2)), number: String(index) }, { body }),
    )
    await Promise.all(sends)
    const messages = await delivered(running, 300)
    for (const level of [0, 1]) {
      const numbers = messages.map(({ properties }) => Number(properties.get('number')))
      const ofLevel = numbers.filter((number) => number % 2 === level)
      expect(ofLevel).toEqual(Array.from({ length: 150 }, (_, index) => index * 2 + level))
    }
    expect(running.server.broker.store.log.segments.count).toBeGreaterThan(8)
  })

  test('goes on after a restart where it stood, and says so as Java does', async () => {
    await using running = await RunningStandalone.start(LEVELS)
    await send(running, { DELAY: '1' }, { body: 'first' })
    await send(running, { DELAY: '3' }, { body: 'much later' })
    await delivered(running, 1)
    const rows = await running.ask(GET_BROKER_RUNTIME_INFO, {})
    const { table } = JSON.parse(rows.body.toString())
    expect(table).toMatchObject({ scheduleMessageOffset_1: '1,1', scheduleMessageOffset_3: '0,1' })
    const answer = await running.ask(GET_ALL_DELAY_OFFSET, {})
    expect(answer.body.toString()).toContain('"offsetTable":{"1":1,"3":0}')
    await send(running, { DELAY: '2' }, { body: 'second' })
    await running.server.close()
    const saved = readFileSync(join(running.directory, 'config', 'delayOffset.json'), 'utf8')
    expect(saved).toContain('"offsetTable":{"1":1,"2":0,"3":0}')

    await using again = await startStandalone({
      dataDirectory: running.directory,
      namesrvPort: 0,
      brokerPort: 0,
      broker: { store: { ...SMALL_STORE, ...LEVELS.store } },
    })
    const end = () => again.broker.store.maxQueueOffset('T', 1)
    await expect.poll(end, WAIT).toBe(2)
    expect(again.broker.store.maxQueueOffset(SCHEDULE, 0)).toBe(1)
  })

  test('takes over what a broker of Apache RocketMQ left waiting', async () => {
    await using java = await unpackStoreFixture('broker')
    const waiting = java.expected.messages.filter(
      ({ topic, properties }) => topic === SCHEDULE && ['5', '18'].includes(properties['DELAY']!),
    )
    expect(waiting).toHaveLength(8)
    const { settings } = java.expected
    await using server = await startStandalone({
      dataDirectory: java.directory,
      namesrvPort: 0,
      brokerPort: 0,
      broker: {
        store: {
          segmentBytes: settings.mappedFileSizeCommitLog,
          consumeQueueFileBytes: settings.mappedFileSizeConsumeQueue,
          indexSlotCount: settings.maxHashSlotNum,
          indexEntryCount: settings.maxIndexNum,
        },
      },
    })
    const { store } = server.broker
    const ends = () => [0, 1, 2, 3].map((queueId) => store.maxQueueOffset('Reminder', queueId))
    await expect.poll(ends, WAIT).toEqual([3, 3, 3, 3])
    const ids: string[] = []
    for (const queueId of [0, 1, 2, 3]) {
      const read = () => store.read('Reminder', queueId, { queueOffset: 0, messageCountMax: 9 })
      await expect.poll(async () => (await read()).messageCount, WAIT).toBe(3)
      const messages = [...messagesIn((await read()).records)].slice(1)
      ids.push(...messages.map(({ properties }) => properties.get('UNIQ_KEY') ?? ''))
    }
    expect(new Set(ids)).toEqual(new Set(waiting.map(({ uniqueKey }) => uniqueKey)))
  })
})
