/** Which messages lie in a part of the log, by the queues: the part itself may be damaged. */
import { DescriptorCache } from '../file/descriptor-cache.ts'
import type { FileSystem } from '../file/file-system.ts'
import type { StoreLayout } from '../file/store-layout.ts'
import { isPreBlankUnit } from '../format/consume-queue-format.ts'
import { ConsumeQueue } from '../queue/consume-queue.ts'
import { listConsumeQueues, queueFileBytesOf } from '../queue/consume-queue-store.ts'
import { unitsOf } from '../queue/queue-units.ts'

/** Messages of one queue: queue offsets, the end not included. */
export interface StoredRange {
  readonly topic: string
  readonly queueId: number
  readonly fromOffset: number
  readonly toOffset: number
}

const OPEN_FILES_MAX = 100

/** The messages of which some byte lies between two physical offsets, the end not included. */
export function storedRangesIn(
  files: FileSystem,
  { consumeQueue: root }: StoreLayout,
  offset: number,
  endOffset: number,
): StoredRange[] {
  const descriptors = new DescriptorCache(files, { intent: 'read', countMax: OPEN_FILES_MAX })
  const fileBytes = queueFileBytesOf(files, root)
  const ranges: StoredRange[] = []
  for (const place of listConsumeQueues(files, { root, fileBytes })) {
    const queue = new ConsumeQueue(files, { ...place, descriptors })
    const firstInside = queue.findByPhysicalOffset(offset)
    const toOffset = queue.findByPhysicalOffset(endOffset)
    if (firstInside === undefined || toOffset === undefined) continue
    const fromOffset = reachesInto(files, queue, firstInside - 1, offset)
      ? firstInside - 1
      : firstInside
    if (fromOffset >= toOffset) continue
    ranges.push({ topic: place.topic, queueId: place.queueId, fromOffset, toOffset })
  }
  descriptors.close()
  return ranges
}

/** Whether the record of a unit begins before a physical offset, and ends behind it. */
function reachesInto(
  files: FileSystem,
  queue: ConsumeQueue,
  queueOffset: number,
  offset: number,
): boolean {
  const firstOffset = queue.firstQueueOffset()
  if (firstOffset === undefined || queueOffset < firstOffset) return false
  for (const { unit } of unitsOf(files, queue.location, queueOffset, queueOffset + 1)) {
    const endOffset = unit.physicalOffset + unit.recordBytes
    return !isPreBlankUnit(unit) && unit.physicalOffset < offset && endOffset > offset
  }
  return false
}
