/**
 * Walks the records of the commit log from any offset: the one reader of its framing, for reput,
 * recovery and verification. It reads with `pread` into its own buffer, so that a bad sector is an
 * error and not a signal, and pages are not faulted in one by one.
 */
import { assert } from '../base/assert.ts'
import { alignDown, alignUp, DISK_BLOCK_BYTES, KIB, PAGE_BYTES } from '../base/units.ts'
import { type FileSystem, readFully } from '../file/file-system.ts'
import { segmentPath } from '../file/store-layout.ts'
import { CONSUME_QUEUE_UNIT_BYTES } from '../format/consume-queue-format.ts'
import type { LinearMemory } from '../format/linear-memory.ts'
import {
  createRecordView,
  type ReadRecordOptions,
  type RecordVerdict,
  type RecordView,
  readRecord,
  RecordVerdict as Verdict,
} from '../format/record-decoder.ts'
import { BLANK_RECORD_BYTES } from '../format/record-format.ts'

const WINDOW_BYTES = 512 * KIB
/** Behind it the place of a unit is no exact number any more. */
const QUEUE_OFFSET_MAX = Math.floor(Number.MAX_SAFE_INTEGER / CONSUME_QUEUE_UNIT_BYTES) - 1

/** What the scanner stands on. */
export const ScanStep = {
  /** A whole record: see `view`, whose positions are in `buffer`. */
  RECORD: 0,
  /** The segment ends here: go on at the next one's start. */
  SEGMENT_END: 1,
  /** Nothing behind this offset. */
  END: 2,
  /** No record here, although bytes are. */
  BAD: 3,
} as const

export type ScanStep = (typeof ScanStep)[keyof typeof ScanStep]

/** What stands where no record does. */
export type LogFinding =
  /** A blank record: the segment ends here. */
  | 'blank'
  /** Nothing was ever written here. */
  | 'zeros'
  /** The file ends here, or there is none. */
  | 'end-of-file'
  /** Only half of a record's head. */
  | 'torn-head'
  | 'bad-magic'
  /** The lengths inside the record do not add up. */
  | 'bad-size'
  /** The record reaches beyond the end of its segment. */
  | 'past-end'
  | 'bad-crc'
  /** A whole record that names another place, left over from an earlier use of these blocks. */
  | 'wrong-offset'
  /** A record whose queue or number in it cannot be. */
  | 'bad-number'
  /** A record of which a block behind its body never reached the disk. */
  | 'torn-block'

/** What was found, as in "there is …". */
export const FOUND_WORDS: Readonly<Record<LogFinding, string>> = {
  blank: 'the end of a segment',
  zeros: 'nothing, where a record should be',
  'end-of-file': 'the end of the file',
  'torn-head': 'half of a record',
  'bad-magic': 'bytes that are no record',
  'bad-size': 'a record whose lengths do not add up',
  'past-end': 'a record that reaches beyond its segment',
  'bad-crc': 'a record whose body does not match its checksum',
  'wrong-offset': 'a record of another place',
  'bad-number': 'a record whose number in its queue cannot be',
  'torn-block': 'a record that lost its topic or properties',
}

const FINDINGS: Readonly<Record<Exclude<RecordVerdict, 'WHOLE'>, LogFinding>> = {
  BLANK: 'blank',
  END: 'zeros',
  NEED_MORE: 'past-end',
  TORN: 'torn-head',
  BAD_MAGIC: 'bad-magic',
  BAD_SIZE: 'bad-size',
  BAD_CRC: 'bad-crc',
}

export interface LogLocation {
  /** Folder of the segments. */
  readonly directory: string
  readonly segmentBytes: number
}

export class LogScanner {
  /** Room that it needs in a linear memory. */
  static readonly MEMORY_BYTES = WINDOW_BYTES

  /** The record of the last `RECORD` step: valid until the next call. */
  readonly view: RecordView = createRecordView()
  /** What the last step found, if it was not `RECORD`. */
  finding: LogFinding = 'zeros'
  readonly #files: FileSystem
  readonly #location: LogLocation
  readonly #options: ReadRecordOptions
  #buffer: Buffer
  /** Physical range that the buffer holds. */
  #windowStart = 0
  #windowEnd = 0
  /** The last fill met the end of the file early. */
  #isFileShort = false
  #fd = -1
  #fdSegmentStart = -1

  /** @param memory for the bytes that it looks at, until a record is larger than its window */
  constructor(
    files: FileSystem,
    location: LogLocation,
    options: ReadRecordOptions,
    memory?: LinearMemory,
  ) {
    this.#files = files
    this.#location = location
    this.#options = options
    this.#buffer = memory?.allot(WINDOW_BYTES) ?? Buffer.alloc(WINDOW_BYTES)
  }

  /** The bytes that `view` points into. */
  get buffer(): Buffer {
    return this.#buffer
  }

