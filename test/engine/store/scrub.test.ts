/**
 * Goal: sealed segments get hashes, damaged ones never do, and what changes afterwards is found
 * with its block, topics and messages, wherever it is.
 * Method: stores that Apache RocketMQ wrote, and one of several blocks a segment.
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { UNPACED } from '../../../engine/base/pace.ts'
import { nodeFileSystem } from '../../../engine/file/node-file-system.ts'
import { segmentPath, storeLayout } from '../../../engine/file/store-layout.ts'
import {
  blockHashesPath,
  listHashedSegments,
  loadBlockHasher,
  loadBlockHashes,
  removeStaleHashes,
} from '../../../engine/store/block-hashes.ts'
import { describeDamage, reportDamage } from '../../../engine/store/damage-report.ts'
import { hashStep, scrubStep } from '../../../engine/store/scrub.ts'
import { checkSegment } from '../../../engine/store/segment-check.ts'
import { openStore } from '../../../workers/index.ts'
import { flipByte } from '../../helpers/damage.ts'
import { hashStore, scrubPlaceOf } from '../../helpers/hashed-store.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'
import { storeFixtureNames, unpackStoreFixture } from '../../helpers/store-fixtures.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const files = nodeFileSystem()
const hasher = await loadBlockHasher()
const MIB = 1024 * 1024
const WEEK_MS = 604_800_000
const WEEKLY = { intervalMs: WEEK_MS, nowMs: WEEK_MS }

/** Lets a walk take that many breaths. */
function stoppingAfter(count: number): { passed(): boolean } {
  let left = count
  return { passed: () => --left >= 0 }
}

test.each(storeFixtureNames)('%s: each sealed segment gets hashes that match', async (name) => {
  await using store = await unpackStoreFixture(name)
  const place = await hashStore(store.directory)
  const { startOffsets } = scrubPlaceOf(store.directory)
  const sealed = startOffsets.filter((startOffset) => startOffset < place.sealedOffset)
  expect(listHashedSegments(files, place.layout)).toEqual(sealed)
  for (const startOffset of sealed) {
    const segment = { ...place, startOffset, ending: 'sealed' } as const
    const check = checkSegment(files, hasher, segment, { pace: UNPACED })
    expect(check).toMatchObject({ hashes: 'compared', areRecordsRead: false, damages: [] })
  }
})

describe('a sealed segment with a changed byte', () => {
  test.each([1, 2, 3, 4])('anywhere is found, unlike by its checksums (seed %i)', async (seed) => {
    const random = new SeededRandom(seed)
    await using store = await unpackStoreFixture('plain')
    const place = await hashStore(store.directory)
    const sealed = store.expected.messages.filter((one) => one.physicalOffset < place.sealedOffset)
    const message = random.pick(sealed)
    const startOffset = message.physicalOffset - (message.physicalOffset % place.segmentBytes)
    const file = segmentPath(place.layout.commitLog, startOffset)
    // The last byte of the properties: no checksum of RocketMQ's covers it.
    flipByte(file, message.physicalOffset + message.sizeBytes - 2 - startOffset)
    const segment = { ...place, startOffset, ending: 'sealed' } as const
    const check = checkSegment(files, hasher, segment, { pace: UNPACED })
    expect(check.damages).toEqual([
      {
        kind: 'block',
        offset: startOffset,
        endOffset: startOffset + place.segmentBytes,
        found: 'a block whose bytes are not those that were sealed',
      },
    ])
    const report = reportDamage(files, place.layout, startOffset, check.damages[0]!)
    const inSegment = sealed.filter((one) => {
      return one.physicalOffset >= startOffset && one.physicalOffset < startOffset + 65_536
    })
    const told = report.messages.map(({ topic, queueId, fromOffset, toOffset }) => {
      return [topic, queueId, toOffset - fromOffset]
    })
    for (const [topic, queueId, count] of told) {
      const stored = inSegment.filter((one) => one.topic === topic && one.queueId === queueId)
      expect(stored.length).toBe(count)
    }
    expect(told.reduce((sum, [, , count]) => sum + Number(count), 0)).toBe(inSegment.length)
    expect(describeDamage(report)).toContain(`${file} is damaged from byte 0 on: a block whose`)
    rmSync(blockHashesPath(place.layout, startOffset))
    expect(checkSegment(files, hasher, segment, { pace: UNPACED }).damages).toEqual([])
  })

  test('in its third block names that block and the messages that reach into it', async () => {
    using folder = temporaryFolder('scrub')
    const store = await openStore(folder.path, { segmentBytes: 9 * MIB })
    const body = Buffer.alloc(300_000, 7)
    const messages = Array.from({ length: 40 }, (_, index) => ({ topic: `T${index % 2}`, body }))
    await store.appendBatch(messages)
    await store.close()
    const place = await hashStore(folder.path)
    expect(loadBlockHashes(files, place.layout, { ...place, startOffset: 0 })).toMatchObject({
      blockBytes: 4 * MIB,
      hashes: [expect.any(String), expect.any(String), expect.any(String)],
    })
    flipByte(segmentPath(place.layout.commitLog, 0), 8 * MIB + 100)
    const segment = { ...place, startOffset: 0, ending: 'sealed' } as const
    const { damages } = checkSegment(files, hasher, segment, { pace: UNPACED })
    const [record, block] = damages
    expect(block).toMatchObject({ kind: 'block', offset: 8 * MIB, endOffset: 9 * MIB })
    // The body of the record that lies across the block's start does not match its checksum.
    expect(record).toMatchObject({ kind: 'record' })
    expect(record!.offset).toBeLessThan(8 * MIB)
    const { messages: ranges } = reportDamage(files, place.layout, 0, block!)
    const count = ranges.reduce((sum, range) => sum + range.toOffset - range.fromOffset, 0)
    const recordBytes = record!.endOffset - record!.offset
    const perSegment = Math.floor((9 * MIB - 8) / recordBytes)
    expect(count).toBe(perSegment - Math.floor((8 * MIB) / recordBytes))
  })
})

