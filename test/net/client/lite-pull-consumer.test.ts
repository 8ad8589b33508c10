/**
 * Goal: a lite pull consumer hands out every message, counts as consumed only what the application
 * has come back from, and goes where it is sent.
 * Method: a fake name server and a fake broker with queues in memory, on loopback.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { COMPRESSED_FLAG } from '../../../engine/format/sys-flag.ts'
import { LitePullConsumer } from '../../../net/client/lite-pull-consumer.ts'
import type { LitePullConsumerOptions } from '../../../net/client/lite-pull-consumer-options.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { FakeCluster, type FakePeer } from '../../helpers/fake-cluster.ts'
import { FakeMessageBroker } from '../../helpers/fake-message-broker.ts'

const GROUP = 'tests'
const SOON = { timeoutMs: 10_000 }
const NOW = { timeoutMs: 60 }

let cluster: FakeCluster
let peer: FakePeer
let broker: FakeMessageBroker
const consumers: LitePullConsumer[] = []

beforeEach(async () => {
  cluster = await FakeCluster.start('broker-a')
  peer = cluster.brokers[0]!
  broker = new FakeMessageBroker(peer)
  cluster.setTopic('T', [{ broker: peer, count: 2 }])
})
afterEach(async () => {
  for (const consumer of consumers.splice(0)) await consumer.close()
  await cluster[Symbol.asyncDispose]()
})

async function start(options: Partial<LitePullConsumerOptions> = {}): Promise<LitePullConsumer> {
  const consumer = await LitePullConsumer.start({
    nameServers: [cluster.nameServer.address],
    group: GROUP,
    consumeFrom: 'first',
    ...options,
  })
  consumers.push(consumer)
  return consumer
}

const subscriptions = { T: '*' }
const queue = (queueId: number) => ({ topic: 'T', brokerName: 'broker-a', queueId })

function append(...bodies: string[]): void {
  for (const body of bodies) broker.append('T', 0, { body })
}

async function bodiesOf(consumer: LitePullConsumer, options = SOON): Promise<string[]> {
  return (await consumer.poll(options)).map(({ body }) => body.toString())
}

const committed = (): number | undefined => broker.committed(GROUP, 'T', 0)

/** The offsets that were asked for in a queue of `T`, in their order. */
function offsetsAsked(queueId: number): number[] {
  return peer
    .requestsOf(RequestCode.LITE_PULL_MESSAGE)
    .filter(({ extFields }) => extFields.get('queueId') === String(queueId))
    .map(({ extFields }) => Number(extFields.get('queueOffset')))
}

test('pulls are lite pulls that carry their subscription', async () => {
  append('a')
  const consumer = await start({ subscriptions: { T: 'x || y' } })
  await expect.poll(() => peer.requestsOf(RequestCode.LITE_PULL_MESSAGE).length).toBe(3)
  const [request] = peer.requestsOf(RequestCode.LITE_PULL_MESSAGE)
  expect(Object.fromEntries(request!.extFields)).toMatchObject({
    consumerGroup: GROUP,
    topic: 'T',
    queueOffset: '0',
    maxMsgNums: '10',
    sysFlag: String(2 | 4 | 16),
    suspendTimeoutMillis: '20000',
    subscription: 'x || y',
    expressionType: 'TAG',
    bname: 'broker-a',
  })
  const [heartbeat] = peer.requestsOf(RequestCode.HEART_BEAT)
  expect(JSON.parse(heartbeat!.body.toString())).toMatchObject({
    clientID: consumer.clientId,
    consumerDataSet: [{ groupName: GROUP, consumeType: 'CONSUME_ACTIVELY' }],
    producerDataSet: [],
  })
})

test('poll hands out what there is, waits for what comes, and gives up in time', async () => {
  append('a', 'b')
  const consumer = await start({ subscriptions })
  expect(await bodiesOf(consumer)).toEqual(['a', 'b'])
  expect(await bodiesOf(consumer, NOW)).toEqual([])
  const polling = bodiesOf(consumer)
  append('c')
  expect(await polling).toEqual(['c'])
})

