/** Holds an index file to the log, and its chains to each other. */
import { type FileSystem, readFully } from '../file/file-system.ts'
import {
  createIndexEntry,
  createIndexHeader,
  FIRST_INDEX_ENTRY,
  INDEX_ENTRY_BYTES,
  INDEX_HEADER_BYTES,
  INDEX_SLOT_BYTES,
  indexEntryAt,
  indexKeyHash,
  indexSlotAt,
  indexSlotOf,
  indexTagHash,
  NO_INDEX_ENTRY,
  readIndexEntry,
  readIndexHeader,
  readIndexSlot,
} from '../format/index-format.ts'
import { KEY_SEPARATOR, PropertyName } from '../format/message-const.ts'
import { decodeProperties } from '../format/properties-codec.ts'
import { type LogLocation, LogScanner, ScanStep } from '../log/log-scanner.ts'
import type { IndexFileSize } from '../queue/index-file.ts'

/** An entry that does not fit. */
export interface IndexDamage {
  /** Its number; of a slot, the number that the slot has for its newest entry. */
  readonly entry: number
  readonly physicalOffset: number
  /** What is wrong with it, in words. */
  readonly found: string
}

export interface IndexVerification {
  readonly path: string
  readonly entryCount: number
  readonly damageCount: number
  /** The first of them, at most a hundred. */
  readonly damages: readonly IndexDamage[]
}

export interface IndexToVerify {
  readonly path: string
  readonly size: IndexFileSize
  readonly log: LogLocation
  /** Part of the log that is there: entries may be older. */
  readonly logStartOffset: number
  readonly logEndOffset: number
}

const DAMAGES_MAX = 100
/** Entries and slots are read that many at once. */
const PAGE_COUNT = 10_000

export function verifyIndexFile(files: FileSystem, index: IndexToVerify): IndexVerification {
  const verifier = new IndexVerifier(files, index)
  try {
    return verifier.run()
  } finally {
    verifier.close()
  }
}

class IndexVerifier {
  readonly #files: FileSystem
  readonly #index: IndexToVerify
  readonly #fd: number
  readonly #scanner: LogScanner
  /** By slot: the newest entry that was passed. */
  readonly #newest: Int32Array
  readonly #damages: IndexDamage[] = []
  #damageCount = 0
  /** The record that was looked at last, which often has several entries. */
  #recordOffset = -1
  #recordHashes: ReadonlySet<number> | undefined

  constructor(files: FileSystem, index: IndexToVerify) {
    this.#files = files
    this.#index = index
    this.#fd = files.open(index.path, 'read')
    this.#scanner = new LogScanner(files, index.log, { checkCrc: false })
    this.#newest = new Int32Array(index.size.slotCount)
  }

  run(): IndexVerification {
    const header = createIndexHeader()
    readIndexHeader(this.#read(0, INDEX_HEADER_BYTES), header)
    const endEntry = Math.min(header.indexCount, this.#index.size.entryCount)
    this.#checkEntries(endEntry)
    this.#checkSlots(endEntry)
    return {
      path: this.#index.path,
      entryCount: endEntry - FIRST_INDEX_ENTRY,
      damageCount: this.#damageCount,
      damages: this.#damages,
    }
  }

  close(): void {
    this.#scanner.close()
    this.#files.close(this.#fd)
  }

  #checkEntries(endEntry: number): void {
    const { slotCount } = this.#index.size
    const entry = createIndexEntry()
    for (let first = FIRST_INDEX_ENTRY; first < endEntry; first += PAGE_COUNT) {
      const count = Math.min(PAGE_COUNT, endEntry - first)
      const page = this.#read(indexEntryAt(first, slotCount), count * INDEX_ENTRY_BYTES)
      for (let number = first; number < first + count; number += 1) {
        readIndexEntry(page, (number - first) * INDEX_ENTRY_BYTES, entry)
        const { keyHash, physicalOffset, olderEntry } = entry
        const slot = keyHash >= 0 ? indexSlotOf(keyHash, slotCount) : 0
        const older = this.#newest[slot]
        this.#newest[slot] = number
        const found =
          olderEntry === older ? this.#judge(keyHash, physicalOffset) : 'a broken chain of its slot'
        if (found !== undefined) this.#note({ entry: number, physicalOffset, found })
      }
    }
  }

  /** Undefined when the record is there and has a key of that hash. */
  #judge(keyHash: number, physicalOffset: number): string | undefined {
    const { logStartOffset, logEndOffset } = this.#index
    if (physicalOffset < logStartOffset) return undefined
    if (physicalOffset >= logEndOffset) return 'a place behind the end of the log'
    if (physicalOffset !== this.#recordOffset) {
      this.#recordOffset = physicalOffset
      const isRecord = this.#scanner.at(physicalOffset, logEndOffset) === ScanStep.RECORD
      this.#recordHashes = isRecord ? hashesOf(this.#scanner) : undefined
    }
    if (this.#recordHashes === undefined) return 'a place where no record stands'
    return this.#recordHashes.has(keyHash) ? undefined : 'a record that has no such key'
  }

  #checkSlots(endEntry: number): void {
    const { slotCount } = this.#index.size
    for (let first = 0; first < slotCount; first += PAGE_COUNT) {
      const count = Math.min(PAGE_COUNT, slotCount - first)
      const page = this.#read(indexSlotAt(first), count * INDEX_SLOT_BYTES)
      for (let slot = first; slot < first + count; slot += 1) {
        const at = (slot - first) * INDEX_SLOT_BYTES
        const entry = readIndexSlot(page, at, this.#index.size.entryCount)
        // A slot may lead to an entry that the header does not count yet.
        if (entry >= endEntry || entry === this.#newest[slot]) continue
        const found = `slot ${slot}, whose newest entry is ${this.#newest[slot] ?? NO_INDEX_ENTRY}`
        this.#note({ entry, physicalOffset: 0, found })
      }
    }
  }

  #note(damage: IndexDamage): void {
    this.#damageCount += 1
    if (this.#damages.length < DAMAGES_MAX) this.#damages.push(damage)
  }

  #read(position: number, lengthBytes: number): Buffer {
    const bytes = Buffer.alloc(lengthBytes)
    readFully(this.#files, this.#fd, bytes, { start: 0, lengthBytes, position })
    return bytes
  }
}

/** Everything that the record may be found by. */
function hashesOf({ view, buffer }: LogScanner): ReadonlySet<number> {
  const topic = buffer.toString('utf8', view.topicStart, view.topicEnd)
  const properties = decodeProperties(buffer, view.propertiesStart, view.propertiesEnd)
  const uniqueKey = properties.get(PropertyName.UNIQ_CLIENT_MESSAGE_ID_KEYIDX)
  const keys = (properties.get(PropertyName.KEYS) ?? '').split(KEY_SEPARATOR)
  const tags = properties.get(PropertyName.TAGS)
  const hashes = new Set(keys.map((key) => indexKeyHash(topic, key)))
  if (uniqueKey !== undefined) hashes.add(indexKeyHash(topic, uniqueKey))
  if (tags !== undefined) hashes.add(indexTagHash(topic, tags))
  return hashes
}
