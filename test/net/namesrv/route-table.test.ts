/**
 * Goal: the route table holds what brokers registered, and nothing of those that are gone.
 * Method: registrations by hand, and a clock that the test moves.
 */
import { beforeEach, expect, test } from 'vitest'
import { RouteTable } from '../../../net/namesrv/route-table.ts'
import { PERMISSION } from '../../../net/protocol/topic-route.ts'
import {
  registration,
  slaveRegistration,
  someOwner,
  topicConfig,
  VERSION_1,
  VERSION_2,
} from './registrations.ts'

let nowMs = 0
let table: RouteTable

beforeEach(() => {
  nowMs = 1_000
  table = new RouteTable(() => nowMs)
})

const BROKER_A = {
  clusterName: 'cluster-1',
  brokerName: 'broker-a',
  brokerAddress: '192.0.2.1:10911',
}

function register(...registrations: ReturnType<typeof registration>[]): void {
  for (const one of registrations) {
    expect(table.register(one, false).kind).toBe('registered')
  }
}

function permOf(topic: string, brokerName = 'broker-a'): number | undefined {
  return table.topics.queuesOf(topic)?.get(brokerName)?.perm
}

test('a first registration brings the broker, its cluster and its topics', () => {
  const outcome = table.register(registration(), false)
  expect(outcome).toEqual({
    kind: 'registered',
    isNew: true,
    master: undefined,
    minBrokerIdChange: undefined,
  })
  expect(table.clusters()).toEqual(new Map([['cluster-1', new Set(['broker-a'])]]))
  expect(table.group('broker-a')?.addresses()).toEqual(new Map([[0, '192.0.2.1:10911']]))
  expect(table.topics.topics()).toEqual(['topic-1', 'topic-2'])
  expect(table.topics.queuesOf('topic-1')?.get('broker-a')).toEqual({
    brokerName: 'broker-a',
    readQueueNums: 8,
    writeQueueNums: 8,
    perm: 6,
    topicSysFlag: 0,
  })
  expect(table.dataVersionOf(BROKER_A)).toEqual(VERSION_1)
})

test('a single topic before all of them is refused and leaves nothing behind', () => {
  const single = registration({ topics: [topicConfig('topic-1')] })
  expect(table.register(single, false)).toEqual({ kind: 'premature' })
  expect(table.clusters().size).toBe(0)
  expect(table.groups()).toEqual([])
  expect(table.topics.topics()).toEqual([])
})

test('a single topic after all of them is added to them', () => {
  register(
    registration(),
    registration({ topics: [topicConfig('topic-3')], dataVersion: VERSION_2 }),
  )
  expect(table.topics.topics()).toEqual(['topic-1', 'topic-2', 'topic-3'])
  expect(table.dataVersionOf(BROKER_A)).toEqual(VERSION_2)
})

test('topics change with the data version only, so a wiped permission stays wiped', () => {
  register(registration())
  expect(table.topics.wipeWritePermission('broker-a')).toBe(2)
  const changedTopics = [topicConfig('topic-1', { readQueueNums: 4 }), topicConfig('topic-2')]
  register(registration({ topics: changedTopics }))
  expect(permOf('topic-1')).toBe(PERMISSION.READ)
  register(registration({ topics: changedTopics, dataVersion: VERSION_2 }))
  expect(permOf('topic-1')).toBe(6)
  expect(table.topics.queuesOf('topic-1')?.get('broker-a')?.readQueueNums).toBe(4)
})

test('a topic that the name server lost comes back with the same data version', () => {
  register(registration())
  table.deleteTopic('topic-1', undefined)
  expect(table.topics.topics()).toEqual(['topic-2'])
  register(registration())
  expect(table.topics.topics()).toEqual(['topic-2', 'topic-1'])
})

test('topics that a registration leaves out are forgotten only when that is asked for', () => {
  register(registration())
  const fewer = [topicConfig('topic-2'), topicConfig('topic-3')]
  table.register(registration({ topics: fewer, dataVersion: VERSION_2 }), false)
  expect(table.topics.topics()).toEqual(['topic-1', 'topic-2', 'topic-3'])
  table.register(registration({ topics: fewer, dataVersion: VERSION_2 }), true)
  expect(table.topics.topics()).toEqual(['topic-2', 'topic-3'])
})

test('write permission is added as readable and writable, whatever else there was', () => {
  register(registration({ topics: [topicConfig('TBW102', { perm: 7 }), topicConfig('topic-1')] }))
  expect(table.topics.addWritePermission('broker-a')).toBe(2)
  expect(permOf('TBW102')).toBe(PERMISSION.READ | PERMISSION.WRITE)
  expect(table.topics.addWritePermission('broker-z')).toBe(0)
})

