/**
 * The appender: the single place where physical and queue offsets are assigned.
 *
 *   append, append, append …  ──▶  staging buffer  ──(end of turn)──▶  one pwrite
 *
 *   staging   |record|record|record|0 0 0|      zeros up to the next 4 KiB boundary: no page that
 *   segment   …..|===================|0 0|0…    left the cache is read back, and a guard of zeros
 *                ^stagedStart                   always follows the tail
 *
 * A turn is everything that is appended until the event loop's next `setImmediate`. If its write
 * fails or is short, it is taken back as a whole: queue offsets, position, and the listener is
 * told.
 */
import { assert } from '../base/assert.ts'
import type { StoreError } from '../base/errors.ts'
import { alignUp, MIB, PAGE_BYTES } from '../base/units.ts'
import { type FileSystem, writeFully } from '../file/file-system.ts'
import { storeErrorOf } from '../file/posix.ts'
import { ChecksumBuffer } from '../format/checksum-buffer.ts'
import { LinearMemory } from '../format/linear-memory.ts'
import {
  encodeBlank,
  RecordEncoder,
  type RecordSource,
  recordBytes,
} from '../format/record-encoder.ts'
import {
  BLANK_RECORD_BYTES,
  PROPERTIES_MAX_BYTES,
  TOPIC_MAX_BYTES_V2,
} from '../format/record-format.ts'
import { entersConsumeQueue } from '../format/sys-flag.ts'
import { AppendOutcome } from './append-outcome.ts'
import type { LogSegment } from './log-segment.ts'
import type { LogSegments } from './log-segments.ts'
import type { QueueTail } from './queue-tail.ts'

/** Room beside the staging buffer, see {@link CommitLog.memory}: only what is used takes memory. */
const APPENDER_BYTES = 2 * MIB
const STAGING_BYTES_MIN = 4 * MIB
/** What a record has besides its body: header, longest topic and longest properties. */
const RECORD_OVERHEAD_BYTES_MAX = 128 * 1024

export interface CommitLogConfig {
  /** Longest body of a message, in bytes (`maxMessageSize`). */
  readonly messageBytesMax: number
}

/** Who is told what becomes of the turns. */
export interface CommitLogListener {
  /** Everything before `writtenOffset` is in the files, with new records of these queues. */
  onWritten(writtenOffset: number, storeTimestampMs: number, queues: readonly QueueTail[]): void
  /** Everything appended at or behind `fromOffset` is gone. */
  onTakenBack(fromOffset: number, error: StoreError): void
  /** A segment that starts at `startOffset` should be made ready. */
  onSegmentWanted(startOffset: number): void
  /** A first message waits for the end of the turn: call {@link CommitLog.commitTurn} then. */
  onTurnStarted(): void
}

export class CommitLog {
  readonly segments: LogSegments
  /**
   * With room for 2 MiB of whoever appends: bodies that lie there are staged sooner.
   * Undefined where there is none.
   */
  readonly memory: LinearMemory | undefined
  /** Where and when the last append landed: valid until the next call. */
  lastPhysicalOffset = 0
  lastQueueOffset = 0
  lastRecordBytes = 0
  readonly #files: FileSystem
  readonly #config: CommitLogConfig
  readonly #listener: CommitLogListener
  readonly #staging: Buffer
  readonly #encoder: RecordEncoder
  #segment: LogSegment
  #next: LogSegment | undefined
  /** Physical offset of the staging buffer's first byte: all before it is in the files. */
  #stagedStart: number
  #stagedBytes = 0
  #turn = 0
  #turnTimestampMs = 0
  #touched: QueueTail[] = []
  #refusal: StoreError | undefined
  /** Why the last write or the next segment failed, for as long as that stands in the way. */
  #segmentFailure: StoreError | undefined
  #shortage: StoreError | undefined
  /** Up to here the file may hold parts of turns that were taken back; 0 for nowhere. */
  #staleEnd = 0

  /** @param endOffset physical offset where the next record goes, in the last of `segments`. */
  constructor(
    files: FileSystem,
    log: { segments: LogSegments; segment: LogSegment; endOffset: number },
    config: CommitLogConfig,
    listener: CommitLogListener,
  ) {
    this.#files = files
    this.segments = log.segments
    this.#segment = log.segment
    this.#stagedStart = log.endOffset
    this.#config = config
    this.#listener = listener
    const wantedBytes = config.messageBytesMax + RECORD_OVERHEAD_BYTES_MAX
    const stagingBytes = alignUp(Math.max(wantedBytes, STAGING_BYTES_MIN), PAGE_BYTES)
    this.memory = LinearMemory.reserve(stagingBytes + RecordEncoder.MEMORY_BYTES + APPENDER_BYTES)
    const staging = new ChecksumBuffer(stagingBytes, this.memory)
    this.#staging = staging.bytes
    this.#encoder = new RecordEncoder(staging, this.memory)
  }

