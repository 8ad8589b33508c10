/**
 * Goal: what our producer sends is what Apache RocketMQ's client reads, and the other way round:
 * each compression, batches that were split or gathered, single messages looked up again.
 */
import { expect, test } from 'vitest'
import {
  type CompressType,
  LitePullConsumer,
  type Message,
  Producer,
  type ProducerOptions,
} from '../../net/client/index.ts'
import type { OutgoingMessage } from './java-toolbox.ts'
import { describeSide, sides } from './lane.ts'
import { contents, numbered, Suite } from './suite.ts'

const TYPES: readonly CompressType[] = ['zlib', 'lz4', 'zstd']
const GROUP = 'P-ours'
const READ_TIMEOUT_MS = 30_000

for (const side of sides) {
  describeSide(side, 'our producer', () => {
    const suite = new Suite(side)
    testCompression(suite)
    testBatches(suite)
    testQueries(suite)
  })
}

function testCompression(suite: Suite): void {
  test.each(TYPES)('%s from us is read by a Java consumer', async (compressType) => {
    const topic = `Ours-${compressType}`
    const messages = largeMessages(compressType)
    await using producer = await start(suite, { compressType })
    for (const message of messages) await producer.send(toMessage(topic, message))
    const received = await suite.consume({ topic, group: `G-${topic}` }, messages.length)
    expect(contents(received)).toEqual(contents(messages))
  })

  test.each(TYPES)('%s from Java is read by our consumer', async (compressType) => {
    const topic = `Java-${compressType}`
    const messages = largeMessages(compressType)
    const { nameServer } = suite.cluster
    const request = { nameServer, group: 'P-java', topic, mode: 'sync', messages } as const
    const { failure } = await suite.toolbox.produce({ ...request, compressType })
    expect(failure).toBeUndefined()
    expect(await readAll(suite, topic, messages.length)).toEqual(bodiesOf(messages))
  })
}

function testBatches(suite: Suite): void {
  test('a batch that was split is read by a Java consumer', async () => {
    const messages = numbered('split', 1_000)
    await using producer = await start(suite, { messageBytesMax: 20_000 })
    const parts = await producer.sendBatch(messages.map((message) => toMessage('Split', message)))
    expect(parts.length).toBeGreaterThan(3)
    expect(parts.every(({ status }) => status === 'SEND_OK')).toBe(true)
    const received = await suite.consume({ topic: 'Split', group: 'G-split' }, messages.length)
    expect(contents(received)).toEqual(contents(messages))
    const ids = parts.flatMap(({ offsetMessageIds }) => offsetMessageIds)
    expect(received.map(({ offsetMsgId }) => offsetMsgId).sort()).toEqual(ids.toSorted())
  })

  test('messages that were gathered are read by a Java consumer', async () => {
    const messages = numbered('gathered', 300)
    await using producer = await start(suite, { autoBatch: true })
    const sends = messages.map((message) => producer.send(toMessage('Gathered', message)))
    const sent = await Promise.all(sends)
    const received = await suite.consume({ topic: 'Gathered', group: 'G-gathered' }, 300)
    expect(contents(received)).toEqual(contents(messages))
    const place = (queueId: number, offset: number, body: string) => `${queueId}:${offset} ${body}`
    const told = sent.map(({ queue, queueOffset }, at) =>
      place(queue.queueId, queueOffset, messages[at]!.body),
    )
    const seen = received.map(({ body, queueId, queueOffset }) => place(queueId, queueOffset, body))
    expect(seen.sort()).toEqual(told.sort())
  })

  test('a batch as large as the broker’s limit of a message is taken', async () => {
    await using producer = await start(suite, { sendTimeoutMs: READ_TIMEOUT_MS })
    const body = 'x'.repeat(90_000)
    const messages = Array.from({ length: 10 }, () => ({ topic: 'Large', body }))
    const parts = await producer.sendBatch(messages)
    expect(parts.length).toBe(1)
    expect(await readAll(suite, 'Large', messages.length)).toEqual(messages.map(() => body))
  })
}

function testQueries(suite: Suite): void {
  test('messages are found by id and key, and queues by time', async () => {
    await using producer = await start(suite)
    const topic = 'Sought'
    const sent = await producer.send({ topic, body: 'needle', keys: ['k1', 'shared'], tags: 'a' })
    await producer.send({ topic, body: 'hay', keys: 'shared' })
    const byKey = async (key: string): Promise<readonly string[]> => {
      const found = await producer.queryMessages(topic, key)
      return found.map(({ body }) => body.toString())
    }
    await expect.poll(() => byKey('shared'), { timeout: READ_TIMEOUT_MS }).toHaveLength(2)
    expect(await byKey('k1')).toEqual(['needle'])
    for (const id of [sent.messageId, sent.offsetMessageId]) {
      const found = await producer.viewMessage(topic, id)
      expect(found).toMatchObject({ messageId: sent.messageId, tags: 'a', queue: sent.queue })
      expect(found?.body.toString()).toBe('needle')
    }
    expect(await producer.viewMessage(topic, 'F'.repeat(32))).toBeUndefined()
    expect(await producer.minOffset(sent.queue)).toBe(0)
    expect(await producer.maxOffset(sent.queue)).toBe(sent.queueOffset + 1)
    expect(await producer.searchOffset(sent.queue, 0)).toBe(0)
    expect(await producer.earliestStoreTime(sent.queue)).toBeGreaterThan(0)
  })
}

function start(suite: Suite, options: Partial<ProducerOptions> = {}): Promise<Producer> {
  return Producer.start({ nameServers: [suite.cluster.nameServer], group: GROUP, ...options })
}

function toMessage(topic: string, message: OutgoingMessage): Message {
  const { body, keys, properties, tags } = message
  return { topic, body, keys, properties, tags }
}

/** From just over what is compressed to several blocks of any of the algorithms. */
function largeMessages(name: string): readonly OutgoingMessage[] {
  return [5_000, 70_000, 300_000].map((length) => {
    const lines: string[] = []
    for (let at = 0; at * 12 < length; at += 1) lines.push(`line ${(at * at) % 9_973}`)
    return { body: `${name} ${lines.join('\n')}`, tags: 'large', keys: [`k-${length}`] }
  })
}

function bodiesOf(messages: readonly OutgoingMessage[]): readonly string[] {
  return messages.map(({ body }) => body).sort((left, right) => left.localeCompare(right))
}

async function readAll(suite: Suite, topic: string, count: number): Promise<readonly string[]> {
  await using consumer = await LitePullConsumer.start({
    nameServers: [suite.cluster.nameServer],
    group: `G-${topic}`,
    consumeFrom: 'first',
    subscriptions: { [topic]: '*' },
  })
  const bodies: string[] = []
  const deadlineMs = performance.now() + READ_TIMEOUT_MS
  while (bodies.length < count && performance.now() < deadlineMs) {
    for (const { body } of await consumer.poll()) bodies.push(body.toString())
  }
  return bodies.sort((left, right) => left.localeCompare(right))
}