test('a slave is told its master, and its topics do not count', () => {
  register(registration())
  const slave = slaveRegistration(1, { topics: [topicConfig('topic-1'), topicConfig('topic-9')] })
  const outcome = table.register(slave, false)
  expect(outcome).toMatchObject({
    kind: 'registered',
    master: { brokerAddress: '192.0.2.1:10911', haServerAddress: '192.0.2.1:10912' },
  })
  expect(table.topics.topics()).toEqual(['topic-1', 'topic-2'])
})

test('a slave of the old kind without master brings no topics', () => {
  register(slaveRegistration(1))
  expect(table.topics.topics()).toEqual([])
})

test('the lowest slave without master brings its topics read-only when it may act', () => {
  register(slaveRegistration(1, { enableActingMaster: true }))
  expect(permOf('topic-1')).toBe(PERMISSION.READ)
  register(
    slaveRegistration(2, {
      enableActingMaster: true,
      topics: [topicConfig('t3'), topicConfig('t4')],
    }),
  )
  expect(table.topics.topics()).toEqual(['topic-1', 'topic-2'])
})

test('a master that leaves an acting group leaves it read-only', () => {
  const acting = { enableActingMaster: true }
  register(registration(acting), slaveRegistration(1, acting), slaveRegistration(2, acting))
  const departure = table.unregister('broker-a', '192.0.2.1:10911')
  expect(permOf('topic-1')).toBe(PERMISSION.READ)
  expect(departure?.minBrokerIdChange).toEqual({
    brokerName: 'broker-a',
    minBrokerId: 1,
    minBrokerAddress: '192.0.2.2:10911',
    offlineBrokerAddress: '192.0.2.1:10911',
    haBrokerAddress: undefined,
    recipients: ['192.0.2.2:10911', '192.0.2.3:10911'],
  })
})

test('a master that leaves an ordinary group leaves it writable', () => {
  register(registration(), slaveRegistration(1))
  const departure = table.unregister('broker-a', '192.0.2.1:10911')
  expect(permOf('topic-1')).toBe(6)
  expect(departure?.minBrokerIdChange).toBeUndefined()
})

test('a new lowest broker is announced to the others', () => {
  register(slaveRegistration(1), slaveRegistration(2))
  const outcome = table.register(registration(), false)
  expect(outcome).toMatchObject({
    minBrokerIdChange: {
      minBrokerId: 0,
      minBrokerAddress: '192.0.2.1:10911',
      offlineBrokerAddress: undefined,
      haBrokerAddress: '192.0.2.1:10912',
      recipients: ['192.0.2.2:10911', '192.0.2.3:10911'],
    },
  })
})

test('a slave that becomes master leaves its old id', () => {
  register(registration(), slaveRegistration(1))
  table.unregister('broker-a', '192.0.2.1:10911')
  register(slaveRegistration(1, { brokerId: 0 }))
  expect(table.group('broker-a')?.addresses()).toEqual(new Map([[0, '192.0.2.2:10911']]))
})

test('an id goes to a new address unless the old one has the newer state', () => {
  register(registration({ dataVersion: { ...VERSION_1, stateVersion: 5 } }))
  const rival = registration({
    brokerAddress: '192.0.2.9:10911',
    dataVersion: { ...VERSION_1, stateVersion: 4 },
  })
  expect(table.register(rival, false)).toMatchObject({
    kind: 'conflict',
    holder: { brokerAddress: '192.0.2.1:10911' },
  })
  expect(table.group('broker-a')?.addresses()).toEqual(new Map([[0, '192.0.2.1:10911']]))
  register({ ...rival, dataVersion: { ...VERSION_1, stateVersion: 5 } })
  expect(table.group('broker-a')?.addresses()).toEqual(new Map([[0, '192.0.2.9:10911']]))
  expect(table.dataVersionOf(BROKER_A)).toBeUndefined()
})

test('a broker that is refused its new id is not kept under the old one', () => {
  register(registration({ dataVersion: { ...VERSION_1, stateVersion: 5 } }), slaveRegistration(1))
  expect(table.register(slaveRegistration(1, { brokerId: 0 }), false).kind).toBe('conflict')
  expect(table.group('broker-a')?.addresses()).toEqual(new Map([[0, '192.0.2.1:10911']]))
})

test('the last broker of a name takes its topics and its cluster along', () => {
  const other = {
    clusterName: 'cluster-2',
    brokerName: 'broker-b',
    brokerAddress: '192.0.2.5:10911',
  }
  register(
    registration(),
    registration({ ...other, topics: [topicConfig('topic-2'), topicConfig('topic-3')] }),
  )
  expect(table.unregister('broker-a', '192.0.2.1:10911')?.member.brokerName).toBe('broker-a')
  expect(table.topics.topics()).toEqual(['topic-2', 'topic-3'])
  expect([...(table.topics.queuesOf('topic-2')?.keys() ?? [])]).toEqual(['broker-b'])
  expect(table.clusters()).toEqual(new Map([['cluster-2', new Set(['broker-b'])]]))
  expect(table.unregister('broker-a', '192.0.2.1:10911')).toBeUndefined()
  expect(table.unregister('broker-b', '192.0.2.77:10911')).toBeUndefined()
})

