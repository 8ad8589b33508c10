/**
 * Goal: what applications do with topics, tags, groups and order works with our clients and broker
 * together. The scenarios are those of Apache RocketMQ's own integration tests (client.consumer,
 * client.producer) that no other test here has.
 * Method: a standalone in this process, real clients, messages that are told apart by their bodies.
 */
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  Producer,
  PushConsumer,
  type PushConsumerOptions,
  type ReceivedMessage,
} from '../../../net/client/index.ts'
import { RunningStandalone } from '../../helpers/running-standalone.ts'

const QUEUE_COUNT = 8
const CHINESE = '消息队列中间件'

let running: RunningStandalone
let producer: Producer
const consumers: PushConsumer[] = []

beforeEach(async () => {
  running = await RunningStandalone.start()
  const options = { group: 'makers', topicQueueCount: QUEUE_COUNT, clientIp: '127.0.0.1' }
  producer = await Producer.start({ nameServers: nameServers(), ...options })
})

afterEach(async () => {
  for (const consumer of consumers.splice(0)) await consumer.close()
  await producer.close()
  await running[Symbol.asyncDispose]()
})

function nameServers(): string[] {
  return [running.server.nameServerAddress]
}

/** A consumer, and what it got. */
interface Member {
  readonly consumer: PushConsumer
  readonly received: ReceivedMessage[]
}

async function joinGroup(
  options: Partial<PushConsumerOptions> & { group: string },
): Promise<Member> {
  const received: ReceivedMessage[] = []
  const consumer = await PushConsumer.start({
    nameServers: nameServers(),
    consumeFrom: 'first',
    offsetFolder: join(running.directory, 'offsets'),
    onMessage: async (messages) => {
      received.push(...messages)
      return 'success'
    },
    ...options,
  })
  consumers.push(consumer)
  return { consumer, received }
}

async function send(topic: string, names: readonly string[], tags?: string): Promise<void> {
  await Promise.all(names.map((body) => producer.send({ topic, body, tags })))
}

