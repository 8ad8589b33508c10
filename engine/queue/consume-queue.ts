import { systemErrorCode } from '../base/errors.ts'
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
  /** UTF-8, as a record holds it. */
  readonly topicBytes: Buffer
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
    this.topicBytes = Buffer.from(queue.topic)
    this.queueId = queue.queueId
    this.location = queue.location
    this.#descriptors = queue.descriptors
  }

  /**
   * Reads units from `queueOffset` on into `target`, as many as fit into `lengthBytes` and the file
   * holds, without waiting for the disk.
   * @returns the count of whole units; 0 where the file does not exist (yet); -1 when they are not
   * in memory.
   */
  readUnits(queueOffset: number, target: Buffer, lengthBytes: number): number {
    const { path, position, lengthBytes: bytes } = this.fileRange(queueOffset, lengthBytes)
    const fd = this.#descriptors.get(path)
    if (fd === undefined) return 0
    const count = this.#files.readCached(fd, target, 0, bytes, position)
    // A unit may begin in a page that is in memory and end in one that is not.
    const isHalfThere = count > 0 && count < Math.min(bytes, CONSUME_QUEUE_UNIT_BYTES)
    return count < 0 || isHalfThere ? -1 : Math.floor(count / CONSUME_QUEUE_UNIT_BYTES)
  }

  /** The file and range that {@link readUnits} reads, for someone who warms it first. */
  fileRange(
    queueOffset: number,
    lengthBytes: number,
  ): { path: string; position: number; lengthBytes: number } {
    const { directory, fileBytes } = this.location
    const at = queueOffset * CONSUME_QUEUE_UNIT_BYTES
    const position = at % fileBytes
    const path = segmentPath(directory, at - position)
    return { path, position, lengthBytes: Math.min(lengthBytes, fileBytes - position) }
  }

  /**
   * Queue offset of the oldest unit whose record the log still holds; 0 for a queue without files.
   */
  minQueueOffset(logStartOffset: number): number {
    if (this.#minLogStartOffset !== logStartOffset) {
      const found = this.findByPhysicalOffset(logStartOffset)
      if (found === undefined) return 0
      this.#minQueueOffset = found
      this.#minLogStartOffset = logStartOffset
    }
    return this.#minQueueOffset
  }

  /** Queue offset of the first unit that its files have; undefined for a queue without files. */
  firstQueueOffset(): number | undefined {
    const [start] = listConsumeQueueFiles(this.#files, this.location)
    return start === undefined ? undefined : start / CONSUME_QUEUE_UNIT_BYTES
  }

  /**
   * Queue offset of the first unit whose record starts at or behind `physicalOffset`; undefined for
   * a queue without files.
   */
  findByPhysicalOffset(physicalOffset: number): number | undefined {
    const starts = listConsumeQueueFiles(this.#files, this.location)
    const unit = createConsumeQueueUnit()
    const isBefore = (bytes: Buffer) => {
      readConsumeQueueUnit(bytes, 0, unit)
      // Pre-blanks stand for messages whose records were gone when the queue was built.
      return unit.recordBytes > 0 && (isPreBlankUnit(unit) || unit.physicalOffset < physicalOffset)
    }
    if (starts[0] === undefined) return undefined
    let found = starts[0] / CONSUME_QUEUE_UNIT_BYTES
    for (const start of starts) {
      const count = this.#countUnits(start, isBefore)
      if (count === 0) break
      found = start / CONSUME_QUEUE_UNIT_BYTES + count
      if (count * CONSUME_QUEUE_UNIT_BYTES < this.location.fileBytes) break
    }
    return found
  }

  /** All of them, for a file that the thread which builds the queues has just deleted. */
  #countUnits(start: number, isBefore: (bytes: Buffer) => boolean): number {
    try {
      return countUnits(this.#files, this.location, start, isBefore)
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error
      return this.location.fileBytes / CONSUME_QUEUE_UNIT_BYTES
    }
  }
}
