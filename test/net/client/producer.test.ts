/**
 * Goal: a producer finds queues and brokers as Java's does, and knows which failures to try again.
 * Method: fake name server and brokers on loopback that say what the test wants.
 */
import { inflateSync } from 'node:zlib'
import { beforeEach, expect, test } from 'vitest'
import { createBatchMessageView, readBatchMessage } from '../../../engine/format/batch-format.ts'
import { propertiesFromString } from '../../../engine/format/properties-codec.ts'
import { compressionOf } from '../../../engine/format/sys-flag.ts'
import { decodeHeader } from '../../../net/protocol/header-table.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import type { SendMessageRequestHeader } from '../../../net/protocol/send-message.ts'
import { fromShortNames, SendMessageRequestHeaderV2 } from '../../../net/protocol/send-message.ts'
import type { RemotingCommand } from '../../../net/remoting/remoting-command.ts'
import { createResponse } from '../../../net/remoting/remoting-command.ts'
import { FakeCluster, type FakePeer, storedAnswer } from '../../helpers/fake-cluster.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'
import { ProducerPlace } from './producer-place.ts'

const place = new ProducerPlace(['broker-a', 'broker-b'])
let cluster: FakeCluster
let brokerA: FakePeer
let brokerB: FakePeer

beforeEach(() => {
  cluster = place.cluster
  ;[brokerA, brokerB] = cluster.brokers as [FakePeer, FakePeer]
  for (const broker of cluster.brokers) storeEverything(broker)
})
function headerOf(request: RemotingCommand): SendMessageRequestHeader {
  return fromShortNames(decodeHeader(SendMessageRequestHeaderV2, request.extFields))
}

function stored(request: RemotingCommand, code = 0): RemotingCommand {
  const answer = storedAnswer(request, { code })
  answer.extFields.set('MSG_REGION', 'east')
  return answer
}

function storeEverything(broker: FakePeer): void {
  broker.on(RequestCode.SEND_MESSAGE_V2, (request) => stored(request))
  broker.on(RequestCode.SEND_BATCH_MESSAGE, (request) => stored(request))
}

function refuse(broker: FakePeer, code: number): void {
  broker.on(RequestCode.SEND_MESSAGE_V2, (request) =>
    createResponse(request, code, { remark: 'refused by the test' }),
  )
}

const sendsOf = (broker: FakePeer): RemotingCommand[] =>
  broker.requestsOf(RequestCode.SEND_MESSAGE_V2)

test('a message carries what Java sends, and the result says where it lies', async () => {
  cluster.setTopic('T', [{ broker: brokerA, count: 1 }])
  const producer = await place.start()
  const properties = { region: 'north' }
  const message = { topic: 'T', body: 'hello', tags: 'x', keys: ['k1', 'k2'], properties, flag: 5 }
  const result = await producer.send(message)
  const [request] = sendsOf(brokerA)
  const header = headerOf(request!)
  expect(request!.body.toString()).toBe('hello')
  expect(header).toMatchObject({
    producerGroup: 'tests',
    topic: 'T',
    defaultTopic: 'TBW102',
    defaultTopicQueueNums: 4,
    queueId: 0,
    sysFlag: 0,
    flag: 5,
    reconsumeTimes: 0,
    unitMode: false,
    batch: false,
    bname: 'broker-a',
  })
  expect(Object.fromEntries(propertiesFromString(header.properties!))).toEqual({
    KEYS: 'k1 k2',
    TAGS: 'x',
    UNIQ_KEY: result.messageId,
    WAIT: 'true',
    region: 'north',
  })
  expect(result).toMatchObject({
    status: 'SEND_OK',
    offsetMessageId: 'AB',
    queue: { topic: 'T', brokerName: 'broker-a', queueId: 0 },
    queueOffset: 7,
    regionId: 'east',
  })
  expect(result.messageId).toMatch(/^[0-9A-F]{32}$/)
})

