/**
 * Makes durable what reput built and says so in the checkpoint: the only place where it moves. A
 * plain step: a worker calls it when asked, a test by hand.
 */
import type { FileSystem } from '../file/file-system.ts'
import type { StoreLayout } from '../file/store-layout.ts'
import { syncFiles, type UnsyncedFiles } from '../file/sync-files.ts'
import type { Checkpoint } from '../format/checkpoint-format.ts'
import { type IndexMark, saveIndexMark } from '../queue/index-mark.ts'
import { loadCheckpoint, saveCheckpoint } from './store-checkpoint.ts'

/** What reput built since the last time. */
export interface BuiltFiles {
  readonly unsynced: UnsyncedFiles
  /** Everything before is in the queues that are synced; physical offset. */
  readonly untilOffset: number
  readonly queueTimestampMs: number
  readonly indexTimestampMs: number
  /** What is in the index once it is synced; undefined when there is none. */
  readonly indexMark: IndexMark | undefined
  /** Whether nothing of it is left unsynced, so that the checkpoint may move. */
  readonly isThorough: boolean
}

export class CheckpointKeeper {
  readonly #files: FileSystem
  readonly #layout: StoreLayout
  readonly #recoveredOffset: number
  readonly #flushedTimestampMs: () => number
  readonly #checkpoint: Checkpoint

  /**
   * @param recoveredOffset where the log ended at the start. Recovery cuts the queues further back,
   * so until they are built up to there again, what the old checkpoint says is all that holds.
   * @param flushedTimestampMs store time of the last flushed message; 0 while there is none.
   */
  constructor(
    files: FileSystem,
    layout: StoreLayout,
    recoveredOffset: number,
    flushedTimestampMs: () => number,
  ) {
    this.#files = files
    this.#layout = layout
    this.#recoveredOffset = recoveredOffset
    this.#flushedTimestampMs = flushedTimestampMs
    this.#checkpoint = loadCheckpoint(files, layout)
  }

  /** The checkpoint may say only what is on the disk: it moves after the syncs. */
  syncBuilt(built: BuiltFiles): void {
    syncFiles(this.#files, built.unsynced, this.#layout.root)
    if (!built.isThorough || built.untilOffset < this.#recoveredOffset) return
    if (built.indexMark !== undefined) {
      saveIndexMark(this.#files, this.#layout.work, built.indexMark)
    }
    const checkpoint = this.#checkpoint
    const { queueTimestampMs, indexTimestampMs } = built
    // The last message's time, not the latest: after a clock was set back, less is safe, not more.
    if (queueTimestampMs > 0) checkpoint.consumeQueueTimestampMs = queueTimestampMs
    if (indexTimestampMs > 0) checkpoint.indexTimestampMs = indexTimestampMs
    checkpoint.consumeQueueOffset = built.untilOffset
    this.save()
  }

  /** A process that has flushed nothing yet knows no time: what the checkpoint says still holds. */
  save(): void {
    const flushedTimestampMs = this.#flushedTimestampMs()
    if (flushedTimestampMs > 0) this.#checkpoint.commitLogTimestampMs = flushedTimestampMs
    saveCheckpoint(this.#files, this.#layout, this.#checkpoint)
  }
}
