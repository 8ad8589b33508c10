import { assert } from '../base/assert.ts'
import { copyBytes } from './copy-bytes.ts'
import { bodyCrcOf } from './crc.ts'
import { LinearMemory } from './linear-memory.ts'

/**
 * Bytes whose checksums are taken where they lie: 50 instead of 75 ns for 128 bytes, 220 instead of
 * 410 ns for 1 KiB by `bodyCrcOf`, which any buffer can have. Where there is no linear memory it is
 * a buffer like any other.
 */
export class ChecksumBuffer {
  readonly bytes: Buffer
  readonly #memory: LinearMemory | undefined
  /** Where `bytes` start in the memory. */
  readonly #base: number

  /**
   * @param lengthBytes of zeros
   * @param memory that has room for them
   * @default memory of its own
   */
  constructor(lengthBytes: number, memory = LinearMemory.reserve(lengthBytes)) {
    this.bytes = memory?.allot(lengthBytes) ?? Buffer.alloc(lengthBytes)
    this.#memory = memory
    this.#base = memory?.positionOf(this.bytes) ?? 0
  }

  /** The checksum of `bytes[start, end)`, as a record's `bodyCrc` holds it; 0 for no bytes. */
  bodyCrc(start: number, end: number): number {
    assert(start >= 0 && start <= end && end <= this.bytes.length, 'a part of the buffer')
    if (this.#memory === undefined) return bodyCrcOf(this.bytes, start, end)
    return this.#memory.crc(this.#base + start, this.#base + end)
  }

  /** As {@link copyBytes}, to `bytes[at]`; from the same memory it is quicker. */
  copyFrom(source: Buffer, start: number, end: number, at: number): number {
    const position = this.#memory?.positionOf(source) ?? -1
    if (this.#memory === undefined || position < 0) {
      return copyBytes(source, start, end, this.bytes, at)
    }
    assert(start >= 0 && end <= source.length, 'a part of the source')
    assert(at >= 0 && at + end - start <= this.bytes.length, 'room for the copy')
    return this.#memory.copy(this.#base + at, position + start, end - start) - this.#base
  }
}
