/**
 * The writing side of one index file (IndexFile.putKey), over its mapping.
 *
 * Entries and slots are stored as they come, the header once a step. A process that is killed
 * between leaves slots that lead to entries which the header does not count yet: they are walked
 * back to the newest one that it does count, so no older entry is lost.
 */
import { dirname } from 'node:path'
import { assert } from '../base/assert.ts'
import { StoreError } from '../base/errors.ts'
import { alignUp, MIB } from '../base/units.ts'
import type { FileSystem } from '../file/file-system.ts'
import type { MappedRegion } from '../file/mapped-region.ts'
import type { UnsyncedFiles } from '../file/sync-files.ts'
import {
  createIndexEntry,
  createIndexHeader,
  FIRST_INDEX_ENTRY,
  type IndexHeader,
  indexEntryAt,
  indexEntryTimestampMs,
  indexFileBytes,
  indexSlotAt,
  indexSlotOf,
  indexTimeDiffSeconds,
  NO_INDEX_ENTRY,
  olderIndexEntry,
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
    const lengthBytes = indexFileBytes(size.slotCount, size.entryCount)
    const foundBytes = files.sizeBytes(this.#fd)
    if (foundBytes !== lengthBytes) {
      files.close(this.#fd)
      // Never mapped: a look behind the end of a file ends the process.
      const message = `${path} has ${foundBytes} bytes, but index files have ${lengthBytes}`
      throw new StoreError('STORE_FILE_INVALID', message)
    }
    this.#region = files.map(this.#fd, lengthBytes)
    this.#bytes = this.#region.bytes
    readIndexHeader(this.#bytes, this.#header)
  }

  get isFull(): boolean {
    return this.#header.indexCount >= this.#size.entryCount
  }

  /** Physical offset of the oldest message in here. */
  get beginPhysicalOffset(): number {
    return this.#header.beginPhysicalOffset
  }

  /** Physical offset of the newest message in here. */
  get endPhysicalOffset(): number {
    return this.#header.endPhysicalOffset
  }

  get endTimestampMs(): number {
    return this.#header.endTimestampMs
  }

  /** Entries that were put, as the header counts them: the unused first one included. */
  get entryCount(): number {
    return this.#header.indexCount
  }

  /** Whether this key of this message is in here, looking at what was put last under its hash. */
  holds(keyHash: number, physicalOffset: number): boolean {
    const slotAt = indexSlotAt(indexSlotOf(keyHash, this.#size.slotCount))
    let entry = this.#newestCounted(readIndexSlot(this.#bytes, slotAt, this.#size.entryCount))
    while (entry !== NO_INDEX_ENTRY) {
      readIndexEntry(this.#bytes, indexEntryAt(entry, this.#size.slotCount), this.#entry)
      if (this.#entry.physicalOffset < physicalOffset) return false
      if (this.#entry.keyHash === keyHash) return true
      entry = olderIndexEntry(entry, this.#entry.olderEntry)
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
   * How many entries are of records before `physicalOffset`, the unused first one included: entries
   * come in the log's order.
   * @param entryCount how many are whole. @default as many as the header counts
   */
  countBefore(physicalOffset: number, entryCount: number = this.entryCount): number {
    let count = Math.min(entryCount, this.#size.entryCount)
    for (; count > FIRST_INDEX_ENTRY; count -= 1) {
      this.#readEntry(count - 1)
      if (this.#entry.physicalOffset < physicalOffset) break
    }
    return count
  }

  /**
   * Forgets the entries from `count` on. After a loss of power any of them may be missing, whole or
   * in part, and slots may lead to what is missing.
   */
  cut(count: number): void {
    assert(count > FIRST_INDEX_ENTRY, 'something is left of the file')
    if (!this.#leadSlotsBack(count)) this.#rebuildSlots(count)
    const entriesEnd = indexEntryAt(count, this.#size.slotCount)
    this.#files.discard(this.#fd, entriesEnd, this.#bytes.length - entriesEnd)
    this.#endHeaderAt(count)
    this.writeHeader()
  }

  /** Stores the header: what was put since is found from now on. */
  writeHeader(): void {
    if (!this.#isHeaderStale) return
    writeIndexHeader(this.#bytes, this.#header)
    this.#isHeaderStale = false
    this.#hasUnsynced = true
  }

  /** Names the file to whoever syncs it, if anything was put since the last time. */
  takeUnsynced(unsynced: UnsyncedFiles): void {
    if (this.#hasUnsynced) {
      unsynced.paths.push(this.path)
      unsynced.folders.add(dirname(this.path))
    }
    this.#hasUnsynced = false
  }

  close(): void {
    this.writeHeader()
    this.#region.close()
    this.#files.close(this.#fd)
  }

  /**
   * Makes every slot lead to its newest entry before `count` again.
   * @returns false when the way there is lost.
   */
  #leadSlotsBack(count: number): boolean {
    let usedSlotCount = 0
    for (let slot = 0; slot < this.#size.slotCount; slot += 1) {
      const at = indexSlotAt(slot)
      const newest = readIndexSlot(this.#bytes, at, this.#size.entryCount)
      let number = newest
      while (number >= count) {
        this.#readEntry(number)
        const { keyHash, olderEntry } = this.#entry
        const isWhole = keyHash !== 0 && indexSlotOf(keyHash, this.#size.slotCount) === slot
        if (!isWhole || olderEntry >= number || olderEntry < NO_INDEX_ENTRY) return false
        number = olderEntry
      }
      if (number !== newest) writeIndexSlot(this.#bytes, at, number)
      if (number !== NO_INDEX_ENTRY) usedSlotCount += 1
    }
    this.#header.usedSlotCount = usedSlotCount
    return true
  }

  /**
   * Slots and the ways between entries follow from the entries' hashes. Each slot is stored once:
   * at no time does one lead to less than it should.
   */
  #rebuildSlots(count: number): void {
    const { slotCount } = this.#size
    const newest = new Int32Array(slotCount)
    for (let number: number = FIRST_INDEX_ENTRY; number < count; number += 1) {
      this.#readEntry(number)
      const { keyHash, physicalOffset, timeDiffSeconds } = this.#entry
      const slot = indexSlotOf(keyHash, slotCount)
      const older = newest[slot] ?? NO_INDEX_ENTRY
      const entryAt = indexEntryAt(number, slotCount)
      writeIndexEntry(this.#bytes, entryAt, keyHash, physicalOffset, timeDiffSeconds, older)
      newest[slot] = number
    }
    this.#header.usedSlotCount = 0
    for (const [slot, number] of newest.entries()) {
      writeIndexSlot(this.#bytes, indexSlotAt(slot), number)
      if (number !== NO_INDEX_ENTRY) this.#header.usedSlotCount += 1
    }
  }

  #readEntry(number: number): void {
    readIndexEntry(this.#bytes, indexEntryAt(number, this.#size.slotCount), this.#entry)
  }

  /** After a cut, with the entry that is the last now. */
  #endHeaderAt(count: number): void {
    const header = this.#header
    this.#readEntry(count - 1)
    const { timeDiffSeconds, physicalOffset } = this.#entry
    if (header.indexCount !== count) {
      // Entries keep whole seconds: the time must not be before that of the message.
      header.endTimestampMs = indexEntryTimestampMs(timeDiffSeconds + 1, header.beginTimestampMs)
    }
    header.indexCount = count
    header.endPhysicalOffset = physicalOffset
    this.#isHeaderStale = true
  }

  #newestCounted(slotEntry: number): number {
    let entry = slotEntry
    while (entry >= this.#header.indexCount) {
      readIndexEntry(this.#bytes, indexEntryAt(entry, this.#size.slotCount), this.#entry)
      entry = olderIndexEntry(entry, this.#entry.olderEntry)
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
