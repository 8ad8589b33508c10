/** Records that stand one behind the other in one segment: what a scan of the log consists of. */
import { type LogFinding, type LogScanner, ScanStep } from './log-scanner.ts'
import type { ScannedQueue, ScannedQueues } from './scanned-queues.ts'

export interface LogRun {
  /** Just behind the last record. */
  readonly endOffset: number
  /** What stands there; undefined where the segment is full to its last byte. */
  readonly finding: LogFinding | undefined
  /** -1 when there is no record. */
  readonly lastRecordOffset: number
  /** Store time of the last record, in ms; 0 when there is none. */
  readonly lastTimestampMs: number
}

/** A run, and what its records say of their queues. */
export interface ScannedRun extends LogRun {
  readonly queues: readonly ScannedQueue[]
}

/** Runs that were scanned already, by the physical offset where they start. */
export type ScannedRuns = ReadonlyMap<number, ScannedRun>

/** Scans from one offset to the first place in its segment that holds no record. */
export function scanRun(
  scanner: LogScanner,
  from: number,
  limit: number,
  queues: ScannedQueues,
): LogRun {
  const segmentEnd = scanner.segmentEnd(from)
  let offset = from
  let lastRecordOffset = -1
  let lastTimestampMs = 0
  while (offset < segmentEnd && scanner.at(offset, limit) === ScanStep.RECORD) {
    queues.see(scanner, offset)
    lastRecordOffset = offset
    lastTimestampMs = scanner.view.storeTimestampMs
    offset += scanner.view.totalBytes
  }
  const finding = offset < segmentEnd ? scanner.finding : undefined
  return { endOffset: offset, finding, lastRecordOffset, lastTimestampMs }
}
