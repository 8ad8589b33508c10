/**
 * An index file: a hash table from message keys to physical offsets, chained from new to old.
 *
 *     ┌──────────────────────────────────────────────────────────────────────┐ 0
 *     │ begin timestamp: first message, stored at     ms since 1970   int64  │
 *     │ end timestamp: last message, stored at        ms since 1970   int64  │
 *     │ begin physical offset: first message          bytes           int64  │
 *     │ end physical offset: last message             bytes           int64  │
 *     │ count of slots in use                                         int32  │
 *     │ index count: entries + 1, the next entry's number             int32  │
 *     ├──────────────────────────────────────────────────────────────────────┤ 40
 *     │ slots, 4 bytes each: number of the newest entry, 0 for none   int32  │
 *     ├──────────────────────────────────────────────────────────────────────┤ 40 + 4 × slots
 *     │ entries, 20 bytes each, number 0 is never used:                      │
 *     │   key hash, not negative                                      int32  │
 *     │   physical offset                             bytes           int64  │
 *     │   stored that long after begin timestamp      whole seconds   int32  │
 *     │   number of the next older entry of the slot, 0 for none      int32  │
 *     └──────────────────────────────────────────────────────────────────────┘ + 20 × entries
 *
 * A key is `topic#key` (of KEYS, blank-separated, and of UNIQ_KEY), since 5.5.0 also `topic#T#tag`.
 * Its slot is its hash modulo the count of slots. The file is named after the local time of its
 * making.
 *
 * Big-endian. RocketMQ: `IndexFile`, `IndexHeader`, `IndexService`, and for the name
 * `UtilAll.timeMillisToHumanString`.
 */

import { assert } from '../base/assert.ts'
import { I32_BYTES, I64_BYTES } from '../base/units.ts'
import { readInt32, readInt64, writeInt32, writeInt64 } from './big-endian.ts'
import { javaHash, javaHashOfUtf8, positiveHash } from './java-hash.ts'

const BEGIN_TIMESTAMP_AT = 0
const END_TIMESTAMP_AT = BEGIN_TIMESTAMP_AT + I64_BYTES
const BEGIN_PHYSICAL_OFFSET_AT = END_TIMESTAMP_AT + I64_BYTES
const END_PHYSICAL_OFFSET_AT = BEGIN_PHYSICAL_OFFSET_AT + I64_BYTES
const USED_SLOT_COUNT_AT = END_PHYSICAL_OFFSET_AT + I64_BYTES
const INDEX_COUNT_AT = USED_SLOT_COUNT_AT + I32_BYTES
/** Size of an index file's header in bytes. */
export const INDEX_HEADER_BYTES = INDEX_COUNT_AT + I32_BYTES

/** Size of a slot in bytes. */
export const INDEX_SLOT_BYTES = I32_BYTES

const KEY_HASH_AT = 0
const ENTRY_PHYSICAL_OFFSET_AT = KEY_HASH_AT + I32_BYTES
const TIME_DIFF_AT = ENTRY_PHYSICAL_OFFSET_AT + I64_BYTES
const OLDER_ENTRY_AT = TIME_DIFF_AT + I32_BYTES
/** Size of an entry in bytes. */
export const INDEX_ENTRY_BYTES = OLDER_ENTRY_AT + I32_BYTES

/** RocketMQ's default count of slots (`maxHashSlotNum`). */
export const INDEX_SLOT_COUNT_DEFAULT = 5_000_000
/** RocketMQ's default count of entries (`maxIndexNum`), the unused number 0 included. */
export const INDEX_ENTRY_COUNT_DEFAULT = 4 * INDEX_SLOT_COUNT_DEFAULT

/** Number of an entry that is none: the end of a chain, an empty slot. */
export const NO_INDEX_ENTRY = 0
/** Number of the first entry of a file, and the index count of an empty one. */
export const FIRST_INDEX_ENTRY = 1

const TIME_DIFF_MAX_SECONDS = 0x7fff_ffff
const MS_PER_SECOND = 1000

/** Header of an index file. Mutable: one lives as long as its file is open. */
export interface IndexHeader {
  beginTimestampMs: number
  endTimestampMs: number
  beginPhysicalOffset: number
  endPhysicalOffset: number
  usedSlotCount: number
  /** Number that the next entry gets; the file is full when it equals the count of entries. */
  indexCount: number
}

