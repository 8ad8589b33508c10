/**
 * The writing side of one index file (IndexFile.putKey), over its mapping.
 *
 * Entries and slots are stored as they come, the header once a step. A process that is killed
 * between leaves slots that lead to entries which the header does not count yet: they are walked
 * back to the newest one that it does count, so no older entry is lost.
 */
import { assert } from '../base/assert.ts'
import { alignUp, MIB } from '../base/units.ts'
import type { FileSystem } from '../file/file-system.ts'
import type { MappedRegion } from '../file/mapped-region.ts'
import {
  createIndexEntry,
  createIndexHeader,
  FIRST_INDEX_ENTRY,
  INDEX_ENTRY_BYTES,
  type IndexHeader,
  indexEntryAt,
  indexEntryTimestampMs,
  indexFileBytes,
  indexSlotAt,
  indexSlotOf,
  indexTimeDiffSeconds,
  NO_INDEX_ENTRY,
  readIndexEntry,
  readIndexHeader,
  readIndexSlot,
  writeIndexEntry,
  writeIndexHeader,
  writeIndexSlot,
} from '../format/index-format.ts'

/** How far ahead of the newest entry disk blocks are reserved. */
const RESERVE_BYTES = 4 * MIB

export interface IndexFileSize {
  readonly slotCount: number
  readonly entryCount: number
}

export class IndexFile {
  readonly path: string
  readonly #files: FileSystem
  readonly #size: IndexFileSize
  readonly #fd: number
  readonly #region: MappedRegion
  readonly #bytes: Buffer
  readonly #header: IndexHeader = createIndexHeader()
  readonly #entry = createIndexEntry()
  #reservedBytes = 0
  #isHeaderStale = false
  #hasUnsynced = false

