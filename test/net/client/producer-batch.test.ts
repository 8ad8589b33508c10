/**
 * Goal: a batch of any size goes out as the requests it takes, and a failure says what is stored.
 * Method: fake brokers that read each request as RocketMQ's broker does.
 */
import { beforeEach, expect, test } from 'vitest'
import { createBatchMessageView, readBatchMessage } from '../../../engine/format/batch-format.ts'
import { splitBatch } from '../../../net/client/batch-split.ts'
import type { Message } from '../../../net/client/message.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import type { RemotingCommand } from '../../../net/remoting/remoting-command.ts'
import { createResponse } from '../../../net/remoting/remoting-command.ts'
import { type FakePeer, storedAnswer } from '../../helpers/fake-cluster.ts'
import { ProducerPlace } from './producer-place.ts'

const ILLEGAL = 13
const BYTES_MAX = 1_000

const place = new ProducerPlace(['broker-a'], { messageBytesMax: BYTES_MAX })
let broker: FakePeer

beforeEach(() => {
  broker = place.cluster.brokers[0]!
  broker.on(RequestCode.SEND_BATCH_MESSAGE, (request) => stored(request))
  place.cluster.setTopic('T', [{ broker, count: 4 }])
})
const batches = (): readonly RemotingCommand[] => broker.requestsOf(RequestCode.SEND_BATCH_MESSAGE)

function bodiesIn(request: RemotingCommand): readonly string[] {
  const { body } = request
  const view = createBatchMessageView()
  const bodies: string[] = []
  for (let at = 0; at < body.length; at += view.totalBytes) {
    expect(readBatchMessage(body, at, body.length, view)).toBe(true)
    bodies.push(body.toString('utf8', view.bodyStart, view.bodyEnd))
  }
  return bodies
}

/** Each message's offset message id is its body. */
function stored(request: RemotingCommand): RemotingCommand {
  return storedAnswer(request, { msgId: bodiesIn(request).join(',') })
}

function messages(count: number, bodyBytes = 100): readonly Message[] {
  return Array.from({ length: count }, (_, at) => ({
    topic: 'T',
    body: String(at).padEnd(bodyBytes, '.'),
  }))
}

test('a batch over the limit is several requests, each within it and in order', async () => {
  const producer = await place.start()
  const sent = messages(30)
  const results = await producer.sendBatch(sent)
  expect(results.length).toBeGreaterThan(3)
  expect(batches().length).toBe(results.length)
  for (const request of batches()) expect(request.body.length).toBeLessThanOrEqual(BYTES_MAX)
  expect(batches().flatMap(bodiesIn)).toEqual(sent.map(({ body }) => body))
  expect(results.flatMap(({ offsetMessageIds }) => offsetMessageIds)).toEqual(
    sent.map(({ body }) => body),
  )
  expect(new Set(results.flatMap(({ messageIds }) => messageIds)).size).toBe(30)
})

test('parts take the queues in turn, unless a queue or a selector is given', async () => {
  const producer = await place.start()
  const placesOf = async (options: object): Promise<ReadonlySet<number>> => {
    const results = await producer.sendBatch(messages(30), options)
    return new Set(results.map(({ queue }) => queue.queueId))
  }
  expect((await placesOf({})).size).toBe(4)
  const queue = { topic: 'T', brokerName: 'broker-a', queueId: 2 }
  expect(await placesOf({ queue })).toEqual(new Set([2]))
  let askedCount = 0
  const selector = (queues: readonly unknown[]): unknown => {
    askedCount += 1
    return queues[3]
  }
  expect(await placesOf({ selector })).toEqual(new Set([3]))
  expect(askedCount).toBe(1)
})

