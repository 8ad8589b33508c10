/**
 * Reads by queue offset and by physical offset (DefaultMessageStore.getMessage), on the event loop:
 * hot data straight from the mapping, and nothing that is known not to be in memory. What is not
 * is answered with `COLD` and the ranges to warm; the same call then finds it.
 */
import { totalmem } from 'node:os'
import { equalBytes } from '../base/equal-bytes.ts'
import { StoreError } from '../base/errors.ts'
import { memoryLimit } from '../base/memory-limit.ts'
import { DISK_BLOCK_BYTES, I32_BYTES, KIB, MIB } from '../base/units.ts'
import { readInt32, readInt64 } from '../format/big-endian.ts'
import {
  CONSUME_QUEUE_UNIT_BYTES,
  createConsumeQueueUnit,
  isPreBlankUnit,
} from '../format/consume-queue-format.ts'
import { createRecordView, RecordVerdict, readRecord } from '../format/record-decoder.ts'
import {
  PHYSICAL_OFFSET_AT,
  QUEUE_ID_AT,
  QUEUE_OFFSET_AT,
  RECORD_SIZE_AT,
} from '../format/record-format.ts'
import type { CommitLog } from '../log/commit-log.ts'
import type { QueueTail } from '../log/queue-tail.ts'
import type { ConsumeQueue } from '../queue/consume-queue.ts'
import type { DelayLevels } from '../queue/delay-levels.ts'
import { FinishedUnits } from './finished-units.ts'
import type { ColdRange, GetResult, LogSlice } from './get-result.ts'
import { GetStatus } from './get-status.ts'
import type { MessageFilter } from './message-filter.ts'
import { RecentUnits } from './recent-units.ts'
import { ResidentBlocks } from './resident-blocks.ts'
import { VerifiedRecords } from './verified-records.ts'

/** Units that one filtered read looks at (`maxFilterMessageSize` of 16,000 bytes). */
const SCANNED_UNITS_MAX = 16_000 / CONSUME_QUEUE_UNIT_BYTES
/** Bounds of one answer (`maxTransferBytesOnMessageInMemory` …), for hot and for old records. */
const HOT_ANSWER_BYTES_MAX = 256 * KIB
const HOT_ANSWER_COUNT_MAX = 32
const OLD_ANSWER_BYTES_MAX = 64 * KIB
const OLD_ANSWER_COUNT_MAX = 8
/** Records of one answer that lie within this much are asked about together. */
const CLOSE_BYTES_MAX = MIB
/** Java's estimate of what is still in memory (`accessMessageInMemoryMaxRatio`, 40 %). */
const HOT_BYTES = totalmem() * 0.4
/**
 * What this process wrote this recently did not leave its memory, unless a read finds that it did,
 * and so cannot have rotted: a sixteenth of the memory that the process may fill.
 */
const RECENT_BYTES = Math.max(64 * MIB, memoryLimit() / 16)

/** Whoever warms a stretch may bring in what lies behind it, but no more than this. */
const COLD_REACH_BYTES = 64 * MIB

/** How much of a record is looked at. */
const ALL = { checkCrc: true }
const STRUCTURE = { checkCrc: false }

export interface GetRequest {
  readonly queueOffset: number
  readonly messageCountMax: number
  /** Most bytes of records, in all; the first record always fits. @default 256 KiB */
  readonly bytesMax?: number | undefined
  readonly filter?: MessageFilter | undefined
}

export class MessageReader {
  readonly #log: CommitLog
  /** Where this process began to write: what lies before came from the disk. */
  readonly #ownOffset: number
  /** Behind the newest stretch that may have come back from the disk; older ones left before it. */
  #coldOffset = 0
  readonly #finished: FinishedUnits
  readonly #recent: RecentUnits
  readonly #unit = createConsumeQueueUnit()
  readonly #view = createRecordView()
  readonly #resident = new ResidentBlocks()
  readonly #verified = new VerifiedRecords()
  /** Of the read in progress: one look at the clock for all its records. */
  #nowMs = 0
  /**
   * Also of that: the block of the disk in which the unit at hand begins, counted from its file's
   * start, and the one of the last unit whose record was looked at as a whole.
   */
  #block = 0
  #wholeBlock = -1

  constructor(log: CommitLog, reputOffset: () => number, delayLevels: DelayLevels) {
    this.#log = log
    this.#ownOffset = log.writtenOffset
    this.#finished = new FinishedUnits(SCANNED_UNITS_MAX, reputOffset)
    this.#recent = new RecentUnits(log, reputOffset, delayLevels)
  }

