/** What the threads tell each other besides the shared words. */
import type { StoreErrorCode } from '../engine/base/errors.ts'
import type { DiskSpace } from '../engine/file/disk-space.ts'
import type { RestartOffsets } from '../engine/queue/queue-restarts.ts'
import type { BuiltFiles } from '../engine/store/checkpoint-keeper.ts'
import type { StoreConfig } from '../engine/store/store-options.ts'

/** What every worker is started with. */
export interface WorkerSetup {
  readonly directory: string
  readonly config: StoreConfig
  readonly segmentBytes: number
  readonly state: SharedArrayBuffer
  /** Where flush and reput begin. */
  readonly endOffset: number
  readonly redoFromOffset: number
  /** What the index holds of the log behind here is to be forgotten. */
  readonly cutOffset: number
  /** Where queues of deleted topics began anew. */
  readonly restartOffsets: RestartOffsets
  readonly wasAborted: boolean
}

/** From any worker to the event loop. */
export type FromWorker =
  | { readonly kind: 'ready' }
  /** Files will lie over this memory: it must outlive the worker. */
  | { readonly kind: 'arena'; readonly buffer: SharedArrayBuffer }
  /** FLUSHED reached what was wanted. */
  | { readonly kind: 'flushed' }
  /** REPUT moved after somebody asked. */
  | { readonly kind: 'reput' }
  | { readonly kind: 'prepared'; readonly startOffset: number }
  | {
      readonly kind: 'not-prepared'
      readonly startOffset: number
      readonly code: StoreErrorCode
      readonly message: string
    }
  | {
      readonly kind: 'looked'
      /** The segment that was asked about. */
      readonly startOffset: number
      readonly oldestModifiedMs: number
      readonly space: DiskSpace
      /** Queues and index of everything before are on the disk; physical offset. */
      readonly builtOffset: number
    }
  | { readonly kind: 'segment-deleted'; readonly startOffset: number }
  | { readonly kind: 'segment-not-deleted'; readonly message: string }
  /** Queue files that are gone. */
  | { readonly kind: 'trimmed'; readonly paths: readonly string[] }
  /** For the log of whoever runs the store. */
  | { readonly kind: 'warning'; readonly message: string }
  /** So many deletions of topics, the oldest, are on the disk. */
  | { readonly kind: 'deletions-kept'; readonly count: number }
  /** The queues of the oldest topic that was to be deleted are gone. */
  | { readonly kind: 'topic-deleted' }
  /** The worker cannot go on; it ends itself. */
  | { readonly kind: 'failed'; readonly code: StoreErrorCode; readonly message: string }

/** From the event loop to the reput worker, read between two steps. */
export type ToReput =
  | DeleteTopic
  /** The log starts here now: delete what of queues and index leads before it. */
  | { readonly kind: 'trim'; readonly logStartOffset: number }
  /** Have all that is built synced, before its time. */
  | { readonly kind: 'sync' }

export interface DeleteTopic {
  readonly kind: 'delete-topic'
  readonly topic: string
  /** What the log holds up to here is deleted; physical offset. */
  readonly untilOffset: number
}

/** From the event loop and the reput worker to the housekeeping worker, done in order. */
export type ToHousekeeping =
  | { readonly kind: 'prepare'; readonly startOffset: number }
  | { readonly kind: 'sync-queues'; readonly built: BuiltFiles }
  /** Tell how much room there is, and when the segment at that offset was written. */
  | { readonly kind: 'look'; readonly startOffset: number }
  /** Nobody has the segment open any more. */
  | { readonly kind: 'delete-segment'; readonly startOffset: number }
  /** Write the last checkpoint and leave. */
  | { readonly kind: 'stop' }
