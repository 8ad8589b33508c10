import type { DescriptorCache } from '../file/descriptor-cache.ts'
import type { FileSystem } from '../file/file-system.ts'
import { segmentPath } from '../file/store-layout.ts'
import {
  CONSUME_QUEUE_UNIT_BYTES,
  createConsumeQueueUnit,
  isPreBlankUnit,
  readConsumeQueueUnit,
} from '../format/consume-queue-format.ts'
import {
  type ConsumeQueueLocation,
  countUnits,
  listConsumeQueueFiles,
} from './consume-queue-files.ts'

/** The reading side of one (topic, queue). */
export class ConsumeQueue {
  readonly topic: string
  readonly queueId: number
  readonly location: ConsumeQueueLocation
  readonly #files: FileSystem
  readonly #descriptors: DescriptorCache
  #minQueueOffset = 0
  /** Start of the log for which the minimum was found; -1 before. */
  #minLogStartOffset = -1

  constructor(
    files: FileSystem,
    queue: {
      readonly topic: string
      readonly queueId: number
      readonly location: ConsumeQueueLocation
      readonly descriptors: DescriptorCache
    },
  ) {
    this.#files = files
    this.topic = queue.topic
    this.queueId = queue.queueId
    this.location = queue.location
    this.#descriptors = queue.descriptors
  }

  /**
   * Reads units from `queueOffset` on into `target`, up to its end or the file's.
   * @returns how many whole units were read; 0 where the file does not exist (yet).
   */
  readUnits(queueOffset: number, target: Buffer): number {
    const at = queueOffset * CONSUME_QUEUE_UNIT_BYTES
    const position = at % this.location.fileBytes
    const path = segmentPath(this.location.directory, at - position)
    const fd = this.#descriptors.get(path)
    if (fd === undefined) return 0
    const lengthBytes = Math.min(target.length, this.location.fileBytes - position)
    const count = this.#files.read(fd, target, 0, lengthBytes, position)
    return Math.floor(count / CONSUME_QUEUE_UNIT_BYTES)
  }

  /** The file and range that {@link readUnits} would read, for someone who warms it first. */
  fileRange(queueOffset: number, lengthBytes: number): { path: string; position: number } {
    const at = queueOffset * CONSUME_QUEUE_UNIT_BYTES
    const position = at % this.location.fileBytes
    const path = segmentPath(this.location.directory, at - position)
    return { path, position: Math.min(position, this.location.fileBytes - lengthBytes) }
  }

  /** Queue offset of the oldest unit whose record the log still holds; 0 for a queue without files. */
  minQueueOffset(logStartOffset: number): number {
    if (this.#minLogStartOffset !== logStartOffset) {
      this.#minQueueOffset = this.findByPhysicalOffset(logStartOffset)
      this.#minLogStartOffset = logStartOffset
    }
    return this.#minQueueOffset
  }

  /** Queue offset of the first unit whose record starts at or behind `physicalOffset`. */
  findByPhysicalOffset(physicalOffset: number): number {
    const starts = listConsumeQueueFiles(this.#files, this.location)
    const unit = createConsumeQueueUnit()
    const isBefore = (bytes: Buffer) => {
      readConsumeQueueUnit(bytes, 0, unit)
      // Pre-blanks stand for messages whose records were gone when the queue was built.
      return unit.recordBytes > 0 && (isPreBlankUnit(unit) || unit.physicalOffset < physicalOffset)
    }
    let found = (starts[0] ?? 0) / CONSUME_QUEUE_UNIT_BYTES
    for (const start of starts) {
      const count = countUnits(this.#files, this.location, start, isBefore)
      if (count === 0) break
      found = start / CONSUME_QUEUE_UNIT_BYTES + count
      if (count * CONSUME_QUEUE_UNIT_BYTES < this.location.fileBytes) break
    }
    return found
  }
}
