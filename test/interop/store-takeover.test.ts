/**
 * Goal: a store changes hands between Apache RocketMQ and Agena again and again, killed amid sends
 * each time or with its oldest segments deleted, and nothing acknowledged is lost or moves.
 */
import { readdir, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Side } from './cluster.ts'
import { KnownSends, readAll } from './known-sends.ts'
import { describeSide, startCluster } from './lane.ts'
import { smallSegmentSettings, smallSegments } from './small-segments.ts'
import { Suite } from './suite.ts'

const TOPICS = ['Over-a', 'Over-b', 'Over-c'] as const
const QUEUE_COUNT = 2
const ACKNOWLEDGED_PER_LIFE = 400
const DELETED_SEGMENTS = 2
const LONG_AGO_MS = 30 * 24 * 60 * 60 * 1000
const TEST_TIMEOUT_MS = 240_000
const SIDES = ['agena', 'java', 'agena', 'agena', 'java'] as const

describeSide('agena', 'a store that changes hands', () => {
  const suite = new Suite('java', smallSegmentSettings)
  const sends = new KnownSends(TOPICS)
  const ends: Side[] = ['java']

  test(
    'keeps what was acknowledged, killed amid sends each time',
    async () => {
      for (const topic of TOPICS) await suite.createTopic(topic, QUEUE_COUNT)
      await killAmidSends(suite, sends)
      for (const side of SIDES) {
        await reopen(suite, side)
        const found = await readTopics(suite, sends.acknowledged.size)
        const lost = [...sends.acknowledged].filter(([place, body]) => found.get(place) !== body)
        expect(lost, `${side} after ${ends.join(', ')}`).toEqual([])
        await killAmidSends(suite, sends)
        ends.push(side)
      }
    },
    TEST_TIMEOUT_MS,
  )

  test(
    'goes on where Apache RocketMQ has deleted the oldest segments',
    async () => {
      await reopen(suite, 'java')
      const before = await readTopics(suite, sends.acknowledged.size)
      await suite.cluster.stop()
      const deleted = await deleteOldestSegments(suite)
      await reopen(suite, 'java')
      const kept = await readTopics(suite, before.size / 2)
      expect(kept.size).toBeLessThan(before.size)
      for (const [place, body] of kept) expect(before.get(place)).toBe(body)
      for (const end of ['stop', 'kill'] as const) {
        for (const side of ['agena', 'java'] as const) {
          await suite.cluster[end]()
          await reopen(suite, side)
          expect(await readTopics(suite, kept.size), `${side} after a ${end}`).toEqual(kept)
        }
      }
      const left = await segmentsOf(suite)
      expect(left.filter((name) => deleted.includes(name))).toEqual([])
    },
    TEST_TIMEOUT_MS,
  )
})

async function reopen(suite: Suite, side: Side): Promise<void> {
  const { dataDirectory } = suite.cluster
  const scratch = join(suite.scratch, 'peer')
  suite.cluster = await startCluster(side, {
    scratch,
    dataDirectory,
    settings: smallSegmentSettings,
  })
}

async function killAmidSends(suite: Suite, sends: KnownSends): Promise<void> {
  const { cluster } = suite
  await sends.sendUntil(cluster.nameServer, ACKNOWLEDGED_PER_LIFE, () => cluster.kill())
}

/** Everything there is, by its place; at least `countMin` messages. */
function readTopics(suite: Suite, countMin: number): Promise<ReadonlyMap<string, string>> {
  return readAll(suite.cluster.nameServer, TOPICS, countMin)
}

/** Makes the oldest segments look old and has Java's store delete what is; their names. */
async function deleteOldestSegments(suite: Suite): Promise<readonly string[]> {
  const { toolbox } = suite
  const { dataDirectory } = suite.cluster
  const oldest = (await segmentsOf(suite)).slice(0, DELETED_SEGMENTS)
  const longAgo = new Date(Date.now() - LONG_AGO_MS)
  for (const name of oldest) await utimes(join(dataDirectory, 'commitlog', name), longAgo, longAgo)
  const opened = await toolbox.openStore({ root: dataDirectory, settings: smallSegments })
  expect(opened.failure).toBeUndefined()
  await toolbox.cleanStore()
  await toolbox.closeStore()
  expect(await segmentsOf(suite)).not.toContain(oldest.at(-1))
  return oldest
}

async function segmentsOf(suite: Suite): Promise<readonly string[]> {
  return (await readdir(join(suite.cluster.dataDirectory, 'commitlog'))).sort()
}
