/**
 * Goal: a route names the brokers of a topic as the asking peer reaches them.
 * Method: a route table filled by hand.
 */
import { beforeEach, expect, test } from 'vitest'
import { routeOf, withinZone } from '../../../net/namesrv/route-answer.ts'
import { RouteTable } from '../../../net/namesrv/route-table.ts'
import type { TopicRouteData } from '../../../net/protocol/topic-route.ts'
import { registration, slaveRegistration } from './registrations.ts'

let table: RouteTable
beforeEach(() => {
  table = new RouteTable(() => 0)
})

const plainly = { addressFor: (address: string) => address, supportActingMaster: false }
const acting = { ...plainly, supportActingMaster: true }

function brokersOf(route: TopicRouteData | undefined): Map<number, string>[] | undefined {
  return route?.brokerDatas.map(({ brokerAddrs }) => brokerAddrs)
}

test('a topic that no broker has, has no route', () => {
  table.register(registration(), false)
  expect(routeOf(table, 'nowhere', plainly)).toBeUndefined()
})

test('a route has the queues and all addresses of its brokers', () => {
  table.register(registration({ zoneName: 'east' }), false)
  table.register(slaveRegistration(1, { zoneName: 'east' }), false)
  expect(routeOf(table, 'topic-1', plainly)).toEqual({
    brokerDatas: [
      {
        brokerAddrs: new Map([
          [0, '192.0.2.1:10911'],
          [1, '192.0.2.2:10911'],
        ]),
        brokerName: 'broker-a',
        cluster: 'cluster-1',
        enableActingMaster: false,
        zoneName: 'east',
      },
    ],
    filterServerTable: new Map(),
    orderTopicConf: undefined,
    queueDatas: [
      { brokerName: 'broker-a', perm: 6, readQueueNums: 8, topicSysFlag: 0, writeQueueNums: 8 },
    ],
    topicQueueMappingByBroker: undefined,
  })
})

test('every address goes through the mapping for the peer, filter servers included', () => {
  table.register(registration({ filterServers: ['192.0.2.1:30000'] }), false)
  const addressFor = (address: string): string => address.replace('192.0.2.1', '203.0.113.7')
  const route = routeOf(table, 'topic-1', { ...plainly, addressFor })
  expect(brokersOf(route)).toEqual([new Map([[0, '203.0.113.7:10911']])])
  expect(route?.filterServerTable).toEqual(new Map([['203.0.113.7:10911', ['192.0.2.1:30000']]]))
})

test('filter servers stay until a registration says otherwise', () => {
  table.register(registration({ filterServers: ['192.0.2.1:30000'] }), false)
  table.register(registration({ filterServers: undefined }), false)
  expect(routeOf(table, 'topic-1', plainly)?.filterServerTable.size).toBe(1)
  table.register(registration({ filterServers: [] }), false)
  expect(routeOf(table, 'topic-1', plainly)?.filterServerTable.size).toBe(0)
})

test('the lowest slave is shown as master when its group may act and lost its master', () => {
  const group = { enableActingMaster: true }
  table.register(registration(group), false)
  table.register(slaveRegistration(2, group), false)
  table.register(slaveRegistration(1, group), false)
  table.unregister('broker-a', '192.0.2.1:10911')
  const slaves = new Map([
    [2, '192.0.2.3:10911'],
    [1, '192.0.2.2:10911'],
  ])
  expect(brokersOf(routeOf(table, 'topic-1', plainly))).toEqual([slaves])
  expect(brokersOf(routeOf(table, 'topic-1', acting))).toEqual([
    new Map([
      [2, '192.0.2.3:10911'],
      [0, '192.0.2.2:10911'],
    ]),
  ])
})

test('no slave is shown as master while its topics can be written to', () => {
  const group = { enableActingMaster: true }
  table.register(registration(group), false)
  table.register(slaveRegistration(1, group), false)
  table.unregister('broker-a', '192.0.2.1:10911')
  table.topics.addWritePermission('broker-a')
  const alone = new Map([[1, '192.0.2.2:10911']])
  expect(brokersOf(routeOf(table, 'topic-1', acting))).toEqual([alone])
})

test('brokers that look for their group see who is really there', () => {
  const topicName = 'rmq_sys_SYNC_BROKER_MEMBER_broker-a'
  const topics = registration().topics.map((topic) => ({ ...topic, topicName }))
  table.register(slaveRegistration(1, { enableActingMaster: true, topics: [...topics] }), false)
  const alone = new Map([[1, '192.0.2.2:10911']])
  expect(brokersOf(routeOf(table, topicName, acting))).toEqual([alone])
})

test('a zone has its own brokers and those groups elsewhere that lost their master', () => {
  const b = { brokerName: 'broker-b', brokerAddress: '192.0.2.21:10911', zoneName: 'west' }
  const c = { brokerName: 'broker-c', brokerAddress: '192.0.2.31:10911', zoneName: 'west' }
  table.register(registration({ zoneName: 'East', filterServers: ['192.0.2.1:30000'] }), false)
  table.register(registration({ ...b, filterServers: ['192.0.2.21:30000'] }), false)
  table.register(registration({ ...c }), false)
  table.register(slaveRegistration(1, { ...c, brokerAddress: '192.0.2.32:10911' }), false)
  table.unregister('broker-c', '192.0.2.31:10911')
  const route = routeOf(table, 'topic-1', plainly)
  expect(route?.queueDatas.length).toBe(3)
  const near = withinZone(route!, 'EAST')
  expect(near.brokerDatas.map(({ brokerName }) => brokerName)).toEqual(['broker-a', 'broker-c'])
  expect(near.queueDatas.map(({ brokerName }) => brokerName)).toEqual(['broker-a', 'broker-c'])
  expect([...near.filterServerTable.keys()]).toEqual(['192.0.2.1:10911'])
})
