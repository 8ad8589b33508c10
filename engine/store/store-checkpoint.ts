/** Reads and writes the checkpoint file, which bounds how far recovery must look back. */
import { type FileSystem, readWholeFile } from '../file/file-system.ts'
import { replaceSmallFile } from '../file/replace-small-file.ts'
import type { StoreLayout } from '../file/store-layout.ts'
import {
  CHECKPOINT_BYTES,
  type Checkpoint,
  createCheckpoint,
  readCheckpoint,
  writeCheckpoint,
} from '../format/checkpoint-format.ts'

/** Java looks back this much further than the timestamps say (StoreCheckpoint.getMinTimestamp). */
const SAFETY_MARGIN_MS = 3000

/** The checkpoint on disk; all zeros when there is none or it is too short to be one. */
export function loadCheckpoint(files: FileSystem, layout: StoreLayout): Checkpoint {
  const checkpoint = createCheckpoint()
  const page = readWholeFile(files, layout.checkpoint)
  if (page !== undefined && page.length >= CHECKPOINT_BYTES) readCheckpoint(page, checkpoint)
  return checkpoint
}

/**
 * Replaces the checkpoint: written beside it, synced, renamed, so that it is never half written.
 */
export function saveCheckpoint(
  files: FileSystem,
  layout: StoreLayout,
  checkpoint: Checkpoint,
): void {
  const page = Buffer.alloc(CHECKPOINT_BYTES)
  writeCheckpoint(page, checkpoint)
  replaceFile(files, layout, layout.checkpoint, page)
}

/** Takes back what the checkpoint says of a log that has been cut. */
export function clampCheckpoint(
  files: FileSystem,
  layout: StoreLayout,
  { endOffset, timestampMs }: { readonly endOffset: number; readonly timestampMs: number },
): void {
  const checkpoint = loadCheckpoint(files, layout)
  const { commitLogTimestampMs, consumeQueueTimestampMs, indexTimestampMs } = checkpoint
  const timestamps = [commitLogTimestampMs, consumeQueueTimestampMs, indexTimestampMs]
  const isAhead = timestamps.some((one) => one > timestampMs)
  if (!isAhead && checkpoint.consumeQueueOffset <= endOffset) return
  saveCheckpoint(files, layout, {
    ...checkpoint,
    commitLogTimestampMs: Math.min(commitLogTimestampMs, timestampMs),
    consumeQueueTimestampMs: Math.min(consumeQueueTimestampMs, timestampMs),
    indexTimestampMs: Math.min(indexTimestampMs, timestampMs),
    confirmedOffset: Math.min(checkpoint.confirmedOffset, endOffset),
    consumeQueueOffset: Math.min(checkpoint.consumeQueueOffset, endOffset),
  })
}

/** Everything stored up to this time, in ms, is in the log, the queues and the index on disk. */
export function safeTimestampMs(checkpoint: Checkpoint, options: { index: boolean }): number {
  const { commitLogTimestampMs, consumeQueueTimestampMs, indexTimestampMs } = checkpoint
  const timestamps = [commitLogTimestampMs, consumeQueueTimestampMs]
  if (options.index && indexTimestampMs > 0) timestamps.push(indexTimestampMs)
  return Math.max(0, Math.min(...timestamps) - SAFETY_MARGIN_MS)
}

/** Replaces a small file as a whole, durably. */
export function replaceFile(
  files: FileSystem,
  layout: StoreLayout,
  path: string,
  content: Buffer,
): void {
  replaceSmallFile(files, { path, workDirectory: layout.work }, content)
}
