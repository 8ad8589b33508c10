/** Goal: routes are asked for once by many, kept while nobody knows better, and told apart. */
import { beforeEach, expect, test } from 'vitest'
import { type BrokerAddress, RouteCache } from '../../../net/client/route-cache.ts'
import type { TopicRouteData } from '../../../net/protocol/topic-route.ts'

const TEMPLATE = { topic: 'TBW102', queueCountMax: 4 }

let known: Map<string, TopicRouteData>
let asked: string[]
let changed: string[]
let cache: RouteCache

beforeEach(() => {
  known = new Map()
  asked = []
  changed = []
  cache = new RouteCache({
    fetch: async (topic) => {
      asked.push(topic)
      return known.get(topic)
    },
    onChange: (topic) => changed.push(topic),
  })
})

interface FakeBroker {
  readonly name: string
  readonly queues: number
  readonly addresses?: readonly [number, string][]
  readonly perm?: number
  readonly writeQueues?: number
}

function routeOf(brokers: readonly FakeBroker[], order?: string): TopicRouteData {
  return {
    brokerDatas: brokers.map(({ addresses, name }) => ({
      brokerAddrs: new Map(addresses ?? [[0, `${name}:1`]]),
      brokerName: name,
      cluster: 'c',
      enableActingMaster: false,
      zoneName: undefined,
    })),
    filterServerTable: new Map(),
    orderTopicConf: order,
    queueDatas: brokers.map(({ name, perm = 6, queues, writeQueues = queues }) => ({
      brokerName: name,
      perm,
      readQueueNums: queues,
      topicSysFlag: 0,
      writeQueueNums: writeQueues,
    })),
    topicQueueMappingByBroker: undefined,
  }
}

const places = (queues: readonly { brokerName: string; queueId: number }[] | undefined): string[] =>
  (queues ?? []).map(({ brokerName, queueId }) => `${brokerName}:${queueId}`)

test('callers at the same time share one question', async () => {
  known.set('T', routeOf([{ name: 'a', queues: 1 }]))
  const routes = await Promise.all([cache.refresh('T'), cache.refresh('T'), cache.refresh('T')])
  expect(asked).toEqual(['T'])
  expect(new Set(routes).size).toBe(1)
})

test('a route is new only when something in it changed, not the order of its parts', async () => {
  const brokers = [
    { name: 'a', queues: 1 },
    { name: 'b', queues: 1 },
  ]
  known.set('T', routeOf(brokers))
  await cache.refresh('T')
  known.set('T', routeOf(brokers.toReversed()))
  await cache.refresh('T')
  expect(changed).toEqual(['T'])
  known.set('T', routeOf([brokers[0]!, { name: 'b', queues: 2 }]))
  await cache.refresh('T')
  expect(changed).toEqual(['T', 'T'])
})

test('a route that the name server forgot is kept', async () => {
  known.set('T', routeOf([{ name: 'a', queues: 1 }]))
  await cache.refresh('T')
  known.delete('T')
  expect(places((await cache.refresh('T'))?.readQueues)).toEqual(['a:0'])
})

test('write queues are those of brokers with a master, by name', async () => {
  known.set(
    'T',
    routeOf([
      { name: 'b', queues: 1, writeQueues: 2 },
      { name: 'a', queues: 1 },
      { name: 'slave', queues: 1, addresses: [[1, 'slave:1']] },
      { name: 'readonly', queues: 1, perm: 4 },
      { name: 'writeonly', queues: 1, perm: 2 },
    ]),
  )
  const route = await cache.refresh('T')
  expect(places(route?.writeQueues)).toEqual(['a:0', 'b:0', 'b:1', 'writeonly:0'])
  expect(places(route?.readQueues)).toEqual(['b:0', 'a:0', 'slave:0', 'readonly:0'])
})

test('an administrator’s order says which queues are written to', async () => {
  known.set('T', routeOf([{ name: 'a', queues: 8 }], 'b:2;a:1;'))
  const route = await cache.refresh('T')
  expect(places(route?.writeQueues)).toEqual(['b:0', 'b:1', 'a:0'])
  expect(places(route?.readQueues)).toHaveLength(8)
})

