/**
 * Goal: members of a group that are of different makes come to the same division of the queues.
 * Method: divisions that RocketMQ 5.5.0's strategies made, and the rules that divisions keep.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { shareOf } from '../../../../net/client/allocation/strategy.ts'
import {
  type AllocateStrategy,
  allocateAveragely,
  allocateByCircle,
  allocateByConfig,
  allocateByConsistentHash,
  allocateByMachineRoom,
  allocateNearby,
  type MachineRooms,
} from '../../../../net/client/index.ts'
import type { MessageQueue } from '../../../../net/client/message-queue.ts'
import { packageRoot } from '../../../../scripts/java/package-root.ts'
import { SeededRandom } from '../../../helpers/seeded-random.ts'

interface JavaDivision {
  readonly strategy: string
  readonly virtualNodes?: number
  readonly queueCounts: Record<string, number>
  readonly clientIds: readonly string[]
  /** Client id to `broker:queueId`. */
  readonly shares: Record<string, readonly string[]>
}

const path = join(packageRoot, 'test/fixtures/client/allocations-5.5.0.json')
const divisions = JSON.parse(readFileSync(path, 'utf8')) as JavaDivision[]

/** As the program that made the divisions says. */
const ROOMS: MachineRooms = {
  ofBroker: ({ brokerName }) => brokerName.split('@')[0]!,
  ofClient: (clientId) => clientId.slice(clientId.lastIndexOf('-') + 1),
}

const STRATEGIES: Record<string, (division: JavaDivision) => AllocateStrategy> = {
  AVG: () => allocateAveragely,
  AVG_BY_CIRCLE: () => allocateByCircle,
  CONSISTENT_HASH: ({ virtualNodes }) => allocateByConsistentHash(virtualNodes),
  MACHINE_ROOM: () => allocateByMachineRoom(['east', 'west']),
  'MACHINE_ROOM_NEARBY-AVG': () => allocateNearby(allocateAveragely, ROOMS),
  'MACHINE_ROOM_NEARBY-AVG_BY_CIRCLE': () => allocateNearby(allocateByCircle, ROOMS),
}

function queuesOf(queueCounts: Record<string, number>): MessageQueue[] {
  return Object.entries(queueCounts).flatMap(([brokerName, count]) =>
    Array.from({ length: count }, (_, queueId) => ({ topic: 'T', brokerName, queueId })),
  )
}

function namesOf(
  strategy: AllocateStrategy,
  clientId: string,
  queues: readonly MessageQueue[],
  clientIds: readonly string[],
): string[] {
  const share = shareOf(strategy, { group: 'G', clientId, queues, clientIds })
  return share.map(({ brokerName, queueId }) => `${brokerName}:${queueId}`)
}

test.each(Object.entries(STRATEGIES))(
  '%s gives every share that Java gives',
  (name, strategyOf) => {
    const ofStrategy = divisions.filter(({ strategy }) => strategy === name)
    expect(ofStrategy.length).toBeGreaterThanOrEqual(24)
    for (const division of ofStrategy) {
      const { clientIds, queueCounts, shares } = division
      const strategy = strategyOf(division)
      expect(strategy.name).toBe(name)
      const queues = queuesOf(queueCounts).reverse()
      for (const clientId of clientIds) {
        expect(namesOf(strategy, clientId, queues, clientIds)).toEqual(shares[clientId])
      }
    }
  },
)

test('the fixture holds no strategy that is not tried', () => {
  const names = new Set(divisions.map(({ strategy }) => strategy))
  expect([...names].sort()).toEqual(Object.keys(STRATEGIES).sort())
})

test.each(Object.entries(STRATEGIES))('%s gives a client that is not listed nothing', (_, of) => {
  const strategy = of({ virtualNodes: 10 } as JavaDivision)
  expect(namesOf(strategy, 'd-east', queuesOf({ east: 4 }), ['b-east', 'c-west'])).toEqual([])
})

test.each([
  ['averagely', allocateAveragely],
  ['by circle', allocateByCircle],
  ['by consistent hash', allocateByConsistentHash()],
  ['nearby', allocateNearby(allocateAveragely, ROOMS)],
])('%s: each queue goes to exactly one client', (name, strategy) => {
  const random = new SeededRandom(7)
  for (let round = 0; round < 200; round += 1) {
    const queues = queuesOf({ a: random.below(20), b: random.below(20) })
    const rooms = ['a', 'b', 'c']
    const clientIds = Array.from(
      { length: 1 + random.below(9) },
      (_, index) => `c${index}-${rooms[random.below(rooms.length)]}`,
    )
    const shares = clientIds.map((clientId) => namesOf(strategy, clientId, queues, clientIds))
    expect(shares.flat().sort()).toEqual(
      queues.map(({ brokerName, queueId }) => `${brokerName}:${queueId}`).sort(),
    )
    const counts = shares.map((share) => share.length)
    if (name.startsWith('averagely') || name.startsWith('by circle')) {
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
    }
  }
})

test('few queues move when a member leaves a consistent hash', () => {
  const strategy = allocateByConsistentHash()
  const queues = queuesOf({ a: 60 })
  const clientIds = ['a', 'b', 'c', 'd']
  const before = new Map(clientIds.map((id) => [id, namesOf(strategy, id, queues, clientIds)]))
  for (const id of ['a', 'b', 'c']) {
    const after = namesOf(strategy, id, queues, ['a', 'b', 'c'])
    expect(after).toEqual(expect.arrayContaining(before.get(id)!))
  }
})

test('by config each member has what is listed, and the retry queues are divided', () => {
  const queues = queuesOf({ a: 4 })
  const strategy = allocateByConfig([queues[1]!, queues[3]!, { ...queues[0]!, topic: 'U' }])
  expect(namesOf(strategy, 'x', queues, ['x', 'y'])).toEqual(['a:1', 'a:3'])
  const retries = queues.map((queue) => ({ ...queue, topic: '%RETRY%G' }))
  expect(namesOf(strategy, 'y', retries, ['x', 'y'])).toEqual(['a:2', 'a:3'])
})

test('a room without a name is refused', () => {
  const strategy = allocateNearby(allocateAveragely, { ...ROOMS, ofClient: () => '' })
  expect(() => namesOf(strategy, 'x', queuesOf({ a: 1 }), ['x'])).toThrow(
    expect.objectContaining({ code: 'CLIENT_OPTION_INVALID' }),
  )
})
