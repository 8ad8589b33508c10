/** A log of records on a disk in memory, written without a store, to be damaged byte by byte. */
import { MemoryDisk } from '../../engine/file/memory-file-system.ts'
import { segmentPath } from '../../engine/file/store-layout.ts'
import { hostOf } from '../../engine/format/host.ts'
import {
  createRecordSource,
  encodeBlank,
  encodeRecord,
  recordBytes,
} from '../../engine/format/record-encoder.ts'
import { BLANK_RECORD_BYTES } from '../../engine/format/record-format.ts'
import { LogScanner } from '../../engine/log/log-scanner.ts'

const HOST = hostOf('10.0.0.1', 10911)
const STORED_MS = 1_700_000_000_000

export class WrittenLog {
  readonly disk = new MemoryDisk()
  readonly directory = '/log'
  readonly segmentBytes: number
  /** First offsets of the records. */
  readonly offsets: number[] = []
  end = 0

  constructor(segmentBytes: number) {
    this.segmentBytes = segmentBytes
    this.disk.makeDirectory(this.directory)
  }

  /** First offsets of the segments. */
  get startOffsets(): number[] {
    return this.disk.list(this.directory).map(Number)
  }

  /** Appends a record, whose body is filled with its number, counted from 1. */
  add(bodyBytes: number, storeTimestampMs = STORED_MS): this {
    const source = createRecordSource()
    source.topic = Buffer.from('T')
    source.topicEnd = 1
    source.bornHost = HOST
    source.storeHost = HOST
    source.body = Buffer.alloc(bodyBytes, this.offsets.length + 1)
    source.bodyEnd = bodyBytes
    const bytes = recordBytes(source)
    const segmentEnd = this.end - (this.end % this.segmentBytes) + this.segmentBytes
    if (this.end + bytes + BLANK_RECORD_BYTES > segmentEnd) this.roll()
    const record = Buffer.alloc(bytes)
    encodeRecord(record, 0, source, this.offsets.length, this.end, storeTimestampMs)
    this.write(this.end, record)
    this.offsets.push(this.end)
    this.end += bytes
    return this
  }

  /** Ends the segment with a blank record. */
  roll(): this {
    const segmentEnd = this.end - (this.end % this.segmentBytes) + this.segmentBytes
    const blank = Buffer.alloc(BLANK_RECORD_BYTES)
    encodeBlank(blank, 0, segmentEnd - this.end)
    this.write(this.end, blank)
    this.end = segmentEnd
    return this
  }

  /** Puts bytes at a physical offset, into a segment that is made when it is missing. */
  write(offset: number, bytes: Buffer): void {
    const start = offset - (offset % this.segmentBytes)
    const fd = this.disk.open(segmentPath(this.directory, start), 'create')
    if (this.disk.sizeBytes(fd) < this.segmentBytes) this.disk.setLength(fd, this.segmentBytes)
    this.disk.write(fd, bytes, 0, bytes.length, offset - start)
    this.disk.close(fd)
  }

  read(offset: number, lengthBytes: number): Buffer {
    const bytes = Buffer.alloc(lengthBytes)
    const position = offset % this.segmentBytes
    const fd = this.disk.open(segmentPath(this.directory, offset - position), 'read')
    this.disk.read(fd, bytes, 0, lengthBytes, position)
    this.disk.close(fd)
    return bytes
  }

  scanner(): LogScanner {
    return new LogScanner(this.disk, this, { checkCrc: true })
  }
}
