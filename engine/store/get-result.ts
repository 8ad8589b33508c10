import type { LogSegment } from '../log/log-segment.ts'
import { GetStatus } from './get-status.ts'

/** A stretch of one segment that holds whole records. */
export interface LogSlice {
  readonly segment: LogSegment
  /** Where it starts in the segment's mapping. */
  readonly start: number
  lengthBytes: number
}

/** A stretch of a file that is not in memory. */
export interface ColdRange {
  readonly path: string
  readonly position: number
  readonly lengthBytes: number
}

/**
 * What a read by queue offset found. The slices are views of mappings: use them in the same turn,
 * or retain their region first.
 */
export interface GetResult {
  status: GetStatus
  /** Queue offset to go on with. */
  nextBeginOffset: number
  minOffset: number
  maxOffset: number
  messageCount: number
  totalBytes: number
  /** Records that adjoin in the log share a slice. */
  readonly slices: LogSlice[]
  /** With `COLD`: what to read first. */
  readonly coldRanges: ColdRange[]
  /** Whether the records lie so far back that a replica should serve them. */
  isFarBehind: boolean
}

export function createGetResult(): GetResult {
  return {
    status: GetStatus.NO_MESSAGE_IN_QUEUE,
    nextBeginOffset: 0,
    minOffset: 0,
    maxOffset: 0,
    messageCount: 0,
    totalBytes: 0,
    slices: [],
    coldRanges: [],
    isFarBehind: false,
  }
}
