/**
 * Makes the log durable, once for everyone who waits (group commit). A plain step: a worker calls
 * it in a loop, a test by hand.
 */
import { assert } from '../base/assert.ts'
import type { FileSystem } from '../file/file-system.ts'

export class LogFlusher {
  readonly #files: FileSystem
  readonly #segmentBytes: number
  /** The descriptor of the segment that starts at an offset: the one that wrote it. */
  readonly #descriptorOf: (segmentStart: number) => number
  #flushedOffset: number

  constructor(
    files: FileSystem,
    log: { readonly segmentBytes: number; readonly flushedOffset: number },
    descriptorOf: (segmentStart: number) => number,
  ) {
    this.#files = files
    this.#segmentBytes = log.segmentBytes
    this.#flushedOffset = log.flushedOffset
    this.#descriptorOf = descriptorOf
  }

  get flushedOffset(): number {
    return this.#flushedOffset
  }

  /**
   * Syncs every segment that was written between the flushed offset and `writtenOffset`.
   * After an error nothing may be acknowledged any more: the kernel reports it once.
   */
  flushStep(writtenOffset: number): number {
    assert(writtenOffset >= this.#flushedOffset, 'the written offset only grows')
    while (this.#flushedOffset < writtenOffset) {
      const segmentStart = this.#flushedOffset - (this.#flushedOffset % this.#segmentBytes)
      this.#files.sync(this.#descriptorOf(segmentStart))
      this.#flushedOffset = Math.min(writtenOffset, segmentStart + this.#segmentBytes)
    }
    return this.#flushedOffset
  }
}