test('poll hands out no more than asked for, and the rest next', async () => {
  append('a', 'b', 'c')
  const consumer = await start({ subscriptions })
  expect(await consumer.poll({ ...SOON, countMax: 2 })).toHaveLength(2)
  expect(await bodiesOf(consumer)).toEqual(['c'])
})

test('queues take turns', async () => {
  append('a0', 'a1', 'a2', 'a3')
  for (const body of ['b0', 'b1']) broker.append('T', 1, { body })
  const consumer = await start({ subscriptions, pullCountMax: 2 })
  // Everything is here: the last pull of each queue waits for more.
  await expect.poll(() => [offsetsAsked(0).at(-1), offsetsAsked(1).at(-1)]).toEqual([4, 2])
  const turns = [await bodiesOf(consumer), await bodiesOf(consumer), await bodiesOf(consumer)]
  expect(turns.slice(0, 2)).toContainEqual(['b0', 'b1'])
  expect(turns.flat().sort()).toEqual(['a0', 'a1', 'a2', 'a3', 'b0', 'b1'])
})

test('what was handed out counts as consumed when more is asked for', async () => {
  append('a', 'b')
  const consumer = await start({ subscriptions, persistIntervalMs: 10 })
  await bodiesOf(consumer)
  await sleep(50)
  expect(committed()).not.toBe(2)
  await bodiesOf(consumer, NOW)
  await expect.poll(committed).toBe(2)
})

test('a close does not count what is in the hands of the application', async () => {
  append('a', 'b')
  const consumer = await start({ subscriptions })
  await consumer.poll({ ...SOON, countMax: 1 })
  await consumer.poll({ ...SOON, countMax: 1 })
  await consumer.close()
  expect(committed()).toBe(1)
})

test('without autoCommit only commit() stores an offset', async () => {
  append('a', 'b')
  const consumer = await start({ subscriptions, autoCommit: false, persistIntervalMs: 10 })
  await bodiesOf(consumer)
  await bodiesOf(consumer, NOW)
  await sleep(30)
  expect(committed()).toBeUndefined()
  await consumer.commit()
  expect(committed()).toBe(2)
  expect(await consumer.committed(queue(0))).toBe(2)
})

test('commit fails when the broker does not take it', async () => {
  append('a')
  const consumer = await start({ subscriptions, autoCommit: false })
  await bodiesOf(consumer)
  const handler = peer.handlerOf(RequestCode.UPDATE_CONSUMER_OFFSET)!
  peer.on(RequestCode.UPDATE_CONSUMER_OFFSET, () => {
    throw new Error('no')
  })
  await expect(consumer.commit()).rejects.toMatchObject({ code: 'CLIENT_REQUEST_REFUSED' })
  peer.on(RequestCode.UPDATE_CONSUMER_OFFSET, handler)
  await consumer.commit()
  expect(committed()).toBe(1)
})

test('messages can be iterated, one at a time', async () => {
  append('a', 'b', 'c')
  const consumer = await start({ subscriptions, persistIntervalMs: 10 })
  const seen: string[] = []
  for await (const message of consumer) {
    seen.push(message.body.toString())
    if (seen.length === 3) break
  }
  expect(seen).toEqual(['a', 'b', 'c'])
  await expect.poll(committed).toBe(2)
})

test('an iteration ends when the consumer is closed', async () => {
  append('a')
  const consumer = await start({ subscriptions })
  const seen: string[] = []
  const iterating = (async () => {
    for await (const message of consumer) seen.push(message.body.toString())
  })()
  await expect.poll(() => seen).toEqual(['a'])
  await consumer.close()
  await iterating
  await expect(consumer.poll()).rejects.toMatchObject({ code: 'CLIENT_CLOSED' })
})

test('assigned queues are pulled without sharing, from where the group stopped', async () => {
  append('a', 'b')
  broker.append('T', 1, { body: 'other' })
  broker.setCommitted(GROUP, 'T', 0, 1)
  const consumer = await start()
  expect(await consumer.fetchQueues('T')).toEqual([queue(0), queue(1)])
  await consumer.assign([queue(0)])
  expect(consumer.assigned).toEqual([queue(0)])
  expect(await bodiesOf(consumer)).toEqual(['b'])
  await consumer.assign([queue(1)])
  expect(consumer.assigned).toEqual([queue(1)])
  expect(await bodiesOf(consumer)).toEqual(['other'])
  expect(peer.requestsOf(RequestCode.GET_CONSUMER_LIST_BY_GROUP)).toEqual([])
})