  constructor(files: FileSystem, path: string, size: IndexFileSize) {
    this.path = path
    this.#files = files
    this.#size = size
    this.#fd = files.open(path, 'write')
    this.#region = files.map(this.#fd, indexFileBytes(size.slotCount, size.entryCount))
    this.#bytes = this.#region.bytes
    readIndexHeader(this.#bytes, this.#header)
  }

  get isFull(): boolean {
    return this.#header.indexCount >= this.#size.entryCount
  }

  /** Physical offset of the newest message in here. */
  get endPhysicalOffset(): number {
    return this.#header.endPhysicalOffset
  }

  get endTimestampMs(): number {
    return this.#header.endTimestampMs
  }

  /** Whether this key of this message is in here, looking at what was put last under its hash. */
  holds(keyHash: number, physicalOffset: number): boolean {
    const slotAt = indexSlotAt(indexSlotOf(keyHash, this.#size.slotCount))
    let entry = this.#newestCounted(readIndexSlot(this.#bytes, slotAt, this.#size.entryCount))
    while (entry !== NO_INDEX_ENTRY) {
      readIndexEntry(this.#bytes, indexEntryAt(entry, this.#size.slotCount), this.#entry)
      if (this.#entry.physicalOffset < physicalOffset) return false
      if (this.#entry.keyHash === keyHash) return true
      entry = this.#entry.olderEntry < entry ? this.#entry.olderEntry : NO_INDEX_ENTRY
    }
    return false
  }

  /** Adds one key of a message. The caller has seen that the file is not full. */
  put(keyHash: number, physicalOffset: number, storeTimestampMs: number): void {
    assert(!this.isFull, 'an index file has room')
    const header = this.#header
    const number = header.indexCount
    const entryAt = indexEntryAt(number, this.#size.slotCount)
    this.#reserve(entryAt)
    const slotAt = indexSlotAt(indexSlotOf(keyHash, this.#size.slotCount))
    const older = this.#newestCounted(readIndexSlot(this.#bytes, slotAt, this.#size.entryCount))
    const timeDiffSeconds = indexTimeDiffSeconds(storeTimestampMs, header.beginTimestampMs)
    writeIndexEntry(this.#bytes, entryAt, keyHash, physicalOffset, timeDiffSeconds, older)
    writeIndexSlot(this.#bytes, slotAt, number)
    if (number === FIRST_INDEX_ENTRY) {
      header.beginPhysicalOffset = physicalOffset
      header.beginTimestampMs = storeTimestampMs
    }
    if (older === NO_INDEX_ENTRY) header.usedSlotCount += 1
    header.indexCount = number + 1
    header.endPhysicalOffset = physicalOffset
    header.endTimestampMs = storeTimestampMs
    this.#isHeaderStale = true
  }

  /**
   * Forgets every entry of a record at or behind `physicalOffset`, newest first, so that each slot
   * leads again to what was there before it.
   * @returns false when nothing is left.
   */
  cut(physicalOffset: number): boolean {
    const header = this.#header
    let number = this.#lastEntry()
    for (; number >= FIRST_INDEX_ENTRY; number -= 1) {
      this.#readEntry(number)
      if (number < header.indexCount && this.#entry.physicalOffset < physicalOffset) break
      this.#removeNewest(number)
      this.#isHeaderStale = true
    }
    if (this.#isHeaderStale) this.#endHeaderAt(number)
    this.writeHeader()
    return number >= FIRST_INDEX_ENTRY
  }

  /** Stores the header: what was put since is found from now on. */
  writeHeader(): void {
    if (!this.#isHeaderStale) return
    writeIndexHeader(this.#bytes, this.#header)
    this.#isHeaderStale = false
    this.#hasUnsynced = true
  }

  /** Names the file to whoever syncs it, if anything was put since the last time. */
  takeUnsynced(paths: string[]): void {
    if (this.#hasUnsynced) paths.push(this.path)
    this.#hasUnsynced = false
  }

  close(): void {
    this.writeHeader()
    this.#region.close()
    this.#files.close(this.#fd)
  }

  /** The newest entry, also of those that were put after the header was stored. */
  #lastEntry(): number {
    let number = this.#header.indexCount
    for (; number < this.#size.entryCount; number += 1) {
      const at = indexEntryAt(number, this.#size.slotCount)
      if (this.#bytes.subarray(at, at + INDEX_ENTRY_BYTES).every((byte) => byte === 0)) break
    }
    return number - 1
  }

  #readEntry(number: number): void {
    readIndexEntry(this.#bytes, indexEntryAt(number, this.#size.slotCount), this.#entry)
  }

  #removeNewest(number: number): void {
    const { keyHash, olderEntry } = this.#entry
    const slotAt = indexSlotAt(indexSlotOf(keyHash, this.#size.slotCount))
    if (readIndexSlot(this.#bytes, slotAt, this.#size.entryCount) === number) {
      const older = olderEntry < number ? Math.max(olderEntry, NO_INDEX_ENTRY) : NO_INDEX_ENTRY
      writeIndexSlot(this.#bytes, slotAt, older)
      const wasCounted = number < this.#header.indexCount
      if (older === NO_INDEX_ENTRY && wasCounted) this.#header.usedSlotCount -= 1
    }
    writeIndexEntry(this.#bytes, indexEntryAt(number, this.#size.slotCount), 0, 0, 0, 0)
  }

  /** After a cut, with the entry that is the last now. */
  #endHeaderAt(number: number): void {
    const header = this.#header
    header.indexCount = number + 1
    if (number < FIRST_INDEX_ENTRY) return
    const { timeDiffSeconds, physicalOffset } = this.#entry
    // Entries keep whole seconds: the time must not be before that of the message.
    const latestMs = indexEntryTimestampMs(timeDiffSeconds + 1, header.beginTimestampMs)
    header.endTimestampMs = Math.min(header.endTimestampMs, latestMs)
    header.endPhysicalOffset = physicalOffset
  }

  #newestCounted(slotEntry: number): number {
    let entry = slotEntry
    while (entry >= this.#header.indexCount) {
      readIndexEntry(this.#bytes, indexEntryAt(entry, this.#size.slotCount), this.#entry)
      const older = this.#entry.olderEntry
      entry = older < entry ? Math.max(older, NO_INDEX_ENTRY) : NO_INDEX_ENTRY
    }
    return entry
  }

  /** The file is sparse: a store into a page without a block on a full disk would be a SIGBUS. */
  #reserve(entryAt: number): void {
    if (entryAt + RESERVE_BYTES / 2 <= this.#reservedBytes) return
    const untilBytes = Math.min(alignUp(entryAt + RESERVE_BYTES, RESERVE_BYTES), this.#bytes.length)
    if (untilBytes <= this.#reservedBytes) return
    const lengthBytes = untilBytes - this.#reservedBytes
    this.#files.allocate(this.#fd, this.#reservedBytes, lengthBytes, true)
    this.#reservedBytes = untilBytes
  }
}