test('the first thing on a new connection is a heartbeat of the group', async () => {
  cluster.setTopic('T', [{ broker: brokerA, count: 1 }])
  const producer = await place.start()
  await producer.send({ topic: 'T', body: 'x' })
  expect(brokerA.requests.map(({ code }) => code)).toEqual([34, 310])
  const heartbeat = JSON.parse(brokerA.requests[0]!.body.toString())
  expect(heartbeat).toMatchObject({
    clientID: producer.clientId,
    producerDataSet: [{ groupName: 'tests' }],
    consumerDataSet: [],
  })
  await producer.close()
  const [unregister] = brokerA.requestsOf(RequestCode.UNREGISTER_CLIENT)
  expect(Object.fromEntries(unregister!.extFields)).toEqual({
    clientID: producer.clientId,
    producerGroup: 'tests',
  })
})

test('queues are taken in turn over all brokers', async () => {
  cluster.setTopic('T', [
    { broker: brokerA, count: 2 },
    { broker: brokerB, count: 2 },
  ])
  const producer = await place.start()
  const results = []
  for (let count = 0; count < 8; count += 1) {
    results.push(await producer.send({ topic: 'T', body: 'x' }))
  }
  const places = results.map(({ queue }) => `${queue.brokerName}:${queue.queueId}`)
  const once = ['broker-a:0', 'broker-a:1', 'broker-b:0', 'broker-b:1']
  expect(places.slice(0, 4).sort()).toEqual(once)
  expect(places.slice(4)).toEqual(places.slice(0, 4))
})

test.each([1, 2, 14, 16, 17, 204, 205, 1500])(
  'after response code %i the next broker is tried',
  async (code) => {
    cluster.setTopic('T', [
      { broker: brokerA, count: 4 },
      { broker: brokerB, count: 4 },
    ])
    refuse(brokerA, code)
    const producer = await place.start()
    for (let count = 0; count < 8; count += 1) {
      const { queue } = await producer.send({ topic: 'T', body: 'x' })
      expect(queue.brokerName).toBe('broker-b')
    }
    expect(sendsOf(brokerA).length).toBeGreaterThan(0)
    expect(sendsOf(brokerB).length).toBe(8)
  },
)

test('a code that every broker would answer is not tried again', async () => {
  cluster.setTopic('T', [{ broker: brokerA, count: 1 }])
  refuse(brokerA, 13)
  const producer = await place.start()
  const failure = producer.send({ topic: 'T', body: 'x' })
  await expect(failure).rejects.toMatchObject({ code: 'CLIENT_REQUEST_REFUSED', responseCode: 13 })
  expect(sendsOf(brokerA).length).toBe(1)
})

test('with a single broker the retries go there, and the last failure is told', async () => {
  cluster.setTopic('T', [{ broker: brokerA, count: 1 }])
  refuse(brokerA, 2)
  const producer = await place.start({ retryCountMax: 2 })
  const failure = producer.send({ topic: 'T', body: 'x' })
  await expect(failure).rejects.toMatchObject({
    code: 'CLIENT_REQUEST_REFUSED',
    responseCode: 2,
    brokersTried: ['broker-a', 'broker-a', 'broker-a'],
  })
  expect(sendsOf(brokerA).length).toBe(3)
})

test('a broker that is gone is left for another one', async () => {
  cluster.setTopic('T', [
    { broker: brokerA, count: 1 },
    { broker: brokerB, count: 1 },
  ])
  const producer = await place.start()
  await brokerA.stop()
  for (let count = 0; count < 4; count += 1) {
    const { queue } = await producer.send({ topic: 'T', body: 'x' })
    expect(queue.brokerName).toBe('broker-b')
  }
  await brokerA.listen()
})

test('a send ends at its deadline when no broker answers', async () => {
  cluster.setTopic('T', [{ broker: brokerA, count: 1 }])
  brokerA.on(RequestCode.SEND_MESSAGE_V2, () => new Promise(() => undefined))
  const producer = await place.start()
  await producer.fetchQueues('T')
  const failure = producer.send({ topic: 'T', body: 'x' }, { timeoutMs: 80 })
  await expect(failure).rejects.toMatchObject({ code: 'CLIENT_TIMEOUT' })
  await brokerA.stop()
  await brokerA.listen()
})

