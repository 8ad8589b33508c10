/**
 * Whole stores that a broker of Apache RocketMQ 5.5.0 wrote, read with the format codecs alone:
 * every record, queue unit, index chain and checkpoint says what Java read there itself.
 */

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createCheckpoint, readCheckpoint } from '../../../engine/format/checkpoint-format.ts'
import {
  CONSUME_QUEUE_UNIT_BYTES,
  createConsumeQueueUnit,
  isPreBlankUnit,
  isWrittenUnit,
  readConsumeQueueUnit,
  tagsCodeOf,
} from '../../../engine/format/consume-queue-format.ts'
import { parseHost } from '../../../engine/format/host.ts'
import {
  createIndexEntry,
  createIndexHeader,
  indexEntryAt,
  indexFileBytes,
  indexKeyHash,
  indexSlotAt,
  indexSlotOf,
  isIndexFileName,
  NO_INDEX_ENTRY,
  readIndexEntry,
  readIndexHeader,
  readIndexSlot,
} from '../../../engine/format/index-format.ts'
import {
  createRecordView,
  RecordVerdict,
  readRecord,
} from '../../../engine/format/record-decoder.ts'
import { createRecordSource, encodeRecord } from '../../../engine/format/record-encoder.ts'
import { parseSegmentName, segmentName } from '../../../engine/format/segment-name.ts'
import { decodeMessage, type StoredMessage } from '../../../engine/format/stored-message.ts'
import { DelayLevels } from '../../../engine/queue/delay-levels.ts'
import {
  type ExpectedMessage,
  type ExpectedStore,
  type ExpectedUnit,
  readFixtureRecord,
  storeFixtureNames,
  unpackStoreFixture,
} from '../../helpers/store-fixtures.ts'

const CHECKED = { checkCrc: true }

/** What Java says of a killed store is its state after a recovery, so its queues are older. */
const stoppedStores = storeFixtureNames.filter((name) => !name.startsWith('killed'))

describe.each(storeFixtureNames)('commit log of %s', (name) => {
  it('holds the messages that Java read, and they encode to the same bytes', async () => {
    await using store = await unpackStoreFixture(name)
    for (const expected of store.expected.messages) {
      const bytes = await readFixtureRecord(store, expected)
      const message = decodeMessage(bytes, 0, CHECKED)
      expect(comparable(message)).toEqual(comparableExpected(expected))
      expect(encodeAgain(bytes, message).toString('hex')).toBe(bytes.toString('hex'))
    }
  })

  it('is a chain of whole records, blanks at segment ends, and zeros', async () => {
    await using store = await unpackStoreFixture(name)
    const { offsets, ends } = await walkLog(join(store.directory, 'commitlog'), store.expected)
    expect(offsets).toEqual(store.expected.messages.map((message) => message.physicalOffset))
    const { log, settings } = store.expected
    for (const end of ends.slice(0, -1)) expect(end % settings.mappedFileSizeCommitLog).toBe(0)
    expect(ends.at(-1)).toBe(log.maxOffset)
  })
})

describe.each(stoppedStores)('derived files of %s', (name) => {
  it('consume queues hold the units that Java read', async () => {
    await using store = await unpackStoreFixture(name)
    for (const queue of store.expected.queues) {
      const folder = join(store.directory, 'consumequeue', queue.topic, String(queue.queueId))
      const units = await readUnits(folder)
      expect(queue.units.length).toBeGreaterThan(0)
      expect(units.filter(([queueOffset]) => queueOffset >= queue.minOffset)).toEqual(queue.units)
    }
  })

  it('consume queues begin with pre-blank units where Java rebuilt them', async () => {
    await using store = await unpackStoreFixture(name)
    for (const queue of store.expected.queues) {
      const folder = join(store.directory, 'consumequeue', queue.topic, String(queue.queueId))
      const below = (await readUnits(folder)).filter(([offset]) => offset < queue.minOffset)
      expect(below.length).toBe(name === 'deleted-head' ? queue.minOffset : 0)
    }
  })

  it('units carry the hash of the tags, or the time of a delayed delivery', async () => {
    await using store = await unpackStoreFixture(name)
    const tagsCodes = new Map<number, string>()
    for (const queue of store.expected.queues) {
      for (const [, physicalOffset, , tagsCode] of queue.units) {
        tagsCodes.set(physicalOffset, tagsCode)
      }
    }
    const delays = new DelayLevels()
    for (const message of store.expected.messages) {
      const { queueId, storeTimestamp, tags } = message
      const isDelayed = message.topic === delays.topic
      const tagsCode = isDelayed
        ? delays.deliverTimestampMs(queueId + 1, storeTimestamp)
        : tagsCodeOf(tags ?? '')
      expect(tagsCodes.get(message.physicalOffset)).toBe(String(tagsCode))
    }
  })

  it('index files answer as Java answered', async () => {
    await using store = await unpackStoreFixture(name)
    const { maxHashSlotNum: slotCount, maxIndexNum: entryCount } = store.expected.settings
    const folder = join(store.directory, 'index')
    const names = (await readdir(folder)).sort()
    const files = await Promise.all(names.map((file) => readFile(join(folder, file))))
    expect(names.every(isIndexFileName)).toBe(true)
    for (const file of files) expect(file.length).toBe(indexFileBytes(slotCount, entryCount))

    expect(store.expected.index.length).toBeGreaterThan(0)
    for (const { topic, key, physicalOffsets } of store.expected.index) {
      const keyHash = indexKeyHash(topic, key)
      const found = files.toReversed().flatMap((file) => lookUp(file, keyHash, slotCount))
      expect(found).toEqual(physicalOffsets)
    }
  })

  it('checkpoint says what Java read from it', async () => {
    await using store = await unpackStoreFixture(name)
    const checkpoint = createCheckpoint()
    readCheckpoint(await readFile(join(store.directory, 'checkpoint')), checkpoint)
    const java = store.expected.checkpoint
    expect(checkpoint).toMatchObject({
      commitLogTimestampMs: java.physicMsgTimestamp,
      consumeQueueTimestampMs: java.logicsMsgTimestamp,
      indexTimestampMs: java.indexMsgTimestamp,
      masterFlushedOffset: java.masterFlushedOffset,
      confirmedOffset: java.confirmPhyOffset,
    })
  })
})

