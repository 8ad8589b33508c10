/** The checkpoint page as Apache RocketMQ's StoreCheckpoint writes it. */

import { expect, it } from 'vitest'
import {
  CHECKPOINT_BYTES,
  createCheckpoint,
  readCheckpoint,
  writeCheckpoint,
} from '../../../engine/format/checkpoint-format.ts'
import { bytesOf, golden } from './golden.ts'

const java = golden.checkpoint
const expected = {
  commitLogTimestampMs: java.physicMsgTimestamp,
  consumeQueueTimestampMs: java.logicsMsgTimestamp,
  indexTimestampMs: java.indexMsgTimestamp,
  masterFlushedOffset: java.masterFlushedOffset,
  confirmedOffset: java.confirmPhyOffset,
  consumeQueueOffset: java.logicsPhysicalOffset,
}

it('reads Java’s checkpoint', () => {
  const checkpoint = createCheckpoint()
  readCheckpoint(bytesOf(java.head), checkpoint)
  expect(checkpoint).toEqual(expected)
})

it('writes Java’s checkpoint, a page long', () => {
  expect(CHECKPOINT_BYTES).toBe(java.fileBytes)
  const page = Buffer.alloc(CHECKPOINT_BYTES)
  writeCheckpoint(page, expected)
  expect(page.toString('hex', 0, java.head.length / 2)).toBe(java.head)
})

it('takes a page of zeros for a new store', () => {
  const checkpoint = { ...expected }
  readCheckpoint(Buffer.alloc(CHECKPOINT_BYTES), checkpoint)
  expect(checkpoint).toEqual(createCheckpoint())
})