test('one consumer does not both subscribe and assign', async () => {
  const first = await start({ subscriptions })
  const failure = first.assign([queue(0)])
  await expect(failure).rejects.toMatchObject({ code: 'CLIENT_SUBSCRIPTION_INVALID' })
  const second = await start()
  await second.assign([queue(0)])
  const other = second.subscribe('T')
  await expect(other).rejects.toMatchObject({ code: 'CLIENT_SUBSCRIPTION_INVALID' })
})

test('seek goes back and forth and drops what was pulled before', async () => {
  append('a', 'b', 'c', 'd')
  const consumer = await start({ pullCountMax: 1 })
  await consumer.assign([queue(0)])
  expect(await bodiesOf(consumer)).toEqual(['a'])
  await sleep(30)
  await consumer.seek(queue(0), 3)
  expect(await bodiesOf(consumer)).toEqual(['d'])
  await consumer.seek(queue(0), 'first')
  expect(await bodiesOf(consumer)).toEqual(['a'])
  await consumer.seek(queue(0), 'last')
  expect(await bodiesOf(consumer, NOW)).toEqual([])
  append('e')
  expect(await bodiesOf(consumer)).toEqual(['e'])
})

test('seek is bounded by what the queue holds', async () => {
  append('a', 'b', 'c')
  broker.trim('T', 0, 1)
  const consumer = await start()
  await consumer.assign([queue(0)])
  for (const offset of [0, 4, 1.5]) {
    const failure = consumer.seek(queue(0), offset)
    await expect(failure).rejects.toMatchObject({ code: 'CLIENT_OFFSET_OUT_OF_RANGE' })
  }
  const failure = consumer.seek(queue(1), 0)
  await expect(failure).rejects.toMatchObject({ code: 'CLIENT_QUEUE_NOT_ASSIGNED' })
})

test('no more is pulled than may wait, and pulling goes on when there is room', async () => {
  append(...Array.from({ length: 30 }, (_, index) => `m${index}`))
  const consumer = await start({ subscriptions, totalCountMax: 10, pullCountMax: 5 })
  await expect.poll(() => offsetsAsked(0)).toEqual([0, 5])
  // And no further.
  await sleep(60)
  expect(offsetsAsked(0)).toEqual([0, 5])
  const bodies: string[] = []
  while (bodies.length < 30) bodies.push(...(await bodiesOf(consumer)))
  expect(bodies).toEqual(Array.from({ length: 30 }, (_, index) => `m${index}`))
})

test('a body that cannot be read fails each poll until it is sought past', async () => {
  append('a')
  broker.append('T', 0, { body: 'not zlib', sysFlag: COMPRESSED_FLAG })
  append('c')
  const consumer = await start()
  await consumer.assign([queue(0)])
  expect(await bodiesOf(consumer)).toEqual(['a'])
  for (const _ of [1, 2]) {
    await expect(consumer.poll(SOON)).rejects.toMatchObject({ code: 'CLIENT_BODY_UNREADABLE' })
  }
  await consumer.commit()
  expect(committed()).toBe(1)
  await consumer.seek(queue(0), 2)
  expect(await bodiesOf(consumer)).toEqual(['c'])
})

test('two consumers share the queues, and what one leaves the other takes over', async () => {
  const first = await start({ subscriptions })
  expect(first.assigned).toHaveLength(2)
  const second = await start({ subscriptions })
  await expect.poll(() => [first.assigned.length, second.assigned.length]).toEqual([1, 1])
  await second.close()
  await expect.poll(() => first.assigned.length).toBe(2)
})

test('an unknown topic has no queues', async () => {
  const consumer = await start()
  const failure = consumer.fetchQueues('None')
  await expect(failure).rejects.toMatchObject({ code: 'CLIENT_TOPIC_NOT_FOUND' })
})

test.each([
  ['no room', { totalCountMax: 0 }],
  ['half a message', { pullCountMax: 0.5 }],
])('%s is refused at start', async (_, options) => {
  await expect(start(options)).rejects.toMatchObject({ code: 'CLIENT_OPTION_INVALID' })
})