test.each([
  [10, 'FLUSH_DISK_TIMEOUT'],
  [11, 'SLAVE_NOT_AVAILABLE'],
  [12, 'FLUSH_SLAVE_TIMEOUT'],
])('response code %i is the status %s of a stored message', async (code, status) => {
  cluster.setTopic('T', [{ broker: brokerA, count: 1 }])
  brokerA.on(RequestCode.SEND_MESSAGE_V2, (request) => stored(request, code))
  const producer = await place.start()
  expect((await producer.send({ topic: 'T', body: 'x' })).status).toBe(status)
  expect(sendsOf(brokerA).length).toBe(1)
})

test('retryWhenNotSafe tries another broker and settles for the less safe one', async () => {
  cluster.setTopic('T', [
    { broker: brokerA, count: 1 },
    { broker: brokerB, count: 1 },
  ])
  for (const broker of cluster.brokers) {
    broker.on(RequestCode.SEND_MESSAGE_V2, (request) => stored(request, 12))
  }
  const producer = await place.start({ retryWhenNotSafe: true })
  expect((await producer.send({ topic: 'T', body: 'x' })).status).toBe('FLUSH_SLAVE_TIMEOUT')
  expect(sendsOf(brokerA).length).toBeGreaterThan(0)
  expect(sendsOf(brokerB).length).toBeGreaterThan(0)
})

test('a topic that does not exist is sent to four queues of the template topic', async () => {
  cluster.setTopic('TBW102', [{ broker: brokerA, count: 8, perm: 7 }])
  const producer = await place.start()
  expect(await producer.fetchQueues('New')).toEqual(
    [0, 1, 2, 3].map((queueId) => ({ topic: 'New', brokerName: 'broker-a', queueId })),
  )
  const { queue } = await producer.send({ topic: 'New', body: 'x' })
  expect(queue.topic).toBe('New')
})

test('without a template topic an unknown topic is an error', async () => {
  const producer = await place.start()
  const failure = producer.send({ topic: 'New', body: 'x' })
  await expect(failure).rejects.toMatchObject({ code: 'CLIENT_TOPIC_NOT_FOUND' })
})

test('queues that may not be written to are not sent to', async () => {
  const READ_ONLY = 4
  cluster.setTopic('T', [
    { broker: brokerA, count: 2, perm: READ_ONLY },
    { broker: brokerB, count: 1 },
  ])
  const producer = await place.start()
  expect(await producer.fetchQueues('T')).toEqual([
    { topic: 'T', brokerName: 'broker-b', queueId: 0 },
  ])
})

test('the next name server is asked when one is gone', async () => {
  const gone = await FakeCluster.start()
  const nameServers = [gone.nameServer.address, cluster.nameServer.address]
  await gone[Symbol.asyncDispose]()
  cluster.setTopic('T', [{ broker: brokerA, count: 1 }])
  for (const servers of [nameServers, nameServers.toReversed()]) {
    const producer = await place.start({ nameServers: servers })
    expect((await producer.send({ topic: 'T', body: 'x' })).status).toBe('SEND_OK')
  }
})

test('without any name server the failure says so', async () => {
  const gone = await FakeCluster.start()
  const nameServers = [gone.nameServer.address]
  await gone[Symbol.asyncDispose]()
  const producer = await place.start({ nameServers })
  const failure = producer.send({ topic: 'T', body: 'x' })
  await expect(failure).rejects.toMatchObject({ code: 'CLIENT_NAME_SERVER_UNREACHABLE' })
})

test('a new route is used when the old one is refused', async () => {
  cluster.setTopic('T', [{ broker: brokerA, count: 1 }])
  refuse(brokerA, 17)
  const producer = await place.start({ retryCountMax: 0 })
  await expect(producer.send({ topic: 'T', body: 'x' })).rejects.toMatchObject({ responseCode: 17 })
  cluster.setTopic('T', [{ broker: brokerB, count: 1 }])
  await expect
    .poll(() => producer.fetchQueues('T'))
    .toEqual([{ topic: 'T', brokerName: 'broker-b', queueId: 0 }])
})

