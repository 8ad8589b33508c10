import { assert } from '../base/assert.ts'
import type { LogSegment } from './log-segment.ts'

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
