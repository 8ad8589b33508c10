/** Files in the folder of the segments: each row over files that are what it says. */
import { describe, expect, it } from 'vitest'
import { MemoryDisk } from '../../../engine/file/memory-file-system.ts'
import { segmentName } from '../../../engine/format/segment-name.ts'
import {
  applySegmentRepairs,
  type CorruptionPolicy,
  listSegments,
  SEGMENT_FILES,
  type SegmentListing,
  SURPLUS_SEGMENTS,
} from '../../../engine/log/segment-listing.ts'
import { expectRowsTested } from '../../helpers/decision-rows.ts'
import { SteppedStore } from '../../helpers/stepped-store.ts'

const BYTES = 4096
const DIRECTORY = '/log'

/** A folder with these files: name, or start as a number, and length. */
function folder(...files: readonly (readonly [number | string, number])[]): MemoryDisk {
  const disk = new MemoryDisk()
  disk.makeDirectory(DIRECTORY)
  for (const [start, lengthBytes] of files) make(disk, DIRECTORY, start, lengthBytes)
  return disk
}

function make(disk: MemoryDisk, directory: string, start: number | string, lengthBytes: number) {
  const name = typeof start === 'number' ? segmentName(start) : start
  const fd = disk.open(`${directory}/${name}`, 'create')
  disk.setLength(fd, lengthBytes)
  disk.close(fd)
}

function list(disk: MemoryDisk, policy: CorruptionPolicy): SegmentListing {
  const options = { segmentBytes: undefined, knownBytes: undefined, defaultBytes: 1, policy }
  return listSegments(disk, DIRECTORY, options)
}

function expectRefused(disk: MemoryDisk): void {
  const refusal = expect.objectContaining({ code: 'STORE_FILE_INVALID' })
  expect(() => list(disk, 'refuse')).toThrow(refusal)
}

/** What stays, after what was found wanting is done. */
function expectKept(disk: MemoryDisk, kept: readonly number[], aside: readonly string[]): void {
  const listing = list(disk, 'cut')
  expect(listing.startOffsets).toEqual(kept)
  const moved: string[] = []
  applySegmentRepairs(disk, listing, (path) => moved.push(path))
  expect(moved).toEqual(aside.map((name) => `${DIRECTORY}/${name}`))
  for (const start of kept) {
    const fd = disk.open(`${DIRECTORY}/${segmentName(start)}`, 'read')
    expect(disk.sizeBytes(fd)).toBe(BYTES)
  }
}

const [first, second, third] = [0, BYTES, 2 * BYTES]

describe('the files of a log', () => {
  expectRowsTested(SEGMENT_FILES)

  it('a segment that follows the one before it is kept', () => {
    const disk = folder([second, BYTES], [third, BYTES])
    expect(list(disk, 'refuse')).toEqual({
      startOffsets: [second, third],
      segmentBytes: BYTES,
      repairs: [],
    })
  })

  it('a foreign file is refused', () => {
    expectRefused(folder([first, BYTES], ['notes', 1]))
  })

  it('a foreign file is set aside when the log may be cut', () => {
    expectKept(folder([first, BYTES], [second, BYTES], ['notes', 1]), [first, second], ['notes'])
  })

  it('a segment of a wrong length is refused', () => {
    expectRefused(folder([first, BYTES], [second, BYTES - 1]))
    expectRefused(folder([first, BYTES], [second, BYTES], [third, BYTES + 1]))
  })

  it('a segment behind a gap is refused', () => {
    expectRefused(folder([first, BYTES], [third, BYTES]))
    expectRefused(folder([first + 1, BYTES]))
  })

  it('a short segment is filled up when the log may be cut', () => {
    expectKept(folder([first, 100], [second, BYTES], [third, BYTES]), [first, second, third], [])
  })

  it('a long segment ends a log that may be cut', () => {
    const disk = folder([first, BYTES], [second, BYTES + 1], [third, BYTES])
    expectKept(disk, [first], [segmentName(second), segmentName(third)])
  })

  it('a gap ends a log that may be cut', () => {
    const disk = folder([first, BYTES], [third, BYTES], [third + BYTES, 7])
    expectKept(disk, [first], [segmentName(third), segmentName(third + BYTES)])
  })
})

/** A store of one message, and what becomes of a segment that lies behind its end. */
function reopened(start: number, content: Buffer): { disk: MemoryDisk; store: SteppedStore } {
  const disk = new MemoryDisk()
  const options = { segmentBytes: BYTES, messageBytesMax: 1024 }
  const stepped = new SteppedStore(disk, '/store', options)
  stepped.append({ body: 'kept' })
  stepped.close()
  for (let at = BYTES; at <= start; at += BYTES) make(disk, '/store/commitlog', at, BYTES)
  const fd = disk.open(`/store/commitlog/${segmentName(start)}`, 'write')
  disk.write(fd, content, 0, content.length, 0)
  disk.close(fd)
  return { disk, store: new SteppedStore(disk, '/store', options) }
}

describe('a segment behind the end', () => {
  expectRowsTested(SURPLUS_SEGMENTS)

  it('an empty segment right behind the end is the next one', () => {
    const { disk, store } = reopened(BYTES, Buffer.alloc(0))
    expect(store.store.recovered.nextSegment?.startOffset).toBe(BYTES)
    expect(disk.exists(`/store/agena/cut-${segmentName(BYTES)}`)).toBe(false)
  })

  it('an empty segment further behind is set aside', () => {
    const { disk, store } = reopened(2 * BYTES, Buffer.alloc(0))
    expect(store.store.recovered.nextSegment?.startOffset).toBe(BYTES)
    expect(disk.exists(`/store/agena/cut-${segmentName(2 * BYTES)}`)).toBe(true)
    expect(disk.list('/store/commitlog')).toEqual([segmentName(0), segmentName(BYTES)])
  })

  it('a segment behind the end that holds bytes is set aside', () => {
    const { disk, store } = reopened(BYTES, Buffer.from('bytes'))
    expect(store.store.recovered.nextSegment).toBeUndefined()
    expect(disk.exists(`/store/agena/cut-${segmentName(BYTES)}`)).toBe(true)
    expect(store.readAll().map(({ body }) => body.toString())).toEqual(['kept'])
  })
})
