/**
 * Goal: a producer tells where queues begin and end, and finds messages by id and by key.
 * Method: our own broker, in this process.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { MessageQueue } from '../../../net/client/message-queue.ts'
import { Producer } from '../../../net/client/producer.ts'
import { RunningStandalone } from '../../helpers/running-standalone.ts'

let running: RunningStandalone
let producer: Producer

beforeAll(async () => {
  running = await RunningStandalone.start()
  const nameServers = [running.server.nameServerAddress]
  producer = await Producer.start({ nameServers, group: 'tests' })
})
afterAll(async () => {
  await producer.close()
  await running[Symbol.asyncDispose]()
})

async function firstQueue(topic: string): Promise<MessageQueue> {
  await producer.send({ topic, body: 'makes the topic' })
  return (await producer.fetchQueues(topic))[0]!
}

test('offsets of a queue, by edge and by time', async () => {
  const queue = await firstQueue('Offsets')
  const before = await producer.maxOffset(queue)
  const startedMs = Date.now()
  for (let at = 0; at < 3; at += 1) {
    const { queueOffset } = await producer.send({ topic: 'Offsets', body: `${at}` }, { queue })
    expect(queueOffset).toBe(before + at)
  }
  expect(await producer.minOffset(queue)).toBe(0)
  expect(await producer.maxOffset(queue)).toBe(before + 3)
  const hourMs = 3_600_000
  await expect.poll(() => producer.searchOffset(queue, startedMs - hourMs)).toBe(0)
  await expect.poll(() => producer.searchOffset(queue, startedMs + hourMs)).toBe(before + 3)
  const earliestMs = await producer.earliestStoreTime(queue)
  expect(Math.abs(earliestMs! - startedMs)).toBeLessThan(hourMs)
})

test('an empty queue has no earliest message', async () => {
  await producer.send({ topic: 'Sparse', body: 'x' })
  const queues = await producer.fetchQueues('Sparse')
  const countTimes = async (): Promise<number> => {
    const times = await Promise.all(queues.map((queue) => producer.earliestStoreTime(queue)))
    return times.filter((time) => time !== undefined).length
  }
  await expect.poll(countTimes).toBe(1)
})

test('a message is found by either of its ids', async () => {
  const sent = { topic: 'Viewed', body: 'find me '.repeat(1_000), tags: 'a', keys: 'k1 k2' }
  const { messageId, offsetMessageId } = await producer.send(sent)
  for (const id of [offsetMessageId, messageId]) {
    await expect.poll(() => producer.viewMessage('Viewed', id)).toBeDefined()
    const found = await producer.viewMessage('Viewed', id)
    expect(found).toMatchObject({ messageId, offsetMessageId, topic: 'Viewed', tags: 'a' })
    expect(found?.body.toString()).toBe(sent.body)
  }
})

test('an id that nothing has is answered with undefined', async () => {
  const { offsetMessageId } = await producer.send({ topic: 'Viewed', body: 'x' })
  const digits = offsetMessageId.slice(0, -4)
  for (const id of [`${digits}FFFF`, 'F'.repeat(32), 'nonsense']) {
    expect(await producer.viewMessage('Viewed', id)).toBeUndefined()
  }
})

test('messages are found by key, oldest first, in their time', async () => {
  const bodies = ['one', 'two', 'three']
  for (const body of bodies) {
    await producer.send({ topic: 'Keyed', body, keys: ['shared', `only-${body}`] })
  }
  await producer.send({ topic: 'Other', body: 'of another topic', keys: 'shared' })
  const find = async (key: string, options = {}): Promise<readonly string[]> => {
    const found = await producer.queryMessages('Keyed', key, options)
    return found.map(({ body }) => body.toString())
  }
  await expect.poll(async () => (await find('shared')).toSorted()).toEqual(bodies.toSorted())
  expect(await find('only-two')).toEqual(['two'])
  expect(await find('nobody')).toEqual([])
  expect((await find('shared', { countMax: 2 })).length).toBe(2)
  expect(await find('shared', { toMs: 1 })).toEqual([])
  const found = await producer.queryMessages('Keyed', 'shared')
  const times = found.map(({ storeTimestampMs }) => storeTimestampMs)
  expect(times).toEqual(times.toSorted((left, right) => left - right))
})

test('a topic that is not there is an error', async () => {
  const failure = producer.viewMessage('Nowhere', 'x')
  await expect(failure).rejects.toMatchObject({ code: 'CLIENT_TOPIC_NOT_FOUND' })
})

test('a batch of many small messages is stored whole, as a large one is', async () => {
  const few = Array.from({ length: 20 }, (_, at) => ({
    topic: 'Batches',
    body: String(at).padEnd(100_000, 'x'),
  }))
  const many = Array.from({ length: 20_000 }, (_, at) => ({ topic: 'Batches', body: `${at}` }))
  const queue = await firstQueue('Batches')
  const limits = { messageBytesMax: 400_000 }
  const nameServers = [running.server.nameServerAddress]
  await using splitting = await Producer.start({ nameServers, group: 'tests', ...limits })
  for (const messages of [few, many]) {
    const before = await producer.maxOffset(queue)
    const parts = await splitting.sendBatch(messages, { queue, timeoutMs: 30_000 })
    expect(parts.length).toBeGreaterThan(1)
    expect(parts.every(({ status }) => status === 'SEND_OK')).toBe(true)
    expect(await producer.maxOffset(queue)).toBe(before + messages.length)
    let offset = before
    for (const { messageIds, queueOffset } of parts) {
      expect(queueOffset).toBe(offset)
      offset += messageIds.length
    }
    const last = parts.at(-1)!
    const found = await producer.viewMessage('Batches', last.offsetMessageIds.at(-1)!)
    expect(found?.body.toString()).toBe(messages.at(-1)!.body)
  }
})