test('a body of 4 KiB is compressed unless it would not shrink, a smaller one is not', async () => {
  cluster.setTopic('T', [{ broker: brokerA, count: 1 }])
  const producer = await place.start()
  const text = 'a'.repeat(4096)
  const noise = new SeededRandom(1).bytes(5_000)
  await producer.send({ topic: 'T', body: text })
  await producer.send({ topic: 'T', body: text.slice(1) })
  const [first, second] = sendsOf(brokerA)
  expect(compressionOf(headerOf(first!).sysFlag)).toBe('zlib')
  expect(inflateSync(first!.body).toString()).toBe(text)
  expect(headerOf(second!).sysFlag).toBe(0)
  expect(second!.body.length).toBe(4095)
  await producer.send({ topic: 'T', body: noise })
  const third = sendsOf(brokerA)[2]!
  expect(headerOf(third).sysFlag).toBe(0)
  expect(third.body.equals(noise)).toBe(true)
})

test('messages with one sharding key go to the queue that Java chooses', async () => {
  cluster.setTopic('T', [{ broker: brokerA, count: 5 }])
  const producer = await place.start()
  for (const [shardingKey, queueId] of shardingVectors) {
    const { queue } = await producer.send({ topic: 'T', body: 'x' }, { shardingKey })
    expect(queue.queueId).toBe(queueId)
  }
  const properties = propertiesFromString(headerOf(sendsOf(brokerA)[0]!).properties!)
  expect(properties.get('__SHARDINGKEY')).toBe(shardingVectors[0]![0])
})

/** Keys with `SelectMessageQueueByHash`'s choice among five queues. */
const shardingVectors: readonly (readonly [string, number])[] = [
  ['order-1', 0],
  ['order-2', 4],
  ['€', 4],
  ['polygenelubricants', 3],
  ['k7', 2],
]

test('a selector chooses the queue, and its failed send is not tried elsewhere', async () => {
  cluster.setTopic('T', [
    { broker: brokerA, count: 2 },
    { broker: brokerB, count: 2 },
  ])
  const producer = await place.start()
  const selector = (queues: readonly { queueId: number }[]): never => queues[3] as never
  const { queue } = await producer.send({ topic: 'T', body: 'x' }, { selector })
  expect(queue).toEqual({ topic: 'T', brokerName: 'broker-b', queueId: 1 })
  refuse(brokerB, 1)
  const failure = producer.send({ topic: 'T', body: 'x' }, { selector })
  await expect(failure).rejects.toMatchObject({ responseCode: 1 })
  expect(sendsOf(brokerA).length).toBe(0)
})

test('a one-way send reaches the broker and resolves without an answer', async () => {
  cluster.setTopic('T', [{ broker: brokerA, count: 1 }])
  brokerA.on(RequestCode.SEND_MESSAGE_V2, () => new Promise(() => undefined))
  const producer = await place.start()
  await producer.sendOneway({ topic: 'T', body: 'x' })
  await expect.poll(() => sendsOf(brokerA).length).toBe(1)
  const ONEWAY_FLAG = 2
  expect(sendsOf(brokerA)[0]!.flag & ONEWAY_FLAG).toBe(ONEWAY_FLAG)
  await brokerA.stop()
  await brokerA.listen()
})

test('a one-way send leaves before a close that follows at once', async () => {
  cluster.setTopic('T', [{ broker: brokerA, count: 1 }])
  const producer = await place.start()
  const sending = producer.sendOneway({ topic: 'T', body: 'x' })
  await producer.close()
  await sending
  await expect.poll(() => sendsOf(brokerA).length).toBe(1)
})

test('a batch is one request whose messages have ids of their own', async () => {
  cluster.setTopic('T', [{ broker: brokerA, count: 1 }])
  brokerA.on(RequestCode.SEND_BATCH_MESSAGE, (request) => {
    const response = stored(request)
    response.extFields.set('msgId', 'AA,BB')
    return response
  })
  const producer = await place.start()
  const [result] = await producer.sendBatch([
    { topic: 'T', body: 'one', tags: 'a' },
    { topic: 'T', body: 'two', flag: 3 },
  ])
  expect(result?.offsetMessageIds).toEqual(['AA', 'BB'])
  const [request] = brokerA.requestsOf(RequestCode.SEND_BATCH_MESSAGE)
  expect(headerOf(request!).batch).toBe(true)
  const view = createBatchMessageView()
  const { body } = request!
  const seen = []
  for (let at = 0; at < body.length; at += view.totalBytes) {
    expect(readBatchMessage(body, at, body.length, view)).toBe(true)
    const properties = body.toString('utf8', view.propertiesStart, view.propertiesEnd)
    const id = propertiesFromString(properties).get('UNIQ_KEY')
    seen.push([body.toString('utf8', view.bodyStart, view.bodyEnd), view.flag, id])
  }
  expect(seen).toEqual([
    ['one', 0, result?.messageIds[0]],
    ['two', 3, result?.messageIds[1]],
  ])
})

