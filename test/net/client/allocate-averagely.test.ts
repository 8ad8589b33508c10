/**
 * Goal: members of a group that are of different makes come to the same division of the queues.
 * Method: divisions that RocketMQ 5.5.0's AllocateMessageQueueAveragely made, and the rules that
 * every division keeps.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { allocateAveragely } from '../../../net/client/allocate-averagely.ts'
import type { MessageQueue } from '../../../net/client/message-queue.ts'
import { packageRoot } from '../../../scripts/java/package-root.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'

interface Division {
  readonly queueCounts: Record<string, number>
  readonly clientIds: readonly string[]
  /** Client id to `broker:queueId`. */
  readonly shares: Record<string, readonly string[]>
}

const path = join(packageRoot, 'test/fixtures/client/allocate-averagely-5.5.0.json')
const divisions = JSON.parse(readFileSync(path, 'utf8')) as Division[]

function queuesOf(queueCounts: Record<string, number>): MessageQueue[] {
  return Object.entries(queueCounts).flatMap(([brokerName, count]) =>
    Array.from({ length: count }, (_, queueId) => ({ topic: 'T', brokerName, queueId })),
  )
}

function shareOf(clientId: string, queues: readonly MessageQueue[], clientIds: readonly string[]) {
  return allocateAveragely(clientId, queues, clientIds).map(
    ({ brokerName, queueId }) => `${brokerName}:${queueId}`,
  )
}

test('every share is the one that Java computes', () => {
  expect(divisions.length).toBe(20)
  for (const { queueCounts, clientIds, shares } of divisions) {
    const queues = queuesOf(queueCounts).reverse()
    for (const clientId of clientIds) {
      expect(shareOf(clientId, queues, clientIds)).toEqual(shares[clientId])
    }
  }
})

test('a client that the brokers do not list gets nothing', () => {
  expect(shareOf('d', queuesOf({ a: 4 }), ['b', 'c'])).toEqual([])
})

test('each queue goes to exactly one client, and shares differ by one at most', () => {
  const random = new SeededRandom(7)
  for (let round = 0; round < 200; round += 1) {
    const queues = queuesOf({ a: random.below(20), b: random.below(20) })
    const clientIds = Array.from({ length: 1 + random.below(9) }, (_, index) => `c${index}`)
    const shares = clientIds.map((clientId) => shareOf(clientId, queues, clientIds))
    expect(shares.flat().sort()).toEqual(
      queues.map(({ brokerName, queueId }) => `${brokerName}:${queueId}`).sort(),
    )
    const counts = shares.map((share) => share.length)
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
  }
})