/** What both sides say of a message. */
function comparable(message: StoredMessage): object {
  const { body, properties, ...fields } = message
  return { ...fields, bodyBytes: body.length, properties: Object.fromEntries(properties) }
}

function comparableExpected(expected: ExpectedMessage): object {
  return {
    topic: expected.topic,
    queueId: expected.queueId,
    queueOffset: expected.queueOffset,
    physicalOffset: expected.physicalOffset,
    storeTimestampMs: expected.storeTimestamp,
    bornTimestampMs: expected.bornTimestamp,
    bornHost: shortHost(expected.bornHost),
    storeHost: shortHost(expected.storeHost),
    sysFlag: expected.sysFlag,
    flag: expected.flag,
    reconsumeTimes: expected.reconsumeTimes,
    preparedTransactionOffset: expected.preparedTransactionOffset,
    bodyCrc: expected.bodyCrc,
    bodyBytes: expected.bodyBytes,
    properties: expected.properties,
    messageId: expected.msgId,
    totalBytes: expected.sizeBytes,
  }
}

/** Java writes an IPv6 address out in full. */
function shortHost(host: string): string {
  return host.replace('2001:db8:0:0:0:0:0:', '2001:db8::')
}

/** The record that the encoder makes of what the decoder found; property bytes are taken over. */
function encodeAgain(record: Buffer, message: StoredMessage): Buffer {
  const view = createRecordView()
  readRecord(record, 0, record.length, view, CHECKED)
  const source = createRecordSource()
  source.topic = Buffer.from(message.topic)
  source.topicEnd = source.topic.length
  source.queueId = message.queueId
  source.flag = message.flag
  source.sysFlag = message.sysFlag
  source.bornTimestampMs = message.bornTimestampMs
  source.bornHost = parseHost(message.bornHost)
  source.storeHost = parseHost(message.storeHost)
  source.reconsumeTimes = message.reconsumeTimes
  source.preparedTransactionOffset = message.preparedTransactionOffset
  source.body = message.body
  source.bodyEnd = message.body.length
  source.properties = record
  source.propertiesStart = view.propertiesStart
  source.propertiesEnd = view.propertiesEnd
  const target = Buffer.alloc(record.length)
  const { queueOffset, physicalOffset, storeTimestampMs } = message
  encodeRecord(target, 0, source, queueOffset, physicalOffset, storeTimestampMs)
  return target
}

/** Where records say that they lie, and where each run of them ends: at a blank, or for good. */
async function walkLog(
  folder: string,
  expected: ExpectedStore,
): Promise<{ offsets: number[]; ends: number[] }> {
  const segmentBytes = expected.settings.mappedFileSizeCommitLog
  const view = createRecordView()
  const offsets: number[] = []
  const ends: number[] = []
  for (let offset = expected.log.minOffset; ; offset += view.totalBytes) {
    const position = offset % segmentBytes
    const segment = await readFile(join(folder, segmentName(offset - position)))
    const verdict = readRecord(segment, position, segmentBytes, view, CHECKED)
    if (verdict === RecordVerdict.WHOLE) {
      offsets.push(view.physicalOffset)
    } else {
      ends.push(verdict === RecordVerdict.BLANK ? offset + view.totalBytes : offset)
      if (verdict !== RecordVerdict.BLANK) return { offsets, ends }
    }
  }
}

/** The written units of a queue, without the pre-blank ones at its begin. */
async function readUnits(folder: string): Promise<ExpectedUnit[]> {
  const units: ExpectedUnit[] = []
  const unit = createConsumeQueueUnit()
  for (const name of (await readdir(folder)).sort()) {
    const startOffset = parseSegmentName(name)!
    const file = await readFile(join(folder, name))
    for (let at = 0; at < file.length; at += CONSUME_QUEUE_UNIT_BYTES) {
      readConsumeQueueUnit(file, at, unit)
      if (!isWrittenUnit(unit) || isPreBlankUnit(unit)) continue
      const queueOffset = (startOffset + at) / CONSUME_QUEUE_UNIT_BYTES
      units.push([queueOffset, unit.physicalOffset, unit.recordBytes, String(unit.tagsCode)])
    }
  }
  return units
}

/** Physical offsets under a hash, newest first. */
function lookUp(file: Buffer, keyHash: number, slotCount: number): number[] {
  const header = createIndexHeader()
  readIndexHeader(file, header)
  const entry = createIndexEntry()
  const found: number[] = []
  const slotAt = indexSlotAt(indexSlotOf(keyHash, slotCount))
  let number = readIndexSlot(file, slotAt, header.indexCount)
  while (number !== NO_INDEX_ENTRY) {
    readIndexEntry(file, indexEntryAt(number, slotCount), entry)
    if (entry.keyHash === keyHash) found.push(entry.physicalOffset)
    number = entry.olderEntry
  }
  return found
}
