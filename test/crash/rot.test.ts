/**
 * Files rot: bits flip, blocks are zeroed, doubled or swapped, files are cut, exchanged or gone. A
 * store that is opened then serves what is whole, or says by a code what is wrong and where. It
 * never crashes, never hangs, and never serves a record whose body does not match its checksum.
 */
import { cpSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { FileSystem } from '../../engine/file/file-system.ts'
import { MemoryDisk } from '../../engine/file/memory-file-system.ts'
import { nodeFileSystem } from '../../engine/file/node-file-system.ts'
import { runSeeds, seededTestTimeoutMs } from '../helpers/crash-lane.ts'
import { SeededRandom } from '../helpers/seeded-random.ts'
import { SteppedStore } from '../helpers/stepped-store.ts'
import {
  type ExpectedStore,
  storeFixtureNames,
  unpackStoreFixture,
} from '../helpers/store-fixtures.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { damageSomething } from './rot/damage.ts'
import { isWhole, readDamaged, type Served, type StoreToRead } from './rot/damaged-store.ts'

const OPTIONS = {
  segmentBytes: 16 * 1024,
  messageBytesMax: 8 * 1024,
  consumeQueueFileBytes: 20 * 32,
  indexSlotCount: 16,
  indexEntryCount: 64,
} as const
const QUEUES = ['A', 'B'].flatMap((topic) => [0, 1].map((queueId) => ({ topic, queueId })))
const KEYS = ['A', 'B'].flatMap((topic) => ['k0', 'k1', 'k2'].map((key) => ({ topic, key })))
const MESSAGES = 150
const MEMORY_RUNS = 1500
const DISK_RUNS = 60
const FIXTURE_RUNS = 12

/** Every body. */
type Sent = Set<string>

function makeStore(files: FileSystem, root: string, random: SeededRandom): Sent {
  const sent: Sent = new Set()
  const stepped = new SteppedStore(files, root, OPTIONS)
  for (let index = 0; index < MESSAGES; index += 1) {
    const queue = random.pick(QUEUES)
    const body = `${index}:${'b'.repeat(random.below(300))}`
    stepped.append({ ...queue, body, keys: `k${random.below(3)}` })
    sent.add(body)
    if (random.below(20) === 0) stepped.syncQueues()
  }
  if (random.below(2) === 0) stepped.close()
  else {
    stepped.reput()
    stepped.kill()
  }
  return sent
}

function checkServed(served: readonly Served[], sent: Sent, what: string): void {
  for (const { queue, message } of served) {
    const place = `${message.topic}/${message.queueId}#${message.queueOffset}`
    expect(isWhole(message), `${what}: the checksum of ${place}`).toBe(true)
    expect(`${message.topic}/${message.queueId}`, what).toBe(queue)
    // The checksum covers the body alone: a record may be whole and lie about its own number.
    expect(sent, `${what}: ${place}`).toContain(message.body.toString())
  }
}

function rot(files: FileSystem, root: string, seed: number): void {
  const random = new SeededRandom(seed)
  const sent = makeStore(files, root, random)
  const damages: string[] = []
  for (let count = random.below(3); count >= 0; count -= 1) {
    damages.push(damageSomething(files, root, random))
  }
  const what = damages.join(', ')
  const store: StoreToRead = { files, root, options: OPTIONS, queues: QUEUES, keys: KEYS }
  try {
    const { served } = readDamaged(store)
    checkServed(served, sent, what)
  } catch (error) {
    throw new Error(`after ${what}: ${String(error)}`, { cause: error })
  }
}

describe('a store whose files rot', () => {
  it(
    'serves what is whole, and says what is not, in memory (seeded)',
    () => {
      const runs = runSeeds({ count: MEMORY_RUNS, name: 'rot' }, (seed) => {
        rot(new MemoryDisk(), '/store', seed)
      })
      expect(runs).toBeGreaterThan(0)
    },
    seededTestTimeoutMs,
  )

  it(
    'serves what is whole, and says what is not, on a real disk under mappings (seeded)',
    () => {
      const runs = runSeeds({ count: DISK_RUNS, name: 'rot' }, (seed) => {
        using folder = temporaryFolder('rot')
        rot(nodeFileSystem(), join(folder.path, 'store'), seed)
      })
      expect(runs).toBeGreaterThan(0)
    },
    seededTestTimeoutMs,
  )

  it.each(storeFixtureNames)(
    'was written by Java: %s (seeded)',
    async (name) => {
      await using fixture = await unpackStoreFixture(name)
      const { settings } = fixture.expected
      const runs = runSeeds({ count: FIXTURE_RUNS, name: 'rot' }, (seed) => {
        using folder = temporaryFolder('rot')
        cpSync(fixture.directory, folder.path, { recursive: true })
        rotFixture(folder.path, fixture.expected, settings, new SeededRandom(seed))
      })
      expect(runs).toBeGreaterThan(0)
      expect(readdirSync(fixture.directory)).not.toEqual([])
    },
    seededTestTimeoutMs,
  )
})

function rotFixture(
  root: string,
  expected: ExpectedStore,
  settings: ExpectedStore['settings'],
  random: SeededRandom,
): void {
  const files = nodeFileSystem()
  const what = ['commitlog', 'consumequeue', 'index']
    .filter((folder) => files.list(join(root, folder)).length > 0)
    .map((folder) => damageSomething(files, join(root, folder), random))
    .join(', ')
  const options = {
    segmentBytes: settings.mappedFileSizeCommitLog,
    consumeQueueFileBytes: settings.mappedFileSizeConsumeQueue,
    indexSlotCount: settings.maxHashSlotNum,
    indexEntryCount: settings.maxIndexNum,
  }
  const queues = expected.queues.map(({ topic, queueId }) => ({ topic, queueId }))
  try {
    const { served } = readDamaged({ files, root, options, queues, keys: [] })
    for (const { message } of served) {
      expect(isWhole(message), `${what}: ${message.physicalOffset}`).toBe(true)
    }
  } catch (error) {
    throw new Error(`after ${what}: ${String(error)}`, { cause: error })
  }
}
