import { assert } from '../base/assert.ts'
import { bodyCrcOf } from './crc.ts'
import { LinearMemory } from './linear-memory.ts'

/**
 * Bytes whose checksums are taken where they lie: 50 instead of 75 ns for 128 bytes, 220 instead of
 * 410 ns for 1 KiB by `bodyCrcOf`, which any buffer can have. Where there is no linear memory it is
 * a buffer like any other.
 */
export class ChecksumBuffer {
  readonly bytes: Buffer
  readonly #crc: (start: number, end: number) => number
  /** Where `bytes` start for `#crc`. */
  readonly #base: number

  /** @param lengthBytes of zeros */
  constructor(lengthBytes: number) {
    const memory = LinearMemory.reserve(lengthBytes)
    const bytes = memory?.allot(lengthBytes) ?? Buffer.alloc(lengthBytes)
    this.bytes = bytes
    this.#base = memory?.positionOf(bytes) ?? 0
    this.#crc = memory?.crc ?? ((start, end) => bodyCrcOf(bytes, start, end))
  }

  /** The checksum of `bytes[start, end)`, as a record's `bodyCrc` holds it; 0 for no bytes. */
  bodyCrc(start: number, end: number): number {
    assert(start >= 0 && start <= end && end <= this.bytes.length, 'a part of the buffer')
    return this.#crc(this.#base + start, this.#base + end)
  }
}
