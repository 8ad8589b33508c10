/**
 * One file of the simulated disk, twice:
 *
 *   bytes     what the running system sees         |AAAA|BBBB|cccc|    |   dirty: block 2
 *   durable   what is left when the power goes     |AAAA|BBBB|    |    |
 *
 * Both are kept by blocks of 512 bytes, the most that a disk writes whole. A block that was written
 * is dirty until it is persisted; one that was persisted between two writes keeps what it was then.
 */
import { DISK_BLOCK_BYTES as BLOCK_BYTES } from '../base/units.ts'

/** Files grow into buffers that are this many times larger than asked for, so that views stay. */
const GROWTH = 2
const CAPACITY_MIN = 4096

export class MemoryFile {
  bytes: Buffer = Buffer.alloc(CAPACITY_MIN)
  lengthBytes = 0
  /** When it was last written, in ms. A loss of power leaves it as it is. */
  modifiedMs = Date.now()
  #durable: Buffer = Buffer.alloc(CAPACITY_MIN)
  #durableLengthBytes = 0
  readonly #dirty = new Set<number>()
  /** Stores through a mapping are not seen: every block may be dirty. */
  #isMapped = false

  write(source: Buffer, start: number, lengthBytes: number, position: number): number {
    const end = position + lengthBytes
    if (end > this.lengthBytes) this.setLength(end)
    this.modifiedMs = Date.now()
    this.#markDirty(position, end)
    return source.copy(this.bytes, position, start, start + lengthBytes)
  }

  zero(start: number, end: number): void {
    const last = Math.min(end, this.lengthBytes)
    if (start >= last) return
    this.#markDirty(start, last)
    this.bytes.fill(0, start, last)
  }

  setLength(lengthBytes: number): void {
    this.bytes = withRoom(this.bytes, lengthBytes, this.lengthBytes)
    if (lengthBytes < this.lengthBytes) {
      this.bytes.fill(0, lengthBytes, this.lengthBytes)
      this.#markDirty(lengthBytes, this.lengthBytes)
    }
    this.lengthBytes = lengthBytes
  }

  /** Its bytes, to be stored into without a word. */
  map(lengthBytes: number): Buffer {
    this.#isMapped = true
    return this.bytes.subarray(0, lengthBytes)
  }

  /** A length that the file system has in its journal, without the data. */
  persistLength(lengthBytes: number): void {
    this.#durable = withRoom(this.#durable, lengthBytes, this.#durableLengthBytes)
    if (lengthBytes < this.#durableLengthBytes) {
      this.#durable.fill(0, lengthBytes, this.#durableLengthBytes)
    }
    this.#durableLengthBytes = lengthBytes
  }

  /** fdatasync: everything that is dirty, and the length. */
  persistAll(): void {
    this.persistLength(this.lengthBytes)
    for (const block of this.#dirtyBlocks()) this.#persistBlock(block)
    this.#dirty.clear()
  }

  /**
   * Persists the dirty blocks for which `isKept` holds; its lengths must be durable. The file grows
   * with what is written behind its durable end, as with delayed allocation.
   */
  persistSome(isKept: () => boolean): void {
    for (const block of this.#dirtyBlocks()) {
      if (!isKept()) continue
      this.#dirty.delete(block)
      const [start, end] = this.#rangeOf(block)
      if (start < end && end > this.#durableLengthBytes) this.persistLength(end)
      this.#persistBlock(block)
    }
  }

  /** What is not durable is gone. */
  lose(): void {
    const dirty = this.#dirtyBlocks()
    this.setLength(this.#durableLengthBytes)
    for (const block of dirty) {
      const [start, end] = this.#rangeOf(block)
      if (start < end) this.#durable.copy(this.bytes, start, start, end)
    }
    this.#dirty.clear()
    this.#isMapped = false
  }

  #persistBlock(block: number): void {
    const [start, end] = this.#rangeOf(block)
    if (start < end) this.bytes.copy(this.#durable, start, start, end)
  }

  #rangeOf(block: number): [start: number, end: number] {
    return [block * BLOCK_BYTES, Math.min((block + 1) * BLOCK_BYTES, this.lengthBytes)]
  }

  #dirtyBlocks(): readonly number[] {
    if (this.#isMapped) this.#findDirty()
    return [...this.#dirty]
  }

  #findDirty(): void {
    const sharedBytes = Math.min(this.lengthBytes, this.#durableLengthBytes)
    for (let start = 0; start < this.lengthBytes; start += BLOCK_BYTES) {
      const end = Math.min(start + BLOCK_BYTES, this.lengthBytes)
      const isSame =
        end <= sharedBytes && this.bytes.compare(this.#durable, start, end, start, end) === 0
      if (!isSame) this.#dirty.add(start / BLOCK_BYTES)
    }
  }

  #markDirty(start: number, end: number): void {
    const last = Math.ceil(end / BLOCK_BYTES)
    for (let block = Math.floor(start / BLOCK_BYTES); block < last; block += 1) {
      this.#dirty.add(block)
    }
  }
}

function withRoom(bytes: Buffer, lengthBytes: number, usedBytes: number): Buffer {
  if (lengthBytes <= bytes.length) return bytes
  const larger = Buffer.alloc(Math.max(lengthBytes, bytes.length * GROWTH))
  bytes.copy(larger, 0, 0, usedBytes)
  return larger
}
