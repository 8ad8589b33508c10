/** What the threads that verify a store are told, and answer. */
import type { SegmentEnding } from '../engine/log/log-verify.ts'
import type { IndexFileSize } from '../engine/queue/index-file.ts'
import type { IndexVerification } from '../engine/store/index-verify.ts'
import type { QueueVerification } from '../engine/store/queue-verify.ts'
import type { SegmentCheck } from '../engine/store/segment-check.ts'
import type { WalkSetup } from './walk-threads.ts'

/** One thing to verify. */
export type VerifyJob =
  | { readonly kind: 'segment'; readonly startOffset: number; readonly ending: SegmentEnding }
  | { readonly kind: 'index'; readonly path: string; readonly size: IndexFileSize }

/** What every thread is started with. */
export interface VerifySetup extends WalkSetup {
  /** Root of the store. */
  readonly directory: string
  readonly segmentBytes: number
  /** Part of the log that there is. */
  readonly logStartOffset: number
  readonly logEndOffset: number
  readonly jobs: readonly VerifyJob[]
  /** Read all records, even where hashes say that nothing has changed. */
  readonly areRecordsWanted: boolean
  /** File length of the consume queues; undefined leaves them unread. */
  readonly queueFileBytes: number | undefined
  /** Bytes a second that this thread may read. */
  readonly bytesPerSecond: number
}

export type VerifyAnswer =
  | {
      readonly kind: 'segment'
      readonly check: SegmentCheck
      readonly queues: readonly QueueVerification[]
    }
  | { readonly kind: 'index'; readonly verification: IndexVerification }
  /** The segment or file expired meanwhile. */
  | { readonly kind: 'gone' }
