import { describeError, StoreError } from '../../../engine/base/errors.ts'
import { DescriptorCache } from '../../../engine/file/descriptor-cache.ts'
import { type FileSystem, readFully } from '../../../engine/file/file-system.ts'
import { type StoreLayout, segmentPath } from '../../../engine/file/store-layout.ts'
import {
  CONSUME_QUEUE_UNIT_BYTES,
  createConsumeQueueUnit,
  isPreBlankUnit,
  readConsumeQueueUnit,
} from '../../../engine/format/consume-queue-format.ts'
import type { LogLocation } from '../../../engine/log/log-scanner.ts'
import { ConsumeQueue } from '../../../engine/queue/consume-queue.ts'
import { findQueueEnd, listConsumeQueueFiles } from '../../../engine/queue/consume-queue-files.ts'
import { listConsumeQueues, queueFileBytesOf } from '../../../engine/queue/consume-queue-store.ts'
import { storeTimestampOf } from '../../../engine/queue/queue-time-search.ts'
import { diskBytesOf } from './disk-bytes.ts'
import type { QueueInspection } from './store-inspection.ts'

const OPEN_FILES_MAX = 8

/** All queues, and how far into the log they reach. */
export interface QueuesInspection {
  readonly queues: readonly QueueInspection[]
  /** Physical offset behind the last record that has a unit. */
  readonly endPhysicalOffset: number
}

/** Looks at every queue of a store. What is wrong with one is added to `problems`. */
export function inspectQueues(
  files: FileSystem,
  layout: StoreLayout,
  log: LogLocation & { readonly startOffset: number },
  problems: string[],
): QueuesInspection {
  const fileBytes = queueFileBytesOf(files, layout.consumeQueue)
  const descriptors = new DescriptorCache(files, { intent: 'read', countMax: OPEN_FILES_MAX })
  const queues: QueueInspection[] = []
  let endPhysicalOffset = 0
  for (const place of listConsumeQueues(files, { root: layout.consumeQueue, fileBytes })) {
    try {
      const queue = new ConsumeQueue(files, { ...place, descriptors })
      const inspected = inspectQueue(files, queue, log)
      endPhysicalOffset = Math.max(
        endPhysicalOffset,
        lastRecordEnd(files, queue, inspected.maxOffset),
      )
      queues.push(inspected)
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      problems.push(describeError(error))
    }
  }
  descriptors.close()
  queues.sort((left, right) => compareText(left.topic, right.topic) || left.queueId - right.queueId)
  return { queues, endPhysicalOffset }
}

function inspectQueue(
  files: FileSystem,
  queue: ConsumeQueue,
  log: LogLocation & { readonly startOffset: number },
): QueueInspection {
  const { topic, queueId, location } = queue
  const minOffset = queue.minQueueOffset(log.startOffset)
  const maxOffset = findQueueEnd(files, location)
  const timeOf = (queueOffset: number): number => {
    return maxOffset > minOffset
      ? storeTimestampOf(files, { queue: location, log }, queueOffset)
      : 0
  }
  const starts = listConsumeQueueFiles(files, location)
  const paths = starts.map((start) => segmentPath(location.directory, start))
  return {
    topic,
    queueId,
    minOffset,
    maxOffset,
    fileCount: starts.length,
    diskBytes: paths.reduce((sum, path) => sum + diskBytesOf(path), 0),
    firstTimestampMs: timeOf(minOffset),
    lastTimestampMs: timeOf(maxOffset - 1),
  }
}

/** Physical offset behind the record of the last unit, 0 without one. */
function lastRecordEnd(files: FileSystem, queue: ConsumeQueue, maxOffset: number): number {
  if (maxOffset === 0) return 0
  const bytes = Buffer.alloc(CONSUME_QUEUE_UNIT_BYTES)
  const { path, position } = queue.fileRange(maxOffset - 1, bytes.length)
  const fd = files.open(path, 'read')
  try {
    readFully(files, fd, bytes, { start: 0, lengthBytes: bytes.length, position })
  } finally {
    files.close(fd)
  }
  const unit = createConsumeQueueUnit()
  readConsumeQueueUnit(bytes, 0, unit)
  return isPreBlankUnit(unit) ? 0 : unit.physicalOffset + unit.recordBytes
}

function compareText(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}