test('a broker expires after its own timeout, which every sign of life restarts', () => {
  register(registration({ heartbeatTimeoutMs: 10_000 }), slaveRegistration(1))
  nowMs += 10_000
  expect(table.expire()).toEqual([])
  table.touch(BROKER_A)
  nowMs += 10_000
  expect(table.expire()).toEqual([])
  nowMs += 1
  expect(table.expire().map(({ member }) => member.brokerAddress)).toEqual(['192.0.2.1:10911'])
  nowMs += 100_000
  expect(table.expire().map(({ member }) => member.brokerAddress)).toEqual(['192.0.2.2:10911'])
  expect(table.groups()).toEqual([])
})

test('a sign of life of an unknown broker is ignored', () => {
  register(registration({ heartbeatTimeoutMs: 10_000 }))
  nowMs += 10_001
  table.touch({ ...BROKER_A, clusterName: 'cluster-9' })
  table.touch({ ...BROKER_A, brokerAddress: '192.0.2.9:10911' })
  expect(table.expire().length).toBe(1)
})

test('all brokers of a lost connection are gone, and only those', () => {
  const shared = someOwner()
  register(
    registration({ owner: shared }),
    slaveRegistration(1),
    registration({ brokerName: 'broker-b', brokerAddress: '192.0.2.8:10911', owner: shared }),
  )
  expect(table.hasBrokerOf(shared)).toBe(true)
  expect(table.ownerGone(shared).map(({ member }) => member.brokerName)).toEqual([
    'broker-a',
    'broker-b',
  ])
  expect(table.hasBrokerOf(shared)).toBe(false)
  expect(table.group('broker-a')?.addresses()).toEqual(new Map([[1, '192.0.2.2:10911']]))
})

test('a broker that registered anew over another connection outlives the old one', () => {
  const before = someOwner()
  register(registration({ owner: before }), registration())
  expect(table.ownerGone(before)).toEqual([])
  expect(table.groups().length).toBe(1)
})

test('an administrator adds queues on known brokers only', () => {
  register(registration())
  const queues = {
    brokerName: 'broker-a',
    readQueueNums: 4,
    writeQueueNums: 4,
    perm: 6,
    topicSysFlag: 0,
  }
  expect(table.registerTopic('extra', [queues])).toBe(true)
  expect(table.topics.queuesOf('extra')?.get('broker-a')).toEqual(queues)
  expect(table.registerTopic('other', [queues, { ...queues, brokerName: 'broker-z' }])).toBe(false)
  expect(table.topics.queuesOf('other')).toBeUndefined()
})

test('a topic is deleted in one cluster or in all', () => {
  const other = {
    clusterName: 'cluster-2',
    brokerName: 'broker-b',
    brokerAddress: '192.0.2.5:10911',
  }
  register(registration(), registration(other))
  table.deleteTopic('topic-1', 'cluster-2')
  expect([...(table.topics.queuesOf('topic-1')?.keys() ?? [])]).toEqual(['broker-a'])
  table.deleteTopic('topic-1', 'cluster-9')
  expect(table.topics.queuesOf('topic-1')?.size).toBe(1)
  table.deleteTopic('topic-2', undefined)
  expect(table.topics.topics()).toEqual(['topic-1'])
})

test('lists of topics go by broker and by flag', () => {
  register(
    registration({
      topics: [
        topicConfig('plain'),
        topicConfig('unit', { topicSysFlag: 1 }),
        topicConfig('unit-sub', { topicSysFlag: 2 }),
      ],
    }),
  )
  expect(table.topics.topicsOn(new Set(['broker-a', 'broker-z'])).length).toBe(3)
  expect(table.topics.topicsOn(new Set(['broker-z']))).toEqual([])
  expect(table.topics.topicsWithFlags((flags) => flags === 2)).toEqual(['unit-sub'])
})

test('the mapping of a static topic is kept with its broker', () => {
  const mapping = {
    bname: 'broker-a',
    currIdMap: new Map([[0, 3]]),
    dirty: false,
    epoch: 1_700_000_000_000,
    scope: '__global__',
    topic: 'topic-1',
    totalQueues: 8,
  }
  register(registration({ mappings: new Map([['topic-1', mapping]]) }))
  expect(table.topics.mappingsOf('topic-1')).toEqual(new Map([['broker-a', mapping]]))
  // Topics that are left out stay: the mapping may send their queues elsewhere.
  table.register(registration({ topics: [], mappings: new Map([['topic-1', mapping]]) }), true)
  expect(table.topics.topics()).toEqual(['topic-1', 'topic-2'])
  table.unregister('broker-a', '192.0.2.1:10911')
  expect(table.topics.mappingsOf('topic-1')).toBeUndefined()
})