function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`)
}

/** What they got, each once: a queue that changes hands may bring something twice. */
function bodies(...members: readonly Member[]): string[] {
  const all = members.flatMap(({ received }) => received.map(({ body }) => body.toString()))
  return [...new Set(all)].toSorted()
}

function queuesOf({ consumer }: Member, topic: string): number {
  return consumer.assigned.filter((queue) => queue.topic === topic).length
}

test('of three members one crashes, and the other two share everything', async () => {
  await send('T', ['first'])
  const options = { group: 'g', subscriptions: { T: '*' } }
  const members = [await joinGroup(options), await joinGroup(options), await joinGroup(options)]
  const counts = () => new Set(members.map((member) => queuesOf(member, 'T')))
  await expect.poll(counts).toEqual(new Set([2, 3]))
  const before = numbered('before', 40)
  await send('T', before)
  await expect.poll(() => bodies(...members)).toEqual([...before, 'first'].toSorted())
  const [crashed, ...others] = members
  await crashed!.consumer.destroy(new Error('crashed'))
  await expect.poll(() => others.map((member) => queuesOf(member, 'T'))).toEqual([4, 4])
  const after = numbered('after', 40)
  await send('T', after)
  const all = [...before, ...after, 'first'].toSorted()
  await expect.poll(() => bodies(...members)).toEqual(all)
  for (const member of others) {
    expect(bodies(member).filter((body) => body.startsWith('after'))).toHaveLength(20)
  }
})

test('groups with other tags of a topic get their own parts of it', async () => {
  const red = await joinGroup({ group: 'red', subscriptions: { T: 'red' } })
  const both = await joinGroup({ group: 'both', subscriptions: { T: 'red || blue' } })
  const all = await joinGroup({ group: 'all', subscriptions: { T: '*' } })
  await send('T', numbered('r', 5), 'red')
  await send('T', numbered('b', 5), 'blue')
  await send('T', numbered('n', 5))
  await expect.poll(() => bodies(all), { timeout: 25_000 }).toHaveLength(15)
  await expect
    .poll(() => bodies(both))
    .toEqual([...numbered('b', 5), ...numbered('r', 5)].toSorted())
  await expect.poll(() => bodies(red)).toEqual(numbered('r', 5))
})

test('one consumer gets several topics, each by its own filter', async () => {
  await send('T', ['t'])
  await send('U', ['u'])
  const member = await joinGroup({ group: 'g', subscriptions: { T: '*', U: 'wanted' } })
  await send('T', numbered('t', 5))
  await send('U', numbered('no', 5), 'unwanted')
  await send('U', numbered('yes', 5), 'wanted')
  const wanted = ['t', ...numbered('t', 5), ...numbered('yes', 5)]
  await expect.poll(() => bodies(member)).toEqual(wanted.toSorted())
})

test('every member of a broadcasting group gets each queue in order', async () => {
  const orders = numbered('order', 4)
  for (let step = 0; step < 10; step += 1) {
    for (const shardingKey of orders) {
      await producer.send({ topic: 'T', body: `${shardingKey} ${step}` }, { shardingKey })
    }
  }
  const options = {
    group: 'g',
    messageModel: 'broadcasting',
    consumeMode: 'orderly',
    subscriptions: { T: '*' },
  } as const
  const members = [
    await joinGroup({ ...options, instanceName: 'one' }),
    await joinGroup({ ...options, instanceName: 'two' }),
  ]
  for (const member of members) {
    await expect.poll(() => member.received.length).toBe(40)
    for (const order of orders) {
      const steps = member.received
        .map(({ body }) => body.toString())
        .filter((body) => body.startsWith(`${order} `))
      expect(steps).toEqual(numbered(`${order} `, 10))
    }
  }
})

test('what both members of a broadcasting group want, each of them gets', async () => {
  await send('T', ['t'], 'neither')
  const options = { group: 'g', messageModel: 'broadcasting', consumeFrom: 'last' } as const
  const red = await joinGroup({ ...options, instanceName: 'a', subscriptions: { T: 'red' } })
  const both = { T: 'red || blue' }
  const more = await joinGroup({ ...options, instanceName: 'b', subscriptions: both })
  await expect.poll(() => [queuesOf(red, 'T'), queuesOf(more, 'T')]).toEqual([8, 8])
  await send('T', numbered('r', 5), 'red')
  await expect.poll(() => bodies(red)).toEqual(numbered('r', 5))
  await expect.poll(() => bodies(more)).toEqual(numbered('r', 5))
})

test('who joins a broadcasting group later gets what comes then', async () => {
  await send('T', ['t'])
  const options = {
    group: 'g',
    messageModel: 'broadcasting',
    consumeFrom: 'last',
    subscriptions: { T: '*' },
  } as const
  const early = await joinGroup({ ...options, consumeFrom: 'first', instanceName: 'early' })
  await send('T', numbered('a', 20))
  await expect.poll(() => bodies(early)).toHaveLength(21)
  const late = await joinGroup({ ...options, instanceName: 'late' })
  await expect.poll(() => queuesOf(late, 'T')).toBe(QUEUE_COUNT)
  await send('T', numbered('b', 20))
  await expect.poll(() => bodies(early)).toHaveLength(41)
  await expect.poll(() => bodies(late)).toEqual(expect.arrayContaining(numbered('b', 20)))
})

test('order survives a filter by tags and a member that joins', async () => {
  const options = { group: 'g', consumeMode: 'orderly', subscriptions: { T: 'wanted' } } as const
  await send('T', ['t'], 'unwanted')
  const first = await joinGroup(options)
  const keys = numbered('key', 6)
  const sendSteps = async (from: number, until: number): Promise<void> => {
    for (let step = from; step < until; step += 1) {
      const sends = keys.flatMap((shardingKey) => [
        producer.send({ topic: 'T', body: 'no', tags: 'unwanted' }, { shardingKey }),
        producer.send(
          { topic: 'T', body: `${shardingKey} ${step}`, tags: 'wanted' },
          { shardingKey },
        ),
      ])
      await Promise.all(sends)
    }
  }
  await sendSteps(0, 5)
  await expect.poll(() => bodies(first)).toHaveLength(30)
  const second = await joinGroup(options)
  await expect.poll(() => queuesOf(second, 'T')).toBe(QUEUE_COUNT / 2)
  await sendSteps(5, 10)
  await expect.poll(() => bodies(first, second)).toHaveLength(60)
  for (const { received } of [first, second]) {
    for (const key of keys) {
      const steps = received
        .map(({ body }) => body.toString().split(' '))
        .filter(([name]) => name === key)
        .map(([, step]) => Number(step))
      expect(steps).toEqual(steps.toSorted((left, right) => left - right))
    }
  }
})

test('large bodies, and properties of 30 KiB in Chinese, come as they were sent', async () => {
  const member = await joinGroup({ group: 'g', subscriptions: { T: '*' } })
  const body = Buffer.alloc(128 * 1024, CHINESE)
  const properties = { long: CHINESE.repeat(1_450), [CHINESE]: 'name' }
  await producer.send({ topic: 'T', body, keys: CHINESE, tags: CHINESE, properties })
  await expect.poll(() => member.received, { timeout: 25_000 }).toHaveLength(1)
  const message = member.received[0]!
  expect(message.body.equals(body)).toBe(true)
  expect(message).toMatchObject({ keys: [CHINESE], tags: CHINESE })
  expect(message.properties.get('long')).toBe(properties.long)
  expect(message.properties.get(CHINESE)).toBe('name')
})

test('a batch, one-way sends and a selector go where they are told to', async () => {
  await send('T', ['t'])
  const queues = await producer.fetchQueues('T')
  const target = queues[5]!
  const selector = () => target
  await producer.sendBatch(
    numbered('batch', 4).map((body) => ({ topic: 'T', body })),
    { selector },
  )
  for (const body of numbered('oneway', 4)) {
    await producer.sendOneway({ topic: 'T', body }, { selector })
  }
  await Promise.all(
    numbered('sync', 4).map((body) => producer.send({ topic: 'T', body }, { selector })),
  )
  const member = await joinGroup({ group: 'g', subscriptions: { T: '*' } })
  await expect.poll(() => bodies(member)).toHaveLength(13)
  const inTarget = member.received.filter(({ queue }) => queue.queueId === target.queueId)
  const names = [...numbered('batch', 4), ...numbered('oneway', 4), ...numbered('sync', 4)]
  expect(bodies({ ...member, received: inTarget })).toEqual(
    expect.arrayContaining(names.toSorted()),
  )
})