/** Entry of an index file. Mutable: reuse one for all. */
export interface IndexEntry {
  keyHash: number
  physicalOffset: number
  timeDiffSeconds: number
  olderEntry: number
}

/** Header of a file without entries. */
export function createIndexHeader(): IndexHeader {
  return {
    beginTimestampMs: 0,
    endTimestampMs: 0,
    beginPhysicalOffset: 0,
    endPhysicalOffset: 0,
    usedSlotCount: 0,
    indexCount: FIRST_INDEX_ENTRY,
  }
}

export function createIndexEntry(): IndexEntry {
  return { keyHash: 0, physicalOffset: 0, timeDiffSeconds: 0, olderEntry: NO_INDEX_ENTRY }
}

/** Size of an index file in bytes. */
export function indexFileBytes(slotCount: number, entryCount: number): number {
  return INDEX_HEADER_BYTES + slotCount * INDEX_SLOT_BYTES + entryCount * INDEX_ENTRY_BYTES
}

/** The slot of a key's hash. */
export function indexSlotOf(keyHash: number, slotCount: number): number {
  return keyHash % slotCount
}

/** Where a slot lies in the file. */
export function indexSlotAt(slot: number): number {
  return INDEX_HEADER_BYTES + slot * INDEX_SLOT_BYTES
}

/** Where the entry with this number lies in a file with `slotCount` slots. */
export function indexEntryAt(entry: number, slotCount: number): number {
  return INDEX_HEADER_BYTES + slotCount * INDEX_SLOT_BYTES + entry * INDEX_ENTRY_BYTES
}

export function writeIndexHeader(target: Buffer, header: IndexHeader): void {
  assert(target.length >= INDEX_HEADER_BYTES, 'no room for the header')
  writeInt64(target, BEGIN_TIMESTAMP_AT, header.beginTimestampMs)
  writeInt64(target, END_TIMESTAMP_AT, header.endTimestampMs)
  writeInt64(target, BEGIN_PHYSICAL_OFFSET_AT, header.beginPhysicalOffset)
  writeInt64(target, END_PHYSICAL_OFFSET_AT, header.endPhysicalOffset)
  writeInt32(target, USED_SLOT_COUNT_AT, header.usedSlotCount)
  writeInt32(target, INDEX_COUNT_AT, header.indexCount)
}

/** Reads a header; an index count below 1, as in a file of zeros, counts as 1. */
export function readIndexHeader(source: Buffer, header: IndexHeader): void {
  assert(source.length >= INDEX_HEADER_BYTES, 'no header there')
  header.beginTimestampMs = readInt64(source, BEGIN_TIMESTAMP_AT)
  header.endTimestampMs = readInt64(source, END_TIMESTAMP_AT)
  header.beginPhysicalOffset = readInt64(source, BEGIN_PHYSICAL_OFFSET_AT)
  header.endPhysicalOffset = readInt64(source, END_PHYSICAL_OFFSET_AT)
  header.usedSlotCount = readInt32(source, USED_SLOT_COUNT_AT)
  header.indexCount = Math.max(readInt32(source, INDEX_COUNT_AT), FIRST_INDEX_ENTRY)
}

/** Writes the number of the newest entry of a slot. */
export function writeIndexSlot(target: Buffer, at: number, newestEntry: number): void {
  assert(at >= 0 && at + INDEX_SLOT_BYTES <= target.length, 'no room for the slot')
  writeInt32(target, at, newestEntry)
}

/** Number of a slot's newest entry; {@link NO_INDEX_ENTRY} when it points beyond the entries. */
export function readIndexSlot(source: Buffer, at: number, indexCount: number): number {
  assert(at >= 0 && at + INDEX_SLOT_BYTES <= source.length, 'no slot there')
  const entry = readInt32(source, at)
  return entry <= NO_INDEX_ENTRY || entry > indexCount ? NO_INDEX_ENTRY : entry
}

export function writeIndexEntry(
  target: Buffer,
  at: number,
  keyHash: number,
  physicalOffset: number,
  timeDiffSeconds: number,
  olderEntry: number,
): void {
  assert(at >= 0 && at + INDEX_ENTRY_BYTES <= target.length, 'no room for the entry')
  writeInt32(target, at + KEY_HASH_AT, keyHash)
  writeInt64(target, at + ENTRY_PHYSICAL_OFFSET_AT, physicalOffset)
  writeInt32(target, at + TIME_DIFF_AT, timeDiffSeconds)
  writeInt32(target, at + OLDER_ENTRY_AT, olderEntry)
}

