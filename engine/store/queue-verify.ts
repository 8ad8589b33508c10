/** Holds the consume queues to the log: each record has its unit, in the place that it names. */
import { join } from 'node:path'
import { DescriptorCache } from '../file/descriptor-cache.ts'
import { type FileSystem, readFully } from '../file/file-system.ts'
import { segmentPath } from '../file/store-layout.ts'
import {
  CONSUME_QUEUE_UNIT_BYTES,
  createConsumeQueueUnit,
  isPreBlankUnit,
  readConsumeQueueUnit,
} from '../format/consume-queue-format.ts'
import { entersConsumeQueue } from '../format/sys-flag.ts'
import type { LogScanner } from '../log/log-scanner.ts'
import { consumeQueueDirectory, listConsumeQueueFiles } from '../queue/consume-queue-files.ts'

/** A record whose unit is missing or leads somewhere else. */
export interface QueueDamage {
  readonly topic: string
  readonly queueId: number
  readonly queueOffset: number
  readonly physicalOffset: number
  /** What the queue holds instead, in words. */
  readonly found: string
}

/** What a segment's records say of one queue. */
export interface QueueVerification {
  readonly topic: string
  readonly queueId: number
  /**
   * The queue begins in this segment, with number 0: a topic that was deleted begins anew, and its
   * records from before have no units any more.
   */
  isBegun: boolean
  /** Records whose unit is there. */
  recordCount: number
  damageCount: number
  /** The first of them, at most a hundred. */
  damages: QueueDamage[]
}

/** Neighbouring units that are read at once, per queue. */
const PAGE_UNITS = 200
const PAGE_BYTES = PAGE_UNITS * CONSUME_QUEUE_UNIT_BYTES
const OPEN_FILES_MAX = 500
const DAMAGES_MAX = 100

interface Page {
  readonly bytes: Buffer
  /** Queue offset of the first unit; -1 before anything was read. */
  firstOffset: number
}

export class QueueVerifier {
  readonly #files: FileSystem
  readonly #root: string
  readonly #fileBytes: number
  readonly #descriptors: DescriptorCache
  readonly #pages = new Map<string, Page>()
  readonly #queues = new Map<string, QueueVerification>()
  readonly #deletedTopics = new Map<string, boolean>()
  readonly #unit = createConsumeQueueUnit()

  /** @param root folder of all consume queues */
  constructor(files: FileSystem, root: string, fileBytes: number) {
    this.#files = files
    this.#root = root
    this.#fileBytes = fileBytes
    this.#descriptors = new DescriptorCache(files, { intent: 'read', countMax: OPEN_FILES_MAX })
  }

  /** What was found so far. */
  get queues(): QueueVerification[] {
    return [...this.#queues.values()]
  }

  /** Looks for the unit of the record that `scanner` stands on. Records come in order. */
  check({ view, buffer }: LogScanner): void {
    if (!entersConsumeQueue(view.sysFlag)) return
    const topic = buffer.toString('utf8', view.topicStart, view.topicEnd)
    if (this.#isDeleted(topic)) return
    const { queueId, queueOffset, physicalOffset, totalBytes } = view
    const queue = this.#queue(topic, queueId)
    if (queueOffset === 0) {
      queue.isBegun = true
      queue.recordCount = 0
      queue.damageCount = 0
      queue.damages = []
    }
    const found = this.#find(topic, queueId, queueOffset, physicalOffset, totalBytes)
    if (found === 'deleted') return
    if (found === undefined) {
      queue.recordCount += 1
      return
    }
    queue.damageCount += 1
    if (queue.damages.length === DAMAGES_MAX) return
    queue.damages.push({ topic, queueId, queueOffset, physicalOffset, found })
  }

  close(): void {
    this.#descriptors.close()
  }

  #queue(topic: string, queueId: number): QueueVerification {
    const key = `${topic}/${queueId}`
    let queue = this.#queues.get(key)
    if (queue === undefined) {
      queue = { topic, queueId, isBegun: false, recordCount: 0, damageCount: 0, damages: [] }
      this.#queues.set(key, queue)
    }
    return queue
  }

  /** Undefined when all is well, `deleted` before the first message of a queue that began anew. */
  #find(
    topic: string,
    queueId: number,
    queueOffset: number,
    physicalOffset: number,
    recordBytes: number,
  ): string | undefined {
    const page = this.#pageOf(topic, queueId, queueOffset)
    if (page === undefined) {
      return this.#isBeforeFirstFile(topic, queueId, queueOffset) ? 'deleted' : 'no file'
    }
    const unit = this.#unit
    readConsumeQueueUnit(
      page.bytes,
      (queueOffset - page.firstOffset) * CONSUME_QUEUE_UNIT_BYTES,
      unit,
    )
    if (unit.recordBytes === 0) return 'no unit'
    // The queue was deleted, and went on behind this record.
    if (isPreBlankUnit(unit)) return 'deleted'
    if (unit.physicalOffset === physicalOffset && unit.recordBytes === recordBytes) return undefined
    return `a unit of ${unit.recordBytes} bytes at ${unit.physicalOffset}`
  }