describe('hashing', () => {
  const wanted = { trustedOffset: Number.MAX_SAFE_INTEGER, damaged: [] }

  test('leaves out a segment that is damaged already, and says so', async () => {
    await using store = await unpackStoreFixture('plain')
    const place = scrubPlaceOf(store.directory)
    const [message] = store.expected.messages.filter(({ bodyBytes }) => bodyBytes > 0)
    flipByte(segmentPath(place.layout.commitLog, 0), message!.physicalOffset + 88)
    const found: object[] = []
    const damaged: number[] = []
    for (;;) {
      const trustedOffset = place.sealedOffset
      const step = hashStep(files, hasher, { ...place, trustedOffset, damaged }, UNPACED)
      if (step.kind === 'idle') break
      if (step.kind !== 'damaged') continue
      damaged.push(step.startOffset)
      found.push(...step.damages)
    }
    const { topic, queueId, queueOffset } = message!
    const range = { topic, queueId, fromOffset: queueOffset, toOffset: queueOffset + 1 }
    expect(found).toMatchObject([{ kind: 'record', messages: [range] }])
    expect(listHashedSegments(files, place.layout)).not.toContain(0)
  })

  test('begins with the newest, stops where it is told to and goes on there', async () => {
    await using store = await unpackStoreFixture('plain')
    const place = scrubPlaceOf(store.directory)
    expect(hashStep(files, hasher, { ...place, ...wanted }, stoppingAfter(0)).kind).toBe('stopped')
    expect(listHashedSegments(files, place.layout)).toEqual([])
    const startOffset = place.sealedOffset - place.segmentBytes
    expect(hashStep(files, hasher, { ...place, ...wanted }, UNPACED)).toEqual({
      kind: 'hashed',
      startOffset,
    })
    expect(listHashedSegments(files, place.layout)).toEqual([startOffset])
  })

  test('forgets segments that expired, and those that are written again', async () => {
    await using store = await unpackStoreFixture('plain')
    const place = await hashStore(store.directory)
    rmSync(segmentPath(place.layout.commitLog, 0))
    expect(hashStep(files, hasher, { ...place, ...wanted }, UNPACED).kind).toBe('idle')
    expect(listHashedSegments(files, place.layout)).toEqual([place.segmentBytes])
    removeStaleHashes(files, place.layout, [place.segmentBytes], place.segmentBytes)
    expect(listHashedSegments(files, place.layout)).toEqual([])
  })
})

describe('scrubbing', () => {
  test('goes from segment to segment, over a restart too, and waits for the next', async () => {
    await using store = await unpackStoreFixture('plain')
    const place = { ...(await hashStore(store.directory)), ...WEEKLY }
    const second = segmentPath(place.layout.commitLog, place.segmentBytes)
    flipByte(second, place.segmentBytes - 1)
    expect(scrubStep(files, hasher, place, UNPACED)).toEqual({
      kind: 'scrubbed',
      startOffset: 0,
      damages: [],
    })
    expect(scrubStep(files, hasher, place, stoppingAfter(0)).kind).toBe('stopped')
    expect(scrubStep(files, hasher, place, UNPACED)).toMatchObject({
      kind: 'scrubbed',
      startOffset: place.segmentBytes,
      damages: [{ kind: 'block', file: second, position: 0 }],
    })
    expect(scrubStep(files, hasher, place, UNPACED)).toEqual({ kind: 'waiting', forMs: WEEK_MS })
    const later = { ...place, nowMs: 2 * WEEK_MS }
    expect(scrubStep(files, hasher, later, UNPACED)).toMatchObject({ startOffset: 0 })
  })

  test('goes over a segment that expired, and has damaged hashes made again', async () => {
    await using store = await unpackStoreFixture('plain')
    const place = { ...(await hashStore(store.directory)), ...WEEKLY }
    flipByte(blockHashesPath(place.layout, 0), 40)
    expect(scrubStep(files, hasher, place, UNPACED)).toMatchObject({ damages: [] })
    expect(loadBlockHashes(files, place.layout, { ...place, startOffset: 0 })).toBe('missing')
    const second = segmentPath(place.layout.commitLog, place.segmentBytes)
    // It is listed, and gone before it is opened.
    const racing = {
      ...files,
      open: (path: string, intent: 'read' | 'write' | 'create') => {
        if (path === second) renameSync(second, `${second}-gone`)
        return files.open(path, intent)
      },
    }
    expect(scrubStep(racing, hasher, place, UNPACED)).toMatchObject({
      startOffset: place.segmentBytes,
      damages: [],
    })
  })

  test('of an empty store waits', () => {
    using folder = temporaryFolder('scrub')
    const layout = storeLayout(folder.path)
    const place = { layout, segmentBytes: MIB, sealedOffset: 0, ...WEEKLY }
    files.makeDirectory(layout.work)
    writeFileSync(join(layout.work, 'scrub.json'), 'half of a wr')
    expect(scrubStep(files, hasher, place, UNPACED)).toEqual({ kind: 'waiting', forMs: WEEK_MS })
  })
})