test.each([
  ['an empty batch', []],
  [
    'two topics',
    [
      { topic: 'T', body: 'x' },
      { topic: 'U', body: 'x' },
    ],
  ],
  ['a delay', [{ topic: 'T', body: 'x', delayLevel: 1 }]],
  ['a retry topic', [{ topic: '%RETRY%g', body: 'x' }]],
  [
    'two ways to wait',
    [
      { topic: 'T', body: 'x' },
      { topic: 'T', body: 'x', waitForStore: false },
    ],
  ],
])('a batch with %s is refused', async (_, messages) => {
  cluster.setTopic('T', [{ broker: brokerA, count: 1 }])
  const producer = await place.start()
  const failure = producer.sendBatch(messages)
  await expect(failure).rejects.toMatchObject({ code: 'CLIENT_MESSAGE_ILLEGAL' })
})

test.each([
  ['no body', { topic: 'T' } as never],
  ['a body of null', { topic: 'T', body: null as never }],
  ['no topic', { body: 'x' } as never],
  ['a blank topic', { topic: '  ', body: 'x' }],
  ['an empty body', { topic: 'T', body: '' }],
  ['a large body', { topic: 'T', body: 'x'.repeat(1_001) }],
  ['an empty topic', { topic: '', body: 'x' }],
  ['a topic with a slash', { topic: 'a/b', body: 'x' }],
  ['a long topic', { topic: 't'.repeat(128), body: 'x' }],
  ['a topic of the broker itself', { topic: 'SCHEDULE_TOPIC_XXXX', body: 'x' }],
  ['a reserved property', { topic: 'T', body: 'x', properties: { DELAY: '1' } }],
  ['a property without a value', { topic: 'T', body: 'x', properties: { a: '' } }],
  ['a reserved byte in a property', { topic: 'T', body: 'x', properties: { a: 'b\u0002c' } }],
  ['a reserved byte in a tag', { topic: 'T', body: 'x', tags: 'b\u0002c' }],
  ['a key with a space', { topic: 'T', body: 'x', keys: ['a b'] }],
  ['a flag that is no int', { topic: 'T', body: 'x', flag: 2 ** 40 }],
])('a message with %s is refused', async (_, message) => {
  const producer = await place.start({ messageBytesMax: 1_000 })
  const failure = producer.send(message)
  await expect(failure).rejects.toMatchObject({ code: 'CLIENT_MESSAGE_ILLEGAL' })
})

test('a closed producer refuses to send', async () => {
  const producer = await place.start()
  await producer.close()
  const failure = producer.send({ topic: 'T', body: 'x' })
  await expect(failure).rejects.toMatchObject({ code: 'CLIENT_CLOSED' })
})

test('close waits for sends in progress', async () => {
  cluster.setTopic('T', [{ broker: brokerA, count: 1 }])
  let release = (): void => undefined
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  brokerA.on(RequestCode.SEND_MESSAGE_V2, async (request) => {
    await held
    return stored(request)
  })
  const producer = await place.start()
  const sending = producer.send({ topic: 'T', body: 'x' })
  await expect.poll(() => sendsOf(brokerA).length).toBe(1)
  const closing = producer.close()
  release()
  expect((await sending).status).toBe('SEND_OK')
  await closing
})

test.each([
  ['no name server', { nameServers: [] }],
  ['a name server without a port', { nameServers: ['localhost'] }],
  ['an empty group', { group: '' }],
  ['a long group', { group: 'g'.repeat(121) }],
  ['a client address that is none', { clientIp: 'here' }],
  ['a negative timeout', { sendTimeoutMs: -1 }],
  ['a level that zlib lacks', { compressLevel: 10 }],
  ['half a retry', { retryCountMax: 0.5 }],
])('%s is refused at start', async (_, options) => {
  await expect(place.start(options)).rejects.toMatchObject({ code: 'CLIENT_OPTION_INVALID' })
})
