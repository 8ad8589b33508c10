import { join } from 'node:path'
import { assert } from '../base/assert.ts'
import { StoreError } from '../base/errors.ts'
import type { FileSystem } from '../file/file-system.ts'
import { segmentPath } from '../file/store-layout.ts'
import { parseSegmentName } from '../format/segment-name.ts'
import type { LogSegment } from './log-segment.ts'

/** What is found in a folder of segments. */
export interface SegmentListing {
  /** First offsets, ascending, without gaps. */
  readonly startOffsets: readonly number[]
  /** Length of every file. */
  readonly segmentBytes: number
}

/**
 * Reads the names and lengths in a folder of segments.
 * @param segmentBytes what the configuration asks for; undefined takes the length that is there.
 * @throws {StoreError} `STORE_FILE_INVALID` for a name, length or gap that RocketMQ never makes.
 */
export function listSegments(
  files: FileSystem,
  directory: string,
  { segmentBytes, defaultBytes }: { segmentBytes: number | undefined; defaultBytes: number },
): SegmentListing {
  const found = files.list(directory).map((name) => measureSegment(files, directory, name))
  found.sort((left, right) => left.startOffset - right.startOffset)
  const length = segmentBytes ?? found[0]?.lengthBytes ?? defaultBytes
  let expected = found[0]?.startOffset ?? 0
  for (const { startOffset, lengthBytes } of found) {
    const path = segmentPath(directory, startOffset)
    if (lengthBytes !== length) {
      const message = `${path} has ${lengthBytes} bytes, but segments of this store have ${length}`
      throw new StoreError('STORE_FILE_INVALID', message)
    }
    if (startOffset !== expected || startOffset % length !== 0) {
      const message = `${path} does not follow the segment before it, which ends at ${expected}`
      throw new StoreError('STORE_FILE_INVALID', message)
    }
    expected += length
  }
  return { startOffsets: found.map(({ startOffset }) => startOffset), segmentBytes: length }
}

function measureSegment(
  files: FileSystem,
  directory: string,
  name: string,
): { startOffset: number; lengthBytes: number } {
  const path = join(directory, name)
  const startOffset = parseSegmentName(name)
  if (startOffset === undefined) {
    throw new StoreError('STORE_FILE_INVALID', `${path} is not the name of a segment`)
  }
  const fd = files.open(path, 'read')
  try {
    return { startOffset, lengthBytes: files.sizeBytes(fd) }
  } finally {
    files.close(fd)
  }
}

/** The segments of the commit log, in order, without gaps. */
export class LogSegments {
  readonly segmentBytes: number
  readonly #segments: LogSegment[] = []

  constructor(segmentBytes: number) {
    this.segmentBytes = segmentBytes
  }

  get count(): number {
    return this.#segments.length
  }

  get first(): LogSegment | undefined {
    return this.#segments[0]
  }

  get last(): LogSegment | undefined {
    return this.#segments.at(-1)
  }

  /** Physical offset of the first byte that still exists. */
  get startOffset(): number {
    return this.first?.startOffset ?? 0
  }

  [Symbol.iterator](): Iterator<LogSegment> {
    return this.#segments[Symbol.iterator]()
  }

  push(segment: LogSegment): void {
    const last = this.last
    assert(last === undefined || segment.startOffset === last.endOffset, 'segments without gaps')
    assert(segment.sizeBytes === this.segmentBytes, 'segments of equal length')
    this.#segments.push(segment)
  }

  /** The segment that holds `offset`. */
  find(offset: number): LogSegment | undefined {
    const index = Math.floor((offset - this.startOffset) / this.segmentBytes)
    return this.#segments[index]
  }

  /** Takes the oldest segment out; its file is the caller's to delete. */
  shift(): LogSegment | undefined {
    return this.#segments.shift()
  }

  /** Takes the newest segment out; its file is the caller's to delete. */
  pop(): LogSegment | undefined {
    return this.#segments.pop()
  }

  close(): void {
    for (const segment of this.#segments.splice(0)) segment.close()
  }
}
