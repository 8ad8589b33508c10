/**
 * Looks keys up in the index files (IndexFile.selectPhyOffset), newest file first. It reads with
 * `pread`, in a pool's thread, so that it may wait for the disk.
 */
import { type FileSystem, openIfThere, readFully } from '../file/file-system.ts'
import {
  createIndexEntry,
  createIndexHeader,
  INDEX_ENTRY_BYTES,
  INDEX_HEADER_BYTES,
  INDEX_SLOT_BYTES,
  type IndexHeader,
  indexEntryAt,
  indexEntryTimestampMs,
  indexSlotAt,
  indexSlotOf,
  NO_INDEX_ENTRY,
  olderIndexEntry,
  readIndexEntry,
  readIndexHeader,
  readIndexSlot,
} from '../format/index-format.ts'
import { listIndexFiles } from './index-store.ts'

export interface IndexQuery {
  /** Folder of the index files. */
  readonly directory: string
  readonly slotCount: number
  readonly entryCount: number
  /** From `indexKeyHash` or `indexTagHash`. */
  readonly keyHash: number
  /** Store times to look at, in ms, both included. */
  readonly beginTimestampMs: number
  readonly endTimestampMs: number
  readonly countMax: number
}

export interface IndexMatches {
  /** Physical offsets, newest message first. */
  readonly physicalOffsets: number[]
  /** Store time of the newest message in the index, in ms. */
  endTimestampMs: number
  /** Physical offset of the newest message in the index. */
  endPhysicalOffset: number
}

/**
 * Finds the messages with that hash. Different keys may share a hash: the caller compares the
 * messages' keys.
 */
export function queryIndex(files: FileSystem, query: IndexQuery): IndexMatches {
  const matches = { physicalOffsets: [], endTimestampMs: 0, endPhysicalOffset: 0 }
  for (const path of listIndexFiles(files, query.directory).reverse()) {
    const fd = openIfThere(files, path, 'read')
    // It leads to nothing that is still there.
    if (fd === undefined) break
    try {
      queryFile(files, fd, query, matches)
    } finally {
      files.close(fd)
    }
    if (matches.physicalOffsets.length >= query.countMax) break
  }
  return matches
}

function queryFile(files: FileSystem, fd: number, query: IndexQuery, matches: IndexMatches): void {
  const header = createIndexHeader()
  readIndexHeader(readAt(files, fd, 0, INDEX_HEADER_BYTES), header)
  matches.endTimestampMs = Math.max(matches.endTimestampMs, header.endTimestampMs)
  matches.endPhysicalOffset = Math.max(matches.endPhysicalOffset, header.endPhysicalOffset)
  if (!overlaps(header, query)) return
  const found = matches.physicalOffsets
  const slotAt = indexSlotAt(indexSlotOf(query.keyHash, query.slotCount))
  // A slot may lead to an entry that the header does not count yet: older ones hang behind it.
  let number = readIndexSlot(readAt(files, fd, slotAt, INDEX_SLOT_BYTES), 0, query.entryCount)
  const entry = createIndexEntry()
  while (number !== NO_INDEX_ENTRY && found.length < query.countMax) {
    const entryAt = indexEntryAt(number, query.slotCount)
    readIndexEntry(readAt(files, fd, entryAt, INDEX_ENTRY_BYTES), 0, entry)
    const timestampMs = indexEntryTimestampMs(entry.timeDiffSeconds, header.beginTimestampMs)
    const isCounted = number < header.indexCount
    if (isCounted && entry.keyHash === query.keyHash && isInRange(timestampMs, query)) {
      found.push(entry.physicalOffset)
    }
    if (isCounted && timestampMs < query.beginTimestampMs - SECOND_MS) return
    number = olderIndexEntry(number, entry.olderEntry)
  }
}

/** Entries keep whole seconds since the file's first message. */
const SECOND_MS = 1000

function isInRange(timestampMs: number, query: IndexQuery): boolean {
  return timestampMs + SECOND_MS > query.beginTimestampMs && timestampMs <= query.endTimestampMs
}

function overlaps(header: IndexHeader, query: IndexQuery): boolean {
  return (
    header.endTimestampMs >= query.beginTimestampMs &&
    header.beginTimestampMs <= query.endTimestampMs
  )
}

function readAt(files: FileSystem, fd: number, position: number, lengthBytes: number): Buffer {
  const bytes = Buffer.alloc(lengthBytes)
  readFully(files, fd, bytes, { start: 0, lengthBytes, position })
  return bytes
}