  /** The queue was deleted, and went on in a later file. */
  #isBeforeFirstFile(topic: string, queueId: number, queueOffset: number): boolean {
    const directory = consumeQueueDirectory(this.#root, topic, queueId)
    const location = { directory, fileBytes: this.#fileBytes }
    const [first] = listConsumeQueueFiles(this.#files, location)
    return first !== undefined && queueOffset * CONSUME_QUEUE_UNIT_BYTES < first
  }

  /** The queues of a topic that was deleted are gone, its records stay. */
  #isDeleted(topic: string): boolean {
    let isDeleted = this.#deletedTopics.get(topic)
    if (isDeleted === undefined) {
      isDeleted = !this.#files.exists(join(this.#root, topic))
      this.#deletedTopics.set(topic, isDeleted)
    }
    return isDeleted
  }

  #pageOf(topic: string, queueId: number, queueOffset: number): Page | undefined {
    const directory = consumeQueueDirectory(this.#root, topic, queueId)
    let page = this.#pages.get(directory)
    if (page === undefined) {
      page = { bytes: Buffer.alloc(PAGE_BYTES), firstOffset: -1 }
      this.#pages.set(directory, page)
    }
    const firstOffset = queueOffset - (queueOffset % PAGE_UNITS)
    if (page.firstOffset === firstOffset) return page
    const at = firstOffset * CONSUME_QUEUE_UNIT_BYTES
    page.bytes.fill(0)
    page.firstOffset = -1
    let isAnyThere = false
    // A page may reach over the end of a file.
    for (let done = 0; done < PAGE_BYTES; ) {
      const position = (at + done) % this.#fileBytes
      const lengthBytes = Math.min(PAGE_BYTES - done, this.#fileBytes - position)
      const fd = this.#descriptors.get(segmentPath(directory, at + done - position))
      if (fd !== undefined) {
        isAnyThere = true
        readFully(this.#files, fd, page.bytes, { start: done, lengthBytes, position })
      }
      done += lengthBytes
    }
    if (!isAnyThere) return undefined
    page.firstOffset = firstOffset
    return page
  }
}

/** What all segments together, in their order, say of each queue. */
export function mergeQueues(
  bySegment: readonly (readonly QueueVerification[])[],
): QueueVerification[] {
  const merged = new Map<string, QueueVerification>()
  for (const queue of bySegment.flat()) {
    const key = `${queue.topic}/${queue.queueId}`
    const before = queue.isBegun ? undefined : merged.get(key)
    if (before === undefined) {
      merged.set(key, { ...queue, damages: [...queue.damages] })
      continue
    }
    before.recordCount += queue.recordCount
    before.damageCount += queue.damageCount
    before.damages.push(...queue.damages.slice(0, DAMAGES_MAX - before.damages.length))
  }
  return [...merged.values()]
}