test('a new topic gets at most as many queues as wished and as the template has', async () => {
  known.set(
    'TBW102',
    routeOf([
      { name: 'a', queues: 8 },
      { name: 'b', queues: 2 },
    ]),
  )
  const route = await cache.writeRoute('New', TEMPLATE)
  expect(places(route?.writeQueues)).toEqual(['a:0', 'a:1', 'a:2', 'a:3', 'b:0', 'b:1'])
  expect(route).toMatchObject({ isTemplate: true, readQueues: [] })
  expect(asked).toEqual(['New', 'TBW102'])
  await cache.writeRoute('New', TEMPLATE)
  expect(asked).toHaveLength(2)
})

test('the route of a new topic gives way to its real one', async () => {
  known.set('TBW102', routeOf([{ name: 'a', queues: 8 }]))
  await cache.writeRoute('New', TEMPLATE)
  known.set('New', routeOf([{ name: 'a', queues: 2 }]))
  await cache.refresh('New')
  expect(cache.get('New')).toMatchObject({ isTemplate: false })
  expect(places(cache.get('New')?.writeQueues)).toEqual(['a:0', 'a:1'])
})

test('addresses come from all routes, the newest counts, and go with the last route', async () => {
  const at = (name: string, address: string): TopicRouteData =>
    routeOf([{ name, queues: 1, addresses: [[0, address]] }])
  known.set('T', at('a', 'old:1'))
  known.set('U', at('a', 'old:1'))
  known.set('V', at('b', 'b:1'))
  for (const topic of ['T', 'U', 'V']) await cache.refresh(topic)
  known.set('T', at('a', 'new:1'))
  await cache.refresh('T')
  expect(cache.masterAddress('a')).toBe('new:1')
  const sorted = (entries: readonly BrokerAddress[]): string[] =>
    entries.map(({ address }) => address).sort()
  expect(sorted(cache.addresses)).toEqual(['b:1', 'new:1'])
  cache.forget('V')
  expect(sorted(cache.addresses)).toEqual(['new:1'])
  expect(cache.address('a', 1)).toBeUndefined()
  expect(cache.brokersOf('U')).toEqual([{ brokerName: 'a', brokerId: 0, address: 'old:1' }])
})

test('a failed question is asked anew', async () => {
  let isDown = true
  const failing = new RouteCache({
    fetch: async () => {
      if (isDown) throw new Error('no name server')
      return routeOf([{ name: 'a', queues: 1 }])
    },
    onChange: () => undefined,
  })
  await expect(failing.refresh('T')).rejects.toThrow('no name server')
  isDown = false
  expect(places((await failing.refresh('T'))?.writeQueues)).toEqual(['a:0'])
})

test('a topic that is gone is kept while it is sent to, and forgotten then', async () => {
  known.set('T', routeOf([{ name: 'a', queues: 1 }]))
  known.set('U', routeOf([{ name: 'a', queues: 1 }]))
  await cache.writeRoute('T', TEMPLATE)
  await cache.writeRoute('U', TEMPLATE)
  known.delete('T')
  await cache.refresh('T')
  await cache.refresh('U')
  cache.forgetGone()
  expect(cache.topics).toEqual(['T', 'U'])
  await cache.writeRoute('T', TEMPLATE)
  cache.forgetGone()
  expect(cache.topics).toEqual(['T', 'U'])
  cache.forgetGone()
  expect(cache.topics).toEqual(['U'])
})

test('a topic that comes back is kept', async () => {
  known.set('T', routeOf([{ name: 'a', queues: 1 }]))
  await cache.writeRoute('T', TEMPLATE)
  cache.forgetGone()
  const data = known.get('T')!
  known.delete('T')
  await cache.refresh('T')
  known.set('T', data)
  await cache.refresh('T')
  cache.forgetGone()
  expect(cache.topics).toEqual(['T'])
})