export function readIndexEntry(source: Buffer, at: number, entry: IndexEntry): void {
  assert(at >= 0 && at + INDEX_ENTRY_BYTES <= source.length, 'no entry there')
  entry.keyHash = readInt32(source, at + KEY_HASH_AT)
  entry.physicalOffset = readInt64(source, at + ENTRY_PHYSICAL_OFFSET_AT)
  entry.timeDiffSeconds = readInt32(source, at + TIME_DIFF_AT)
  entry.olderEntry = readInt32(source, at + OLDER_ENTRY_AT)
}

/**
 * The entry behind `number` in its slot; {@link NO_INDEX_ENTRY} when what it says cannot be: older
 * ones have smaller numbers.
 */
export function olderIndexEntry(number: number, olderEntry: number): number {
  return olderEntry < number && olderEntry > NO_INDEX_ENTRY ? olderEntry : NO_INDEX_ENTRY
}

/** The time that an entry keeps: whole seconds after the file's begin, 0 before it has one. */
export function indexTimeDiffSeconds(storeTimestampMs: number, beginTimestampMs: number): number {
  if (beginTimestampMs <= 0 || storeTimestampMs <= beginTimestampMs) return 0
  const seconds = Math.floor((storeTimestampMs - beginTimestampMs) / MS_PER_SECOND)
  return Math.min(seconds, TIME_DIFF_MAX_SECONDS)
}

/** The time that a reader takes an entry to be stored at, in ms: exact to a second. */
export function indexEntryTimestampMs(timeDiffSeconds: number, beginTimestampMs: number): number {
  return beginTimestampMs + timeDiffSeconds * MS_PER_SECOND
}

const KEY_PREFIX_SEPARATOR = '#'
const TAG_PREFIX = '#T#'

/** The hash under which a message is found by a key or unique key. */
export function indexKeyHash(topic: string, key: string): number {
  return positiveHash(javaHash(key, javaHash(KEY_PREFIX_SEPARATOR, javaHash(topic))))
}

/** The hash under which a message is found by its tag (since RocketMQ 5.5.0). */
export function indexTagHash(topic: string, tag: string): number {
  return positiveHash(javaHash(tag, javaHash(TAG_PREFIX, javaHash(topic))))
}

/** What {@link indexKeyHashOfUtf8} continues from: the hash of `topic#`, topic as UTF-8. */
export function indexKeySeed(topic: Buffer, start: number, end: number): number {
  return javaHash(KEY_PREFIX_SEPARATOR, javaHashOfUtf8(topic, start, end))
}

/** What {@link indexKeyHashOfUtf8} continues from for a tag: the hash of `topic#T#`. */
export function indexTagSeed(topic: Buffer, start: number, end: number): number {
  return javaHash(TAG_PREFIX, javaHashOfUtf8(topic, start, end))
}

/** The hash of the key or tag in `buffer[start, end)`, continued from its topic's seed. */
export function indexKeyHashOfUtf8(
  buffer: Buffer,
  start: number,
  end: number,
  seed: number,
): number {
  return positiveHash(javaHashOfUtf8(buffer, start, end, seed))
}

/** `yyyyMMddHHmmssSSS` in local time: the name of an index file made at that time. */
export function indexFileName(timestampMs: number): string {
  const time = new Date(timestampMs)
  return (
    String(time.getFullYear()).padStart(4, '0') +
    twoDigits(time.getMonth() + 1) +
    twoDigits(time.getDate()) +
    twoDigits(time.getHours()) +
    twoDigits(time.getMinutes()) +
    twoDigits(time.getSeconds()) +
    String(time.getMilliseconds()).padStart(3, '0')
  )
}

/** Whether a file of this name is an index file; Java would take any number. */
export function isIndexFileName(name: string): boolean {
  return /^\d{17}$/.test(name)
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}

assert(INDEX_HEADER_BYTES === 40, 'an index header is 40 bytes')
assert(INDEX_ENTRY_BYTES === 20, 'an index entry is 20 bytes')
