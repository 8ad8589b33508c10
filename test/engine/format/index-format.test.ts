/** Index files byte for byte as Apache RocketMQ's IndexFile leaves them. */

import { describe, expect, it } from 'vitest'
import {
  createIndexEntry,
  createIndexHeader,
  FIRST_INDEX_ENTRY,
  INDEX_ENTRY_COUNT_DEFAULT,
  INDEX_SLOT_COUNT_DEFAULT,
  type IndexHeader,
  indexEntryAt,
  indexEntryTimestampMs,
  indexFileBytes,
  indexFileName,
  indexKeyHash,
  indexKeyHashOfUtf8,
  indexKeySeed,
  indexSlotAt,
  indexSlotOf,
  indexTagHash,
  indexTagSeed,
  indexTimeDiffSeconds,
  isIndexFileName,
  NO_INDEX_ENTRY,
  readIndexEntry,
  readIndexHeader,
  readIndexSlot,
  writeIndexEntry,
  writeIndexHeader,
  writeIndexSlot,
} from '../../../engine/format/index-format.ts'
import { javaHash, positiveHash } from '../../../engine/format/java-hash.ts'
import { bytesOf, type GoldenIndexFile, golden } from './golden.ts'

describe('index file', () => {
  it.each(golden.index)('has Java’s bytes after the same puts: $name', (file) => {
    const { bytes, header } = fill(file)
    expect(bytes.toString('hex')).toBe(file.bytes)
    const read = createIndexHeader()
    readIndexHeader(bytesOf(file.bytes), read)
    expect(read).toEqual(header)
  })

  it.each(golden.index)('gives the offsets that Java finds: $name', (file) => {
    const bytes = bytesOf(file.bytes)
    const header = createIndexHeader()
    readIndexHeader(bytes, header)
    const keyHash = indexKeyHash('Order', 'order-1')
    const entry = createIndexEntry()
    const found: number[] = []
    const slotAt = indexSlotAt(indexSlotOf(keyHash, file.slotCount))
    let number = readIndexSlot(bytes, slotAt, header.indexCount)
    while (number !== NO_INDEX_ENTRY) {
      readIndexEntry(bytes, indexEntryAt(number, file.slotCount), entry)
      if (entry.keyHash === keyHash) found.push(entry.physicalOffset)
      number = entry.olderEntry
    }
    expect(found).toEqual(file.foundForOrder1)
  })

  it('has RocketMQ’s default size', () => {
    expect(indexFileBytes(INDEX_SLOT_COUNT_DEFAULT, INDEX_ENTRY_COUNT_DEFAULT)).toBe(420_000_040)
  })

  it('of zeros is an empty one', () => {
    const header = createIndexHeader()
    header.indexCount = 99
    readIndexHeader(Buffer.alloc(40), header)
    expect(header).toEqual(createIndexHeader())
    expect(header.indexCount).toBe(FIRST_INDEX_ENTRY)
  })

  it('takes a slot that points beyond the entries for empty', () => {
    const slot = Buffer.alloc(4)
    for (const [value, expected] of [
      [3, 3],
      [4, NO_INDEX_ENTRY],
      [0, NO_INDEX_ENTRY],
      [-1, NO_INDEX_ENTRY],
    ] as const) {
      writeIndexSlot(slot, 0, value)
      expect(readIndexSlot(slot, 0, 3)).toBe(expected)
    }
  })

  it('keeps times in whole seconds', () => {
    expect(indexTimeDiffSeconds(1_999, 1_000)).toBe(0)
    expect(indexTimeDiffSeconds(2_000, 1_000)).toBe(1)
    expect(indexTimeDiffSeconds(2_000, 0)).toBe(0)
    expect(indexTimeDiffSeconds(500, 1_000)).toBe(0)
    expect(indexTimeDiffSeconds(4e15, 1)).toBe(0x7fff_ffff)
    expect(indexEntryTimestampMs(3, 1_500)).toBe(4_500)
  })
})

describe('index keys', () => {
  it('hash as topic#key and topic#T#tag, from strings and from bytes', () => {
    const topic = 'Örder'
    const topicBytes = Buffer.from(`x${topic}x`)
    const key = 'schlüssel-🚀'
    const keyBytes = Buffer.from(`x${key}x`)
    const topicEnd = topicBytes.length - 1
    const keyEnd = keyBytes.length - 1
    const keyHash = positiveHash(javaHash('Örder#schlüssel-🚀'))
    const tagHash = positiveHash(javaHash('Örder#T#schlüssel-🚀'))

    expect(indexKeyHash(topic, key)).toBe(keyHash)
    expect(indexTagHash(topic, key)).toBe(tagHash)
    const keySeed = indexKeySeed(topicBytes, 1, topicEnd)
    expect(indexKeyHashOfUtf8(keyBytes, 1, keyEnd, keySeed)).toBe(keyHash)
    const tagSeed = indexTagSeed(topicBytes, 1, topicEnd)
    expect(indexKeyHashOfUtf8(keyBytes, 1, keyEnd, tagSeed)).toBe(tagHash)
  })
})

describe('index file names', () => {
  it.each(Object.entries(golden.indexFileNames))('%s is the local time', (name, time) => {
    const [year, month, day, hour, minute, second, ms] = time
    const made = new Date(year, month - 1, day, hour, minute, second, ms)
    expect(indexFileName(made.getTime())).toBe(name)
    expect(isIndexFileName(name)).toBe(true)
  })

  it('are 17 digits and nothing else', () => {
    for (const name of [
      '',
      '2023111422132012',
      '202311142213201234',
      '2023111422132012x',
      '.tmp',
    ]) {
      expect(isIndexFileName(name)).toBe(false)
    }
  })
})

/** The same puts by Java's rules, through the functions under test. */
function fill(file: GoldenIndexFile): { bytes: Buffer; header: IndexHeader } {
  const { slotCount, entryCount } = file
  const bytes = Buffer.alloc(indexFileBytes(slotCount, entryCount))
  const header = createIndexHeader()
  header.beginPhysicalOffset = file.previousEndPhysicalOffset
  header.endPhysicalOffset = file.previousEndPhysicalOffset
  header.beginTimestampMs = file.previousEndTimestampMs
  header.endTimestampMs = file.previousEndTimestampMs
  for (const put of file.puts) {
    expect(put.accepted).toBe(header.indexCount < entryCount)
    if (put.accepted) putKey(bytes, header, slotCount, put)
  }
  writeIndexHeader(bytes, header)
  return { bytes, header }
}

function putKey(
  bytes: Buffer,
  header: IndexHeader,
  slotCount: number,
  put: GoldenIndexFile['puts'][number],
): void {
  const keyHash = positiveHash(javaHash(put.key))
  const slotAt = indexSlotAt(indexSlotOf(keyHash, slotCount))
  const older = readIndexSlot(bytes, slotAt, header.indexCount)
  const timeDiffSeconds = indexTimeDiffSeconds(put.storeTimestampMs, header.beginTimestampMs)
  const entryAt = indexEntryAt(header.indexCount, slotCount)
  writeIndexEntry(bytes, entryAt, keyHash, put.physicalOffset, timeDiffSeconds, older)
  writeIndexSlot(bytes, slotAt, header.indexCount)
  if (header.indexCount === FIRST_INDEX_ENTRY) {
    header.beginPhysicalOffset = put.physicalOffset
    header.beginTimestampMs = put.storeTimestampMs
  }
  if (older === NO_INDEX_ENTRY) header.usedSlotCount++
  header.indexCount++
  header.endPhysicalOffset = put.physicalOffset
  header.endTimestampMs = put.storeTimestampMs
}
