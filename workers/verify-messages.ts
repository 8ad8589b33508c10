/** What the threads that verify a store are told, and answer. */
import type { LogLocation } from '../engine/log/log-scanner.ts'
import type { SegmentVerification } from '../engine/log/log-verify.ts'
import type { QueueVerification } from '../engine/store/queue-verify.ts'

/** What every thread is started with. */
export interface VerifySetup {
  readonly log: LogLocation
  /** First offsets of the segments, ascending. */
  readonly startOffsets: readonly number[]
  /** Folder and file length of the consume queues; undefined leaves them unread. */
  readonly queues: { readonly root: string; readonly fileBytes: number } | undefined
  /** Bytes a second that this thread may read; undefined for as many as it can. */
  readonly bytesPerSecond: number | undefined
  /** Words that the threads share, see {@link VerifyWord}. */
  readonly words: SharedArrayBuffer
}

export const VerifyWord = {
  /** Index of the next segment that nobody has taken. */
  NEXT: 0,
  /** MiB that were verified, by all threads together. */
  DONE_MEBIBYTES: 1,
  COUNT: 2,
} as const

export interface VerifyAnswer extends SegmentVerification {
  readonly queues: readonly QueueVerification[]
}
