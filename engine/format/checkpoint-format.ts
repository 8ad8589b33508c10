/**
 * The checkpoint: up to where a store was surely on the disk, one page in the file `checkpoint`.
 *
 *     ┌──────────────────────────────────────────────────────────────────────┐ 0
 *     │ commit log flushed up to a message stored at     ms since 1970 int64 │
 *     │ consume queues flushed up to                     ms since 1970 int64 │
 *     │ index files flushed up to                        ms since 1970 int64 │
 *     │ the master's flushed offset                      bytes         int64 │
 *     │ confirmed physical offset                        bytes         int64 │
 *     │ consume queues flushed up to, since 5.5.0        bytes         int64 │
 *     │ zeros                                                                │
 *     └──────────────────────────────────────────────────────────────────────┘ 4096
 *
 * Big-endian. RocketMQ: `StoreCheckpoint`.
 */

import { assert } from '../base/assert.ts'
import { I64_BYTES, PAGE_BYTES } from '../base/units.ts'
import { readInt64, writeInt64 } from './big-endian.ts'

const COMMIT_LOG_TIMESTAMP_AT = 0
const CONSUME_QUEUE_TIMESTAMP_AT = COMMIT_LOG_TIMESTAMP_AT + I64_BYTES
const INDEX_TIMESTAMP_AT = CONSUME_QUEUE_TIMESTAMP_AT + I64_BYTES
const MASTER_FLUSHED_OFFSET_AT = INDEX_TIMESTAMP_AT + I64_BYTES
const CONFIRMED_OFFSET_AT = MASTER_FLUSHED_OFFSET_AT + I64_BYTES
const CONSUME_QUEUE_OFFSET_AT = CONFIRMED_OFFSET_AT + I64_BYTES
const CHECKPOINT_USED_BYTES = CONSUME_QUEUE_OFFSET_AT + I64_BYTES

/** Size of the checkpoint file in bytes. */
export const CHECKPOINT_BYTES = PAGE_BYTES

/** Content of the checkpoint, with Java's names behind ours. */
export interface Checkpoint {
  /** `physicMsgTimestamp`: store time of the last flushed message, ms. */
  commitLogTimestampMs: number
  /** `logicsMsgTimestamp`: store time of the last message whose queue unit is flushed, ms. */
  consumeQueueTimestampMs: number
  /** `indexMsgTimestamp`: store time of the last message in a flushed, full index file, ms. */
  indexTimestampMs: number
  /** `masterFlushedOffset`: how far the master had flushed, as a slave knows it, bytes. */
  masterFlushedOffset: number
  /** `confirmPhyOffset`: how far the log was confirmed by its replicas, bytes. */
  confirmedOffset: number
  /** `logicsPhysicalOffset` (5.5.0): how far the flushed queue units reach into the log, bytes. */
  consumeQueueOffset: number
}

/** The checkpoint of a new store. */
export function createCheckpoint(): Checkpoint {
  return {
    commitLogTimestampMs: 0,
    consumeQueueTimestampMs: 0,
    indexTimestampMs: 0,
    masterFlushedOffset: 0,
    confirmedOffset: 0,
    consumeQueueOffset: 0,
  }
}

/** Writes the fields; the rest of the page stays as it is. */
export function writeCheckpoint(page: Buffer, checkpoint: Checkpoint): void {
  assert(page.length >= CHECKPOINT_USED_BYTES, 'no room for the checkpoint')
  writeInt64(page, COMMIT_LOG_TIMESTAMP_AT, checkpoint.commitLogTimestampMs)
  writeInt64(page, CONSUME_QUEUE_TIMESTAMP_AT, checkpoint.consumeQueueTimestampMs)
  writeInt64(page, INDEX_TIMESTAMP_AT, checkpoint.indexTimestampMs)
  writeInt64(page, MASTER_FLUSHED_OFFSET_AT, checkpoint.masterFlushedOffset)
  writeInt64(page, CONFIRMED_OFFSET_AT, checkpoint.confirmedOffset)
  writeInt64(page, CONSUME_QUEUE_OFFSET_AT, checkpoint.consumeQueueOffset)
}

export function readCheckpoint(page: Buffer, checkpoint: Checkpoint): void {
  assert(page.length >= CHECKPOINT_USED_BYTES, 'no checkpoint there')
  checkpoint.commitLogTimestampMs = readInt64(page, COMMIT_LOG_TIMESTAMP_AT)
  checkpoint.consumeQueueTimestampMs = readInt64(page, CONSUME_QUEUE_TIMESTAMP_AT)
  checkpoint.indexTimestampMs = readInt64(page, INDEX_TIMESTAMP_AT)
  checkpoint.masterFlushedOffset = readInt64(page, MASTER_FLUSHED_OFFSET_AT)
  checkpoint.confirmedOffset = readInt64(page, CONFIRMED_OFFSET_AT)
  checkpoint.consumeQueueOffset = readInt64(page, CONSUME_QUEUE_OFFSET_AT)
}
