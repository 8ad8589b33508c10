/**
 * The store as one thread sees it: the appender, the reading side of the queues, and the order in
 * which a directory is opened and left. Flush and reput run elsewhere, as steps of their own.
 */
import { join } from 'node:path'
import { StoreError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import { openFilesMax } from '../base/open-files-limit.ts'
import { DescriptorCache } from '../file/descriptor-cache.ts'
import { makeDurableDirectory } from '../file/durable-directory.ts'
import type { FileSystem } from '../file/file-system.ts'
import { storeErrorOf } from '../file/posix.ts'
import { type StoreLayout, segmentPath, storeLayout } from '../file/store-layout.ts'
import { type StoreLock, takeStoreLock } from '../file/store-lock.ts'
import { CommitLog, type CommitLogListener } from '../log/commit-log.ts'
import type { ScannedRuns } from '../log/log-run.ts'
import { LogSegment } from '../log/log-segment.ts'
import { QueueTails } from '../log/queue-tail.ts'
import { ConsumeQueue } from '../queue/consume-queue.ts'
import { consumeQueueDirectory, findQueueEnd } from '../queue/consume-queue-files.ts'
import { DelayLevels } from '../queue/delay-levels.ts'
import { countQueues } from '../queue/queue-recovery.ts'
import { saveDurableMark } from './durable-mark.ts'
import { saveEndMark } from './end-mark.ts'
import { checkMappings } from './mapping-check.ts'
import { MessageReader } from './message-reader.ts'
import type { StoreConfig } from './store-options.ts'
import {
  planRecovery,
  type RecoveredStore,
  type RecoveryPlan,
  recoverStore,
} from './store-recovery.ts'

/** Which directory is opened, and how. */
export interface MessageStorePlace {
  readonly files: FileSystem
  readonly directory: string
  readonly config: StoreConfig
  readonly logger: Logger
}

/** A directory that is locked and was looked at. Nothing in it is changed yet. */
export interface PreparedStore {
  readonly layout: StoreLayout
  readonly lock: StoreLock
  readonly plan: RecoveryPlan
}

export interface MessageStoreParts extends MessageStorePlace {
  /** @default what {@link MessageStore.prepare} returns */
  readonly prepared?: PreparedStore
  /** Runs of the log that were scanned since it was prepared. @default none */
  readonly scannedRuns?: ScannedRuns
  /** Who hears what becomes of appends. */
  readonly listener: CommitLogListener
  /** How far queues and index are built, as the one who builds them says. */
  readonly reputOffset: () => number
}

export class MessageStore {
  readonly layout: StoreLayout
  readonly config: StoreConfig
  readonly log: CommitLog
  readonly tails: QueueTails
  readonly reader: MessageReader
  /** What was found when the directory was opened. */
  readonly recovered: RecoveredStore
  readonly #files: FileSystem
  readonly #lock: StoreLock
  readonly #queues = new Map<string, (ConsumeQueue | undefined)[]>()
  readonly #descriptors: DescriptorCache

  /**
   * Locks a directory, which is made when it is missing, and plans its recovery. What is prepared
   * has to be opened, or its lock released.
   * @throws {StoreError} `STORE_LOCKED`, `STORE_DIRECTORY_UNUSABLE`, `STORE_FILE_INVALID`,
   * `STORE_IO_FAILED`
   */
  static prepare(place: MessageStorePlace): PreparedStore {
    const { files, directory } = place
    const layout = storeLayout(directory)
    let lock: StoreLock | undefined
    try {
      for (const path of [layout.work, layout.commitLog, layout.consumeQueue, layout.index]) {
        makeDurableDirectory(files, path)
      }
      lock = takeStoreLock(files, layout.lock)
      return { layout, lock, plan: planRecovery({ ...place, layout }) }
    } catch (error) {
      lock?.release()
      throw openError(error, directory)
    }
  }

  /**
   * Recovers a directory and opens it.
   * @throws {StoreError} as {@link prepare}; `STORE_DISK_FULL`, `STORE_LOG_CORRUPT`,
   * `STORE_MAPPING_INCOHERENT`
   */
  static open(parts: MessageStoreParts): MessageStore {
    const prepared = parts.prepared ?? MessageStore.prepare(parts)
    try {
      return new MessageStore(parts, prepared)
    } catch (error) {
      prepared.lock.release()
      throw openError(error, parts.directory)
    }
  }

  private constructor(parts: MessageStoreParts, { layout, lock, plan }: PreparedStore) {
    const { files, config, logger, scannedRuns = new Map() } = parts
    this.layout = layout
    this.config = config
    this.#files = files
    this.#lock = lock
    this.#descriptors = new DescriptorCache(files, {
      intent: 'read',
      countMax: openFilesMax('queue-readers'),
    })
    checkMappings(files, layout.work)
    this.tails = new QueueTails((topic, queueId) =>
      findQueueEnd(files, this.#queueLocation(topic, queueId)),
    )
    const place = { files, layout, config, logger }
    this.recovered = recoverStore(place, plan, scannedRuns, this.tails)
    this.log = new CommitLog(files, this.recovered, config, parts.listener)
    if (this.recovered.nextSegment !== undefined) this.log.offerSegment(this.recovered.nextSegment)
    this.reader = new MessageReader(
      this.log,
      parts.reputOffset,
      new DelayLevels(config.delayLevels),
    )
    files.close(files.open(layout.abort, 'create'))
    // Otherwise the marker might be lost with the power, and what follows be taken for a clean
    // stop.
    files.syncDirectory(layout.root)
  }

  /** Where the last record of the log starts; -1 when that is not known. */
  get lastRecordOffset(): number {
    const { endOffset, lastRecordOffset } = this.recovered
    if (this.log.writtenOffset === endOffset) return lastRecordOffset
    const lastEnd = this.log.lastPhysicalOffset + this.log.lastRecordBytes
    return lastEnd === this.log.writtenOffset ? this.log.lastPhysicalOffset : -1
  }

  /** The reading side of a queue, whether or not anything was ever put into it. */
  queue(topic: string, queueId: number): ConsumeQueue {
    let queues = this.#queues.get(topic)
    if (queues === undefined) {
      queues = []
      this.#queues.set(topic, queues)
    }
    let queue = queues[queueId]
    if (queue === undefined) {
      const location = this.#queueLocation(topic, queueId)
      const descriptors = this.#descriptors
      queue = new ConsumeQueue(this.#files, { topic, queueId, location, descriptors })
      queues[queueId] = queue
    }
    return queue
  }

  /** Knows the end of each queue of a topic from now on, without looking at its files again. */
  loadTails(topic: string): void {
    for (const name of this.#files.list(join(this.layout.consumeQueue, topic))) {
      this.tails.tail(topic, Number(name))
    }
  }

  /** Forgets the files of a topic whose queues were deleted. */
  forgetTopic(topic: string): void {
    this.#queues.delete(topic)
    const prefix = join(this.layout.consumeQueue, topic, '/')
    this.#descriptors.closeWhere((path) => path.startsWith(prefix))
  }

  /** Lets go of queue files that were deleted, so that the disk gets their blocks back. */
  forgetFiles(paths: readonly string[]): void {
    const gone = new Set(paths)
    this.#descriptors.closeWhere((path) => gone.has(path))
  }

  /**
   * Opens a segment that was made ready under its final name.
   * @throws {StoreError} `STORE_IO_FAILED`, `STORE_DIRECTORY_UNUSABLE`
   */
  openSegment(startOffset: number): LogSegment {
    const path = segmentPath(this.layout.commitLog, startOffset)
    const sizeBytes = this.log.segments.segmentBytes
    try {
      return new LogSegment(this.#files, { startOffset, sizeBytes, path })
    } catch (error) {
      throw storeErrorOf(error, 'open', path)
    }
  }

  /**
   * Leaves the directory. After a clean stop (everything flushed, queues complete) the marks say so
   * for the next start, Java's or ours, and the unused next segment is removed.
   */
  close({ isClean, lastRecordOffset }: { isClean: boolean; lastRecordOffset: number }): void {
    this.#descriptors.close()
    const unused = this.log.withdrawSegment()
    unused?.close()
    if (isClean) {
      if (unused !== undefined) this.#files.unlink(unused.path)
      this.#leaveMarks(lastRecordOffset)
    }
    this.log.segments.close()
    this.#lock.release()
  }

  #leaveMarks(lastRecordOffset: number): void {
    const endOffset = this.log.writtenOffset
    const { segmentBytes } = this.log.segments
    saveDurableMark(this.#files, this.layout, { durableOffset: endOffset, segmentBytes })
    if (lastRecordOffset >= 0) {
      const queueCount = countQueues(this.#files, this.layout.consumeQueue)
      saveEndMark(this.#files, this.layout, { lastRecordOffset, endOffset, queueCount })
    }
    this.#files.unlink(this.layout.abort)
    this.#files.syncDirectory(this.layout.root)
  }

  #queueLocation(topic: string, queueId: number): { directory: string; fileBytes: number } {
    const directory = consumeQueueDirectory(this.layout.consumeQueue, topic, queueId)
    return { directory, fileBytes: this.config.consumeQueueFileBytes }
  }
}

function openError(error: unknown, directory: string): StoreError {
  return error instanceof StoreError ? error : storeErrorOf(error, 'open the store in', directory)
}