test('a part that fails ends the batch, and the error says what is stored', async () => {
  let count = 0
  broker.on(RequestCode.SEND_BATCH_MESSAGE, (request) => {
    count += 1
    return count === 3 ? createResponse(request, ILLEGAL) : stored(request)
  })
  const producer = await place.start()
  const sent = messages(30)
  const error = await producer.sendBatch(sent).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'CLIENT_REQUEST_REFUSED', responseCode: ILLEGAL })
  expect(String(error)).toContain('part 3 of ')
  const { batchesStored } = error as { batchesStored: readonly { offsetMessageIds: string[] }[] }
  const storedBodies = batchesStored.flatMap(({ offsetMessageIds }) => offsetMessageIds)
  expect(batchesStored.length).toBe(2)
  expect(storedBodies).toEqual(sent.slice(0, storedBodies.length).map(({ body }) => body))
  expect(batches().length).toBe(3)
})

test('the time is one for all parts', async () => {
  let count = 0
  broker.on(RequestCode.SEND_BATCH_MESSAGE, (request) => {
    count += 1
    return count === 1 ? stored(request) : new Promise(() => undefined)
  })
  const producer = await place.start()
  const failure = producer.sendBatch(messages(30), { timeoutMs: 1_000 })
  await expect(failure).rejects.toMatchObject({
    code: 'CLIENT_TIMEOUT',
    batchesStored: [{ queueOffset: 7 }],
  })
  await broker.stop()
  await broker.listen()
})

test('one message that is too large refuses all before anything is sent', async () => {
  const producer = await place.start()
  const large = { topic: 'T', body: 'x'.repeat(BYTES_MAX + 1) }
  const framed = { topic: 'T', body: 'x'.repeat(BYTES_MAX) }
  for (const last of [large, framed]) {
    const failure = producer.sendBatch([...messages(30), last])
    await expect(failure).rejects.toMatchObject({
      code: 'CLIENT_MESSAGE_ILLEGAL',
      batchesStored: [],
    })
  }
  expect(batches().length).toBe(0)
})

test('parts are as full as can be', () => {
  const entries = [4, 6, 1, 10, 3, 3, 3, 2].map((bytes, at) => ({
    message: { topic: 'T', body: 'x' },
    topic: 'T',
    messageId: String(at),
    bytes: Buffer.alloc(bytes),
  }))
  const sizes = splitBatch(entries, 10).map((part) => part.map(({ bytes }) => bytes.length))
  expect(sizes).toEqual([[4, 6], [1], [10], [3, 3, 3], [2]])
})

test('no part has more messages than its answer can name', () => {
  const entry = { message: { topic: 'T', body: '' }, topic: 'T', messageId: '', bytes: Buffer.of() }
  const parts = splitBatch(
    Array.from({ length: 40_000 }, () => entry),
    1,
  )
  expect(parts.map(({ length }) => length)).toEqual([16_000, 16_000, 8000])
})

test('a message goes to the queue that is given, and is tried nowhere else', async () => {
  const sends = (): number => broker.requestsOf(RequestCode.SEND_MESSAGE_V2).length
  broker.on(RequestCode.SEND_MESSAGE_V2, (request) => createResponse(request, 1))
  const producer = await place.start()
  const queue = { topic: 'T', brokerName: 'broker-a', queueId: 3 }
  const failure = producer.send({ topic: 'T', body: 'x' }, { queue })
  await expect(failure).rejects.toMatchObject({ responseCode: 1 })
  expect(sends()).toBe(1)
  const [request] = broker.requestsOf(RequestCode.SEND_MESSAGE_V2)
  expect(request!.extFields.get('e')).toBe('3')
})

test.each([
  ['a queue of another topic', { queue: { topic: 'U', brokerName: 'broker-a', queueId: 0 } }],
  [
    'a queue and a sharding key',
    { queue: { topic: 'T', brokerName: 'broker-a', queueId: 0 }, shardingKey: 'k' },
  ],
])('%s is refused', async (_, options) => {
  const producer = await place.start()
  const failure = producer.send({ topic: 'T', body: 'x' }, options)
  await expect(failure).rejects.toMatchObject({ code: 'CLIENT_OPTION_INVALID' })
})