  /** Physical offset behind the last record that was given an offset. */
  get appendedOffset(): number {
    return this.#stagedStart + this.#stagedBytes
  }

  /** Physical offset behind the last record that is in the files. */
  get writtenOffset(): number {
    return this.#stagedStart
  }

  /** The time of storing that the next message gets, in ms since 1970: a turn has one for all. */
  get nextTimestampMs(): number {
    return this.#stagedBytes === 0 ? Date.now() : this.#turnTimestampMs
  }

  /** Longest body of a message, in bytes. */
  get messageBytesMax(): number {
    return this.#config.messageBytesMax
  }

  /** Why nothing more is written; undefined while all is well. */
  get refusal(): StoreError | undefined {
    return this.#refusal
  }

  /** Whether the segment behind the current one is at hand. */
  get hasNextSegment(): boolean {
    return this.#next !== undefined
  }

  /** Ends all writing, for good. */
  refuse(error: StoreError): void {
    this.#refusal ??= error
  }

  /** Why the segment behind this one cannot be made; appends are not held for it until it can. */
  reportSegmentFailure(error: StoreError): void {
    this.#segmentFailure = error
  }

  /**
   * Nothing is written as long as the disk is short of room; undefined says that it no longer is.
   */
  reportShortage(error: StoreError | undefined): void {
    this.#shortage = error
  }

  /** What stands in the way of appends right now. */
  get obstacle(): StoreError | undefined {
    return this.#refusal ?? this.#shortage ?? this.#segmentFailure
  }

  /** Bytes of the log that have blocks on the disk and are not written yet. */
  get reservedBytes(): number {
    const lastEnd = this.#next?.endOffset ?? this.#segment.endOffset
    return lastEnd - this.#stagedStart
  }

