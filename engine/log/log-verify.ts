/**
 * Walks a segment record by record and says where it is damaged. Records never cross from one
 * segment into the next, so segments are verified apart from each other, in any order.
 */
import { type FileSystem, readFully } from '../file/file-system.ts'
import { segmentPath } from '../file/store-layout.ts'
import { MAGIC_AT, RECORD_MAGIC_V1, RECORD_MAGIC_V2 } from '../format/record-format.ts'
import { type LogLocation, LogScanner, ScanStep } from './log-scanner.ts'

/** A part of the log that holds no whole records. */
export interface LogDamage {
  /** Physical offset of its first byte. */
  readonly offset: number
  /** Physical offset of the next whole record, or of the segment's end. */
  readonly endOffset: number
  /** What stands at its start, in words. */
  readonly found: string
}

export interface SegmentVerification {
  readonly startOffset: number
  /** Physical offset behind the last whole record. */
  readonly endOffset: number
  readonly recordCount: number
  readonly damages: readonly LogDamage[]
}

export interface VerifiedRecord {
  /** Called for each whole record, which `scanner.view` describes. */
  readonly onRecord?: (scanner: LogScanner, offset: number) => void
  /** Called with the physical offset that was reached, every now and then. */
  readonly onProgress?: (offset: number) => void
}

const SEARCH_BYTES = 1024 * 1024
const MAGICS = [RECORD_MAGIC_V1, RECORD_MAGIC_V2].map((magic) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(magic)
  return bytes
})

/**
 * Verifies the segment at `startOffset`: sizes, checksums, and that each record stands at the place
 * that it names. The newest segment may end anywhere with zeros, the others only with a blank.
 */
export function verifySegment(
  files: FileSystem,
  location: LogLocation,
  startOffset: number,
  isNewest: boolean,
  { onRecord, onProgress }: VerifiedRecord = {},
): SegmentVerification {
  const limit = startOffset + location.segmentBytes
  const scanner = new LogScanner(files, location, { checkCrc: true })
  const damages: LogDamage[] = []
  let recordCount = 0
  let endOffset = startOffset
  try {
    for (let offset = startOffset; offset < limit; ) {
      const step = scanner.at(offset, limit)
      if (step === ScanStep.RECORD) {
        onRecord?.(scanner, offset)
        recordCount += 1
        offset += scanner.view.totalBytes
        endOffset = offset
        onProgress?.(offset)
        continue
      }
      if (step === ScanStep.SEGMENT_END) break
      const found = describe(scanner, step)
      const next = findRecord(files, location, scanner, { offset: offset + 1, limit })
      // Zeros behind the last record are where the log goes on.
      if (step === ScanStep.END && isNewest && next === limit) break
      damages.push({ offset, endOffset: next, found })
      offset = next
    }
  } finally {
    scanner.close()
  }
  return { startOffset, endOffset, recordCount, damages }
}

function describe(scanner: LogScanner, step: ScanStep): string {
  if (step === ScanStep.END) return 'nothing, where a record should be'
  switch (scanner.verdict) {
    case 'WHOLE':
      return 'a record of another place'
    case 'BAD_CRC':
      return 'a record whose body does not match its checksum'
    case 'BAD_SIZE':
    case 'NEED_MORE':
      return 'a record whose lengths do not add up'
    case 'TORN':
      return 'half of a record'
    default:
      return 'bytes that are no record'
  }
}

/** Physical offset of the next whole record at its own place; `limit` when there is none. */
function findRecord(
  files: FileSystem,
  location: LogLocation,
  scanner: LogScanner,
  { offset, limit }: { offset: number; limit: number },
): number {
  const segmentStart = limit - location.segmentBytes
  const window = Buffer.alloc(Math.min(SEARCH_BYTES, location.segmentBytes))
  const fd = files.open(segmentPath(location.directory, segmentStart), 'read')
  try {
    for (let at = offset; at < limit; at += window.length - MAGIC_AT) {
      const lengthBytes = Math.min(window.length, limit - at)
      const range = { start: 0, lengthBytes, position: at - segmentStart }
      const found = window.subarray(0, readFully(files, fd, window, range))
      for (const place of magicsIn(found)) {
        const candidate = at + place - MAGIC_AT
        if (candidate >= offset && scanner.at(candidate, limit) === ScanStep.RECORD)
          return candidate
      }
    }
  } finally {
    files.close(fd)
  }
  return limit
}

/** Where one of the magics stands, ascending. */
function* magicsIn(bytes: Buffer): Generator<number, void, undefined> {
  for (let from = 0; ; ) {
    const places = MAGICS.map((magic) => bytes.indexOf(magic, from)).filter((place) => place >= 0)
    if (places.length === 0) return
    const place = Math.min(...places)
    yield place
    from = place + 1
  }
}