  /**
   * Fills `result` with the messages of a queue from an offset on.
   * @throws {StoreError} `STORE_RECORD_CORRUPT` when the first of them was damaged on the disk.
   */
  get(queue: ConsumeQueue, tail: QueueTail, request: GetRequest, result: GetResult): void {
    this.#reset(queue, tail, result)
    const { queueOffset } = request
    if (result.maxOffset === 0) {
      finish(result, GetStatus.NO_MESSAGE_IN_QUEUE, 0)
    } else if (queueOffset < result.minOffset) {
      finish(result, GetStatus.OFFSET_TOO_SMALL, result.minOffset)
    } else if (queueOffset === result.maxOffset) {
      finish(result, GetStatus.OFFSET_OVERFLOW_ONE, queueOffset)
    } else if (queueOffset > result.maxOffset) {
      finish(result, GetStatus.OFFSET_OVERFLOW_BADLY, result.maxOffset)
    } else {
      this.#collect(queue, tail, request, result)
    }
  }

  /**
   * The stretch of the log at a physical offset, of the length that its first word says when none
   * is given; undefined outside the log. Whether a record starts there is the caller's to check.
   */
  slice(physicalOffset: number, lengthBytes?: number): LogSlice | undefined {
    if (physicalOffset < this.#log.segments.startOffset) return undefined
    if (physicalOffset >= this.#log.writtenOffset) return undefined
    const segment = this.#log.segments.find(physicalOffset)
    if (segment === undefined) return undefined
    const start = physicalOffset - segment.startOffset
    const room = segment.sizeBytes - start
    const bytes = lengthBytes ?? (room < I32_BYTES ? 0 : readInt32(segment.region.bytes, start))
    if (bytes <= 0 || bytes > room) return undefined
    return { segment, start, lengthBytes: bytes }
  }

  /** True when reading this stretch of the log waits for no disk, see {@link ResidentBlocks}. */
  isInMemory(slice: LogSlice): boolean {
    this.#nowMs = performance.now()
    return this.#isThere(slice)
  }

  /** Whether a record is so recent that RocketMQ counts it as being in memory. */
  isCountedAsHot(physicalOffset: number): boolean {
    return this.#log.writtenOffset - physicalOffset <= HOT_BYTES
  }

  #reset(queue: ConsumeQueue, tail: QueueTail, result: GetResult): void {
    this.#nowMs = performance.now()
    result.minOffset = queue.minQueueOffset(this.#log.segments.startOffset)
    result.maxOffset = tail.nextQueueOffset
    result.messageCount = 0
    result.totalBytes = 0
    result.slices.length = 0
    result.coldRanges.length = 0
    result.isFarBehind = false
  }

  #collect(queue: ConsumeQueue, tail: QueueTail, request: GetRequest, result: GetResult): void {
    const { queueOffset, filter } = request
    const wantedUnits = filter === undefined ? request.messageCountMax : SCANNED_UNITS_MAX
    const recentCount = this.#recent.read(tail, queueOffset, wantedUnits, filter !== undefined)
    const units = recentCount > 0 ? this.#recent : this.#finished
    const unitCount =
      recentCount > 0 ? recentCount : this.#readUnits(queue, queueOffset, wantedUnits, result)
    if (unitCount < 0) return
    // The next one is not written, or neither built nor among the newest: the queue ends here for
    // now.
    if (unitCount === 0) {
      finish(result, GetStatus.OFFSET_OVERFLOW_ONE, queueOffset)
      return
    }
    result.status = GetStatus.NO_MATCHED_MESSAGE
    // None is read together with units of another file.
    const position = (queueOffset * CONSUME_QUEUE_UNIT_BYTES) % queue.location.fileBytes
    this.#wholeBlock = -1
    let nextOffset = queueOffset
    let goneUntil = 0
    for (let index = 0; index < unitCount; index += 1) {
      units.get(index, this.#unit)
      this.#block = Math.floor((position + index * CONSUME_QUEUE_UNIT_BYTES) / DISK_BLOCK_BYTES)
      const { physicalOffset, recordBytes } = this.#unit
      if (this.#isFull(request, result, physicalOffset, recordBytes)) break
      nextOffset += 1
      if (physicalOffset < goneUntil || isPreBlankUnit(this.#unit)) continue
      if (filter?.matchesTagsCode(this.#unit.tagsCode) === false) continue
      const slice = this.#sliceOf(physicalOffset, recordBytes)
      if (slice === undefined) {
        if (result.totalBytes === 0) result.status = GetStatus.MESSAGE_WAS_REMOVING
        goneUntil = this.#segmentEnd(physicalOffset)
        continue
      }
      const rot = this.#take(queue, nextOffset - 1, request, result, slice)
      if (rot === undefined) continue
      // What comes before it is served; who asks for it is told.
      if (result.messageCount === 0 && result.coldRanges.length === 0) throw rot
      nextOffset -= 1
      break
    }
    result.nextBeginOffset = nextOffset
    // What reput has not built was written a moment ago.
    if (units === this.#finished) this.#findCold(result)
    if (result.coldRanges.length > 0) {
      result.status = GetStatus.COLD
      result.nextBeginOffset = queueOffset
    }
  }

  /** Reads units that reput has finished; -1 when they are not in memory. */
  #readUnits(queue: ConsumeQueue, queueOffset: number, count: number, result: GetResult): number {
    const read = this.#finished.read(queue, queueOffset, count)
    if (read < 0) {
      result.coldRanges.push(this.#finished.range(queue, queueOffset, count))
      finish(result, GetStatus.COLD, queueOffset)
    }
    return read
  }

  /** Where the record of a unit lies; undefined when the log no longer holds it. */
  #sliceOf(physicalOffset: number, lengthBytes: number): LogSlice | undefined {
    const { segments } = this.#log
    if (physicalOffset < segments.startOffset) return undefined
    const segment = segments.find(physicalOffset)
    if (segment === undefined) return undefined
    return { segment, start: physicalOffset - segment.startOffset, lengthBytes }
  }

  /**
   * Adds a record that matches. What is looked into and not in memory is taken unseen, and the read
   * is repeated when it is warm: it is not asked about a second time, since it may have come in
   * between.
   * @returns what is wrong with it, see {@link #rotOf}
   */
  #take(
    queue: ConsumeQueue,
    queueOffset: number,
    { filter }: GetRequest,
    result: GetResult,
    slice: LogSlice,
  ): StoreError | undefined {
    const { segment, start, lengthBytes } = slice
    const end = start + lengthBytes
    if (end > segment.sizeBytes) return corrupt(slice, queue, 'no record fits in here')
    const isOld = segment.startOffset + start < this.#recentOffset()
    const isLookedInto = isOld || filter?.matchesRecord !== undefined
    if (isLookedInto && !this.#isThere(slice)) {
      result.coldRanges.push(rangeOf(slice))
      this.#add(result, slice)
      return undefined
    }
    const rot = isOld ? this.#rotOf(queue, queueOffset, slice) : undefined
    if (rot !== undefined) return rot
    if (filter?.matchesRecord?.(segment.region.bytes, start, end) === false) return undefined
    this.#add(result, slice)
    return undefined
  }

  /**
   * What is wrong with a record that comes from the disk: it is held against its checksum and the
   * unit that led to it. Where that was done a while ago, only one record of an answer and of a
   * block of units is looked at as a whole, the others at what they say of their place: a block
   * that the disk put in another's place leads to another topic's queue with all of its units.
   * What this process wrote lately never left its memory, and is not read again; Java checks none
   * of it, and neither do Java's clients.
   */
  #rotOf(queue: ConsumeQueue, queueOffset: number, slice: LogSlice): StoreError | undefined {
    const { segment, start, lengthBytes } = slice
    const physicalOffset = segment.startOffset + start
    const log = segment.region.bytes
    const view = this.#view
    const isVerified = this.#verified.has(physicalOffset, this.#nowMs)
    const isOneOfMany = isVerified && this.#block === this.#wholeBlock
    if (isOneOfMany && saysItsPlace(slice, queueOffset, queue.queueId)) return undefined
    const checks = isVerified ? STRUCTURE : ALL
    const verdict = readRecord(log, start, start + lengthBytes, view, checks)
    if (verdict !== RecordVerdict.WHOLE) return corrupt(slice, queue, verdict)
    const isWanted =
      view.physicalOffset === physicalOffset &&
      view.totalBytes === lengthBytes &&
      view.queueOffset === queueOffset &&
      view.queueId === queue.queueId &&
      equalBytes(log, view.topicStart, view.topicEnd, queue.topicBytes)
    if (!isWanted) return corrupt(slice, queue, 'the record is another one')
    this.#wholeBlock = this.#block
    if (!isVerified) this.#verified.add(physicalOffset, this.#nowMs)
    return undefined
  }

  /** Whether a stretch is in memory; takes note of what is not. */
  #isThere(slice: LogSlice): boolean {
    if (this.#resident.has(slice, this.#nowMs)) return true
    const physicalOffset = slice.segment.startOffset + slice.start
    const reachBytes = slice.lengthBytes + COLD_REACH_BYTES
    this.#coldOffset = Math.max(this.#coldOffset, physicalOffset + reachBytes)
    this.#verified.forget(physicalOffset, reachBytes)
    return false
  }

  /** What lies behind was written by this process, not long ago, and stayed in memory. */
  #recentOffset(): number {
    return Math.max(this.#ownOffset, this.#coldOffset, this.#log.writtenOffset - RECENT_BYTES)
  }

  /**
   * Asks also about what was written a moment ago: a page may leave memory at any time. An answer's
   * records lie close together as a rule, and then one question is enough for all.
   */
  #findCold({ slices, coldRanges }: GetResult): void {
    const first = slices[0]
    const last = slices.at(-1)
    if (first === undefined || last === undefined || coldRanges.length > 0) return
    const { segment, start } = first
    const lengthBytes = last.start + last.lengthBytes - start
    const isClose = last.segment === segment && lengthBytes <= CLOSE_BYTES_MAX
    if (isClose && this.#resident.has({ segment, start, lengthBytes }, this.#nowMs)) return
    for (const slice of slices) {
      if (!this.#isThere(slice)) coldRanges.push(rangeOf(slice))
    }
  }

  #add(result: GetResult, slice: LogSlice): void {
    const { segment, start, lengthBytes } = slice
    const last = result.slices.at(-1)
    if (last !== undefined && last.segment === segment && last.start + last.lengthBytes === start) {
      last.lengthBytes += lengthBytes
    } else {
      result.slices.push(slice)
    }
    result.status = GetStatus.FOUND
    result.messageCount += 1
    result.totalBytes += lengthBytes
    if (this.#log.writtenOffset - (segment.startOffset + start) > HOT_BYTES)
      result.isFarBehind = true
  }

  /** Whether one more record would break a bound (DefaultMessageStore.isTheBatchFull). */
  #isFull(
    request: GetRequest,
    result: GetResult,
    physicalOffset: number,
    recordBytes: number,
  ): boolean {
    if (result.messageCount === 0) return false
    const bytes = result.totalBytes + recordBytes
    if (result.messageCount >= request.messageCountMax) return true
    if (bytes > (request.bytesMax ?? HOT_ANSWER_BYTES_MAX)) return true
    const isOld = !this.isCountedAsHot(physicalOffset)
    const countMax = isOld ? OLD_ANSWER_COUNT_MAX : HOT_ANSWER_COUNT_MAX
    return (
      bytes > (isOld ? OLD_ANSWER_BYTES_MAX : HOT_ANSWER_BYTES_MAX) ||
      result.messageCount >= countMax
    )
  }

  #segmentEnd(physicalOffset: number): number {
    const { segmentBytes } = this.#log.segments
    return physicalOffset - (physicalOffset % segmentBytes) + segmentBytes
  }
}

/** Whether a record says of itself that it lies there, and is that message of a queue. */
function saysItsPlace(
  { segment, start, lengthBytes }: LogSlice,
  queueOffset: number,
  queueId: number,
): boolean {
  const log = segment.region.bytes
  return (
    readInt32(log, start + RECORD_SIZE_AT) === lengthBytes &&
    readInt64(log, start + PHYSICAL_OFFSET_AT) === segment.startOffset + start &&
    readInt64(log, start + QUEUE_OFFSET_AT) === queueOffset &&
    readInt32(log, start + QUEUE_ID_AT) === queueId
  )
}

function corrupt(
  { segment, start }: LogSlice,
  { topic, queueId }: ConsumeQueue,
  why: string,
): StoreError {
  const place = `${segment.path} is damaged at byte ${start}`
  const message = `${place}, where queue ${queueId} of ${topic} leads to: ${why}`
  return new StoreError('STORE_RECORD_CORRUPT', message)
}

function rangeOf({ segment, start, lengthBytes }: LogSlice): ColdRange {
  return { path: segment.path, position: start, lengthBytes }
}

function finish(result: GetResult, status: GetStatus, nextBeginOffset: number): void {
  result.status = status
  result.nextBeginOffset = nextBeginOffset
}