  /** Takes the segment that follows the current one. */
  offerSegment(segment: LogSegment): void {
    assert(this.#next === undefined, 'one next segment at a time')
    assert(segment.startOffset === this.#segment.endOffset, 'the next segment adjoins')
    this.#next = segment
    this.#segmentFailure = undefined
  }

  /** Gives the unused next segment back, for a clean stop. */
  withdrawSegment(): LogSegment | undefined {
    const unused = this.#next
    this.#next = undefined
    return unused
  }

  /** Appends one message at the end of its queue. On `APPENDED` see the `last…` fields. */
  append(source: RecordSource, tail: QueueTail): AppendOutcome {
    const outcome = this.admit(source)
    if (outcome !== AppendOutcome.APPENDED) return outcome
    const bytes = recordBytes(source)
    const room = this.makeRoom(bytes)
    if (room !== AppendOutcome.APPENDED) return room
    this.#put(source, tail, bytes)
    return AppendOutcome.APPENDED
  }

  /** Checks a message against the limits (CommitLog.asyncPutMessage, MessageExtEncoder.encode). */
  admit(source: RecordSource): AppendOutcome {
    if (source.bodyEnd - source.bodyStart > this.#config.messageBytesMax) {
      return AppendOutcome.MESSAGE_TOO_LARGE
    }
    if (source.topicEnd - source.topicStart > TOPIC_MAX_BYTES_V2) {
      return AppendOutcome.TOPIC_TOO_LONG
    }
    if (source.propertiesEnd - source.propertiesStart > PROPERTIES_MAX_BYTES) {
      return AppendOutcome.PROPERTIES_TOO_LONG
    }
    return AppendOutcome.APPENDED
  }

  /**
   * Makes room for `bytes` that lie together: by an early write when the staging buffer is full, by
   * rolling to the next segment when this one is.
   */
  makeRoom(bytes: number): AppendOutcome {
    if (this.#refusal !== undefined) return AppendOutcome.READ_ONLY
    if (this.#shortage !== undefined) return AppendOutcome.DISK_FULL
    if (bytes + BLANK_RECORD_BYTES > this.segments.segmentBytes) {
      return AppendOutcome.SEGMENT_TOO_SMALL
    }
    if (this.appendedOffset + bytes + BLANK_RECORD_BYTES > this.#segment.endOffset) {
      if (this.#next === undefined) {
        return this.#segmentFailure === undefined
          ? AppendOutcome.NOT_READY
          : AppendOutcome.DISK_FULL
      }
      if (!this.#roll(this.#next)) return this.#failedOutcome()
    }
    if (this.#stagedBytes + bytes + BLANK_RECORD_BYTES + PAGE_BYTES > this.#staging.length) {
      if (!this.commitTurn()) return this.#failedOutcome()
    }
    return AppendOutcome.APPENDED
  }

  /**
   * Writes what the turn staged. Called by whoever heard `onTurnStarted`, once the turn is over.
   * @returns false when the turn was taken back.
   */
  commitTurn(): boolean {
    if (this.#stagedBytes === 0) return true
    const end = this.appendedOffset
    const queues = this.#writeStaged()
    if (queues === undefined) return false
    this.#stagedStart = end
    this.#listener.onWritten(end, this.#turnTimestampMs, queues)
    return true
  }

  /**
   * The turn's one write; what follows it in the log is the caller's to say.
   * @returns the queues that it went to; undefined when the turn was taken back
   */
  #writeStaged(): readonly QueueTail[] | undefined {
    const endOffset = Math.max(this.appendedOffset, this.#staleEnd)
    const paddedEnd = Math.min(alignUp(endOffset, PAGE_BYTES), this.#segment.endOffset)
    const lengthBytes = paddedEnd - this.#stagedStart
    this.#staging.fill(0, this.#stagedBytes, lengthBytes)
    const { fd, startOffset, path } = this.#segment
    const position = this.#stagedStart - startOffset
    try {
      writeFully(this.#files, fd, this.#staging, { start: 0, lengthBytes, position })
    } catch (error) {
      const failure = storeErrorOf(error, 'write to', path)
      // A full disk may get better; after anything else what the file holds is unknown.
      if (failure.code !== 'STORE_DISK_FULL') this.refuse(failure)
      this.#takeBack(failure, paddedEnd)
      return undefined
    }
    this.#staleEnd = 0
    this.#segmentFailure = undefined
    return this.#endTurn()
  }

  #failedOutcome(): AppendOutcome {
    return this.#refusal === undefined ? AppendOutcome.DISK_FULL : AppendOutcome.READ_ONLY
  }

  #put(source: RecordSource, tail: QueueTail, bytes: number): void {
    if (this.#stagedBytes === 0) this.#startTurn()
    this.#touch(tail)
    const physicalOffset = this.appendedOffset
    const isQueued = entersConsumeQueue(source.sysFlag)
    const queueOffset = isQueued ? tail.nextQueueOffset : 0
    this.#encoder.encode(
      this.#stagedBytes,
      source,
      queueOffset,
      physicalOffset,
      this.#turnTimestampMs,
    )
    this.#stagedBytes += bytes
    tail.lastRecordEnd = physicalOffset + bytes
    if (isQueued) {
      tail.nextQueueOffset = queueOffset + 1
      tail.recent?.put(queueOffset, physicalOffset, bytes)
    }
    this.lastPhysicalOffset = physicalOffset
    this.lastQueueOffset = queueOffset
    this.lastRecordBytes = bytes
  }

  #startTurn(): void {
    this.#turnTimestampMs = Date.now()
    this.#listener.onTurnStarted()
  }

  #touch(tail: QueueTail): void {
    if (tail.turn === this.#turn) return
    tail.turn = this.#turn
    tail.turnStartQueueOffset = tail.nextQueueOffset
    tail.turnStartRecordEnd = tail.lastRecordEnd
    this.#touched.push(tail)
  }

  /** @returns the queues of the turn */
  #endTurn(): readonly QueueTail[] {
    const touched = this.#touched
    this.#stagedBytes = 0
    this.#turn += 1
    this.#touched = []
    return touched
  }

  /** Undoes the turn, of which the file may hold parts up to `paddedEnd`. */
  #takeBack(error: StoreError, paddedEnd: number): void {
    for (const tail of this.#endTurn()) {
      tail.nextQueueOffset = tail.turnStartQueueOffset
      tail.lastRecordEnd = tail.turnStartRecordEnd
    }
    this.#segmentFailure = error
    this.#wipe(paddedEnd)
    this.#listener.onTakenBack(this.#stagedStart, error)
  }

  /** Whole records of a turn that was taken back would be found again by the next start. */
  #wipe(untilOffset: number): void {
    const { fd, startOffset } = this.#segment
    const position = this.#stagedStart - startOffset
    try {
      this.#files.zero(fd, position, untilOffset - this.#stagedStart)
      this.#staleEnd = 0
    } catch {
      // It is only put off: the next write covers the same range.
      this.#staleEnd = untilOffset
    }
  }

  /**
   * Closes the current segment with a blank record and goes on in the next one. A blank reaches to
   * the segment's end, so readers hear of it only together with the next segment's start.
   */
  #roll(next: LogSegment): boolean {
    if (this.#stagedBytes === 0) this.#startTurn()
    encodeBlank(this.#staging, this.#stagedBytes, this.#segment.endOffset - this.appendedOffset)
    this.#stagedBytes += BLANK_RECORD_BYTES
    const queues = this.#writeStaged()
    if (queues === undefined) return false
    this.#segment = next
    this.#next = undefined
    this.segments.push(next)
    this.#stagedStart = next.startOffset
    this.#listener.onWritten(next.startOffset, this.#turnTimestampMs, queues)
    this.#listener.onSegmentWanted(next.endOffset)
    return true
  }
}