  /** Looks at what stands at `offset`; nothing at or behind `limit` is read. */
  at(offset: number, limit: number): ScanStep {
    if (offset >= limit) return this.#endOfFile()
    const segmentStart = offset - (offset % this.#location.segmentBytes)
    const end = Math.min(limit, segmentStart + this.#location.segmentBytes)
    if (offset + BLANK_RECORD_BYTES > end) return this.#stepOf(Verdict.NEED_MORE, offset)
    let wantedBytes = WINDOW_BYTES
    for (;;) {
      const verdict = this.#read(offset, end)
      if (verdict !== Verdict.NEED_MORE) return this.#stepOf(verdict, offset)
      const isAllRead =
        this.#windowStart === offset && (this.#isFileShort || this.#windowEnd === end)
      if (isAllRead) return this.#stepOf(verdict, offset)
      const isWindowTooSmall = this.#windowStart === offset && this.#windowEnd > offset
      if (isWindowTooSmall) wantedBytes = 2 * this.#buffer.length
      this.#fill(segmentStart, offset, end, wantedBytes)
      if (this.#windowEnd <= offset) return this.#endOfFile()
    }
  }

  /** Where the segment that holds `offset` ends: the place to go on after `SEGMENT_END`. */
  segmentEnd(offset: number): number {
    return offset - (offset % this.#location.segmentBytes) + this.#location.segmentBytes
  }

  close(): void {
    if (this.#fd !== -1) this.#files.close(this.#fd)
    this.#fd = -1
    this.#fdSegmentStart = -1
  }

  /** Forgets what was read, after somebody else changed the log. */
  reset(): void {
    this.#windowStart = 0
    this.#windowEnd = 0
    this.close()
  }

  #read(offset: number, end: number): RecordVerdict {
    const isInWindow = offset >= this.#windowStart && offset < this.#windowEnd
    if (!isInWindow) return Verdict.NEED_MORE
    const limit = Math.min(this.#windowEnd, end) - this.#windowStart
    return readRecord(this.#buffer, offset - this.#windowStart, limit, this.view, this.#options)
  }

  #stepOf(verdict: RecordVerdict, offset: number): ScanStep {
    if (verdict === Verdict.WHOLE) {
      if (this.view.physicalOffset !== offset) this.finding = 'wrong-offset'
      else if (!this.#hasQueuePlace()) this.finding = 'bad-number'
      else if (this.#options.checkCrc && this.#isTornBehindBody(offset)) {
        this.finding = 'torn-block'
      } else return ScanStep.RECORD
      return ScanStep.BAD
    }
    this.finding = FINDINGS[verdict]
    if (verdict === Verdict.BLANK) return ScanStep.SEGMENT_END
    return verdict === Verdict.END ? ScanStep.END : ScanStep.BAD
  }

  /** No checksum covers the number of a message and its queue: they may be anything. */
  #hasQueuePlace(): boolean {
    const { queueId, queueOffset } = this.view
    return queueId >= 0 && queueOffset >= 0 && queueOffset <= QUEUE_OFFSET_MAX
  }

  /**
   * The checksum covers the body alone, and the lengths may stand in other blocks of the disk than
   * the topic and properties. A block that never reached the disk leaves zeros, to the record's end
   * or to the block's.
   */
  #isTornBehindBody(offset: number): boolean {
    const { view } = this
    const toFile = offset - view.start - (offset - (offset % this.#location.segmentBytes))
    return (
      this.#hasLostBlock(view.topicStart, view.topicEnd, toFile) ||
      this.#hasLostBlock(view.propertiesStart, view.propertiesEnd, toFile)
    )
  }

  /** @param toFile what leads from a place in the buffer to the place in the segment's file. */
  #hasLostBlock(start: number, end: number, toFile: number): boolean {
    for (let at = start; at < end; ) {
      const blockEnd = Math.min(
        end,
        alignDown(at + toFile, DISK_BLOCK_BYTES) + DISK_BLOCK_BYTES - toFile,
      )
      if (this.#isZero(at, blockEnd)) return true
      at = blockEnd
    }
    return false
  }

  #isZero(start: number, end: number): boolean {
    for (let at = start; at < end; at += 1) if (this.#buffer[at] !== 0) return false
    return true
  }

  #endOfFile(): ScanStep {
    this.finding = 'end-of-file'
    return ScanStep.END
  }

  #fill(segmentStart: number, offset: number, end: number, wantedBytes: number): void {
    if (wantedBytes > this.#buffer.length) {
      const mostBytes = alignUp(this.#location.segmentBytes, PAGE_BYTES)
      const bytes = Math.max(WINDOW_BYTES, Math.min(wantedBytes, mostBytes))
      assert(bytes > this.#buffer.length || bytes === mostBytes, 'the window grows')
      this.#buffer = Buffer.alloc(bytes)
    }
    const lengthBytes = Math.min(this.#buffer.length, end - offset)
    const fd = this.#openSegment(segmentStart)
    const range = { start: 0, lengthBytes, position: offset - segmentStart }
    this.#windowStart = offset
    this.#windowEnd = offset + readFully(this.#files, fd, this.#buffer, range)
    this.#isFileShort = this.#windowEnd < offset + lengthBytes
  }

  #openSegment(segmentStart: number): number {
    if (this.#fdSegmentStart === segmentStart) return this.#fd
    this.close()
    this.#fd = this.#files.open(segmentPath(this.#location.directory, segmentStart), 'read')
    this.#fdSegmentStart = segmentStart
    return this.#fd
  }
}
