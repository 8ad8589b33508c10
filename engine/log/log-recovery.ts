/**
 * Finds where the log really ends, and from where consume queues and index must be built again
 * (CommitLog.recoverNormally and recoverAbnormally).
 *
 * - After a clean stop of Agena, a mark names the last record: what it says is checked, and the
 * scan
 *   goes on from there, in case Java wrote more since.
 * - Otherwise the scan starts at a segment whose first record is older than all that the checkpoint
 *   says is safe; after a clean stop of Java, at the newest segment.
 */
import type { FileSystem } from '../file/file-system.ts'
import { LogScanner, ScanStep } from './log-scanner.ts'
import type { SegmentListing } from './log-segments.ts'

/** The last record of a log that was closed in order. */
export interface LogEndMark {
  readonly lastRecordOffset: number
  readonly endOffset: number
}

export interface LogRecoveryInput {
  readonly directory: string
  readonly listing: SegmentListing
  /** The abort marker was there: the last process did not stop in order. */
  readonly wasAborted: boolean
  readonly endMark: LogEndMark | undefined
  /** Everything stored up to this time is in the log, the queues and the index, in ms. */
  readonly safeTimestampMs: number
  /** False when the queues must be built from the start of the log. */
  readonly hasConsumeQueues: boolean
}

export interface LogRecoveryResult {
  /** Where the next record goes. */
  readonly endOffset: number
  /** The last whole record before the end that the scan passed; -1 when it passed none. */
  readonly lastRecordOffset: number
  /** Queues and index are built again from here; equal to `endOffset` when they are complete. */
  readonly redoFromOffset: number
  /** Bytes were found behind the end that are no record: the torn tail of a write. */
  readonly isTailTorn: boolean
}

/** Called for each record of the range that is built again. */
export type RecoveredRecord = (scanner: LogScanner, offset: number) => void

export function recoverLog(
  files: FileSystem,
  input: LogRecoveryInput,
  onRecord: RecoveredRecord,
): LogRecoveryResult {
  const { startOffsets, segmentBytes } = input.listing
  const first = startOffsets[0]
  if (first === undefined) return emptyLog(0)
  const location = { directory: input.directory, segmentBytes }
  const scanner = new LogScanner(files, location, { checkCrc: true })
  try {
    const limit = (startOffsets.at(-1) ?? first) + segmentBytes
    const from = startOfScan(scanner, input, limit)
    const end = scanToEnd(scanner, from, limit, onRecord)
    const isComplete = from === input.endMark?.endOffset && end.endOffset === from
    const lastRecordOffset = isComplete ? input.endMark.lastRecordOffset : end.lastRecordOffset
    return { ...end, lastRecordOffset, redoFromOffset: from }
  } finally {
    scanner.close()
  }
}

function emptyLog(offset: number): LogRecoveryResult {
  return { endOffset: offset, lastRecordOffset: -1, redoFromOffset: offset, isTailTorn: false }
}

function startOfScan(scanner: LogScanner, input: LogRecoveryInput, limit: number): number {
  const first = input.listing.startOffsets[0] ?? 0
  if (!input.hasConsumeQueues) return first
  const { endMark } = input
  const isMarkUsed = !input.wasAborted && endMark !== undefined && endMark.lastRecordOffset >= first
  if (isMarkUsed && holdsMark(scanner, endMark, limit)) {
    return endMark.endOffset
  }
  const safeTimestampMs = input.wasAborted ? input.safeTimestampMs : Number.POSITIVE_INFINITY
  for (const startOffset of [...input.listing.startOffsets].reverse()) {
    if (scanner.at(startOffset, limit) !== ScanStep.RECORD) continue
    if (scanner.view.storeTimestampMs <= safeTimestampMs) return startOffset
  }
  return first
}

function holdsMark(scanner: LogScanner, mark: LogEndMark, limit: number): boolean {
  if (mark.endOffset > limit) return false
  if (scanner.at(mark.lastRecordOffset, limit) !== ScanStep.RECORD) return false
  return mark.lastRecordOffset + scanner.view.totalBytes === mark.endOffset
}

function scanToEnd(
  scanner: LogScanner,
  from: number,
  limit: number,
  onRecord: RecoveredRecord,
): Omit<LogRecoveryResult, 'redoFromOffset'> {
  let offset = from
  let lastRecordOffset = -1
  for (;;) {
    const step = scanner.at(offset, limit)
    switch (step) {
      case ScanStep.RECORD:
        onRecord(scanner, offset)
        lastRecordOffset = offset
        offset += scanner.view.totalBytes
        break
      case ScanStep.SEGMENT_END:
        offset = scanner.segmentEnd(offset)
        break
      default:
        return { endOffset: offset, lastRecordOffset, isTailTorn: step === ScanStep.BAD }
    }
  }
}
