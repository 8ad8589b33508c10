/**
 * Goal: single sends are gathered as RocketMQ's `ProduceAccumulator` gathers them, and each caller
 * hears of its own message.
 * Method: our own broker in this process; which requests came is seen by a fake one.
 */
import { beforeEach, expect, test } from 'vitest'
import type { Message } from '../../../net/client/message.ts'
import { Producer } from '../../../net/client/producer.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { createResponse } from '../../../net/remoting/remoting-command.ts'
import { type FakePeer, storedAnswer } from '../../helpers/fake-cluster.ts'
import { RunningStandalone } from '../../helpers/running-standalone.ts'
import { ProducerPlace } from './producer-place.ts'

/** Longer than a test may take: what is sent before was not sent by time. */
const NEVER_MS = 30_000
const ILLEGAL = 13

const place = new ProducerPlace(['broker-a'], { autoBatch: true, autoBatchDelayMs: NEVER_MS })
let broker: FakePeer

beforeEach(() => {
  broker = place.cluster.brokers[0]!
  // It keeps batches whole: one id for all.
  for (const code of [RequestCode.SEND_BATCH_MESSAGE, RequestCode.SEND_MESSAGE_V2]) {
    broker.on(code, (request) => storedAnswer(request))
  }
  for (const topic of ['T', 'U']) place.cluster.setTopic(topic, [{ broker, count: 2 }])
})
const batchCount = (): number => broker.requestsOf(RequestCode.SEND_BATCH_MESSAGE).length
const singleCount = (): number => broker.requestsOf(RequestCode.SEND_MESSAGE_V2).length

test('each message gets its own id, place and offset', async () => {
  await using running = await RunningStandalone.start()
  const nameServers = [running.server.nameServerAddress]
  await using producer = await Producer.start({ nameServers, group: 'tests', autoBatch: true })
  const bodies = Array.from({ length: 500 }, (_, at) => `message ${at}`)
  const results = await Promise.all(bodies.map((body) => producer.send({ topic: 'A', body })))
  expect(new Set(results.map(({ messageId }) => messageId)).size).toBe(500)
  const places = results.map(({ queue, queueOffset }) => `${queue.queueId}:${queueOffset}`)
  expect(new Set(places).size).toBe(500)
  for (const at of [0, 250, 499]) {
    const { messageId, offsetMessageId, queueOffset } = results[at]!
    const found = await producer.viewMessage('A', offsetMessageId)
    expect(found).toMatchObject({ messageId, queueOffset })
    expect(found?.body.toString()).toBe(bodies[at])
  }
})

test('what is gathered goes when it is large enough, without waiting', async () => {
  const producer = await place.start({ autoBatchBytes: 1_000 })
  const body = 'x'.repeat(100)
  const sends = Array.from({ length: 30 }, () => producer.send({ topic: 'T', body }))
  await expect.poll(batchCount).toBeGreaterThan(2)
  await producer.close()
  expect((await Promise.all(sends)).every(({ status }) => status === 'SEND_OK')).toBe(true)
  expect(batchCount()).toBeLessThan(10)
  expect(singleCount()).toBe(0)
})

test('what is gathered goes after a while, or when the producer is closed', async () => {
  const quick = await place.start({ autoBatchDelayMs: 1 })
  expect((await quick.send({ topic: 'T', body: 'x' })).offsetMessageId).toBe('AB')
  const slow = await place.start()
  const sending = slow.send({ topic: 'T', body: 'x' })
  await slow.close()
  expect((await sending).status).toBe('SEND_OK')
  expect(batchCount()).toBe(2)
})

test('messages that differ in what a batch shares are not gathered together', async () => {
  const producer = await place.start()
  const alike: Message = { topic: 'T', body: 'x' }
  const queue = { topic: 'T', brokerName: 'broker-a', queueId: 1 }
  const sends = [
    producer.send(alike),
    producer.send({ ...alike, keys: 'k' }),
    producer.send({ ...alike, tags: 'a' }),
    producer.send({ ...alike, topic: 'U' }),
    producer.send({ ...alike, waitForStore: false }),
    producer.send(alike, { queue }),
  ]
  await producer.close()
  const results = await Promise.all(sends)
  expect(batchCount()).toBe(5)
  expect(results.at(-1)!.queue).toEqual(queue)
})

test.each([
  ['a delay', { delayLevel: 1 }, {}, {}],
  ['a body that is compressed', { body: 'x'.repeat(4_096) }, {}, {}],
  ['a sharding key', {}, { shardingKey: 'k' }, {}],
  ['a time of its own', {}, { timeoutMs: 1_000 }, {}],
  ['no room', {}, {}, { autoBatchTotalBytes: 1 }],
])('a message with %s is sent alone', async (_, more, options, settings) => {
  const producer = await place.start(settings)
  const message = { topic: 'T', body: 'x', ...more }
  const first = producer.send({ topic: 'T', body: 'waits' })
  await producer.send(message, options)
  expect(singleCount()).toBe(1)
  await producer.close()
  expect((await first).status).toBe('SEND_OK')
})

test('a message that cannot be sent takes no other with it', async () => {
  const producer = await place.start()
  const good = producer.send({ topic: 'T', body: 'x' })
  const bad = producer.send({ topic: 'T', body: '' })
  await expect(bad).rejects.toMatchObject({ code: 'CLIENT_MESSAGE_ILLEGAL' })
  await producer.close()
  expect((await good).status).toBe('SEND_OK')
})

test('a refusal reaches everybody whose message was in the batch', async () => {
  broker.on(RequestCode.SEND_BATCH_MESSAGE, (request) => createResponse(request, ILLEGAL))
  const producer = await place.start()
  const sends = [1, 2].map((at) => producer.send({ topic: 'T', body: `${at}` }))
  const ends = Promise.allSettled(sends)
  await producer.close()
  for (const end of await ends) {
    expect(end).toMatchObject({ status: 'rejected', reason: { responseCode: ILLEGAL } })
  }
})

test('what waits when the producer is destroyed fails at once', async () => {
  const producer = await place.start()
  const sending = producer.send({ topic: 'T', body: 'x' })
  const failure = sending.catch((error: unknown) => error)
  await producer.destroy(new Error('the test ends it'))
  expect(await failure).toMatchObject({ code: 'CLIENT_CLOSED' })
  expect(batchCount()).toBe(0)
})

test.each([
  ['no time', { autoBatchDelayMs: 0 }],
  ['more than half a minute', { autoBatchDelayMs: 30_001 }],
  ['more than 2 MiB', { autoBatchBytes: 2 * 1024 * 1024 + 1 }],
])('%s is refused at start', async (_, options) => {
  await expect(place.start(options)).rejects.toMatchObject({ code: 'CLIENT_OPTION_INVALID' })
})
