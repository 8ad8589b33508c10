import { StoreError } from '../base/errors.ts'
import type { DescriptorCache } from '../file/descriptor-cache.ts'
import { type FileSystem, writeFully } from '../file/file-system.ts'
import { prepareFile } from '../file/preallocator.ts'
import { segmentPath } from '../file/store-layout.ts'
import { addFolders, type UnsyncedFiles } from '../file/sync-files.ts'
import {
  CONSUME_QUEUE_UNIT_BYTES,
  writeConsumeQueueUnit,
  writePreBlankUnits,
} from '../format/consume-queue-format.ts'
import { type ConsumeQueueLocation, findQueueEnd } from './consume-queue-files.ts'

const STAGED_UNITS_AT_FIRST = 32
const STAGED_UNITS_MAX = 8192

/** What every writer of a store shares. */
export interface ConsumeQueueWriterTools {
  readonly files: FileSystem
  /** Folder of all consume queues. */
  readonly root: string
  readonly workDirectory: string
  readonly descriptors: DescriptorCache
}

/**
 * Appends units to one (topic, queue). Units are staged and written together, once a reput step, so
 * that a queue costs one `pwrite` a step however many messages it got.
 */
export class ConsumeQueueWriter {
  readonly topic: string
  readonly queueId: number
  /** Bytes written since the last sync. */
  unsyncedBytes = 0
  readonly #tools: ConsumeQueueWriterTools
  readonly #location: ConsumeQueueLocation
  #nextQueueOffset: number
  #staging = Buffer.alloc(STAGED_UNITS_AT_FIRST * CONSUME_QUEUE_UNIT_BYTES)
  #stagedBytes = 0
  /** Queue offset of the first staged unit. */
  #stagedFrom = 0
  /** The file that was written last, by its first byte. */
  #lastFileStart = -1
  #lastPath = ''
  /** Files that have unsynced bytes. */
  readonly #unsyncedFiles = new Set<string>()
  /** The file whose name was synced last; whoever made it may have been killed before that. */
  #namedFile = ''

  constructor(
    tools: ConsumeQueueWriterTools,
    queue: {
      readonly topic: string
      readonly queueId: number
      readonly location: ConsumeQueueLocation
    },
  ) {
    this.#tools = tools
    this.#location = queue.location
    this.topic = queue.topic
    this.queueId = queue.queueId
    this.#nextQueueOffset = findQueueEnd(tools.files, queue.location)
  }

  /** Queue offset behind the newest unit. */
  get nextQueueOffset(): number {
    return this.#nextQueueOffset
  }

  get hasStaged(): boolean {
    return this.#stagedBytes > 0
  }

  /**
   * Stages the unit of one record. A record that has its unit already is passed over: the log is
   * read again from a safe point after a crash.
   */
  put(queueOffset: number, physicalOffset: number, recordBytes: number, tagsCode: number): void {
    if (queueOffset < this.#nextQueueOffset) return
    if (queueOffset > this.#nextQueueOffset) this.#skipTo(queueOffset)
    if (this.#stagedBytes === this.#staging.length) this.#makeRoom()
    if (this.#stagedBytes === 0) this.#stagedFrom = queueOffset
    writeConsumeQueueUnit(this.#staging, this.#stagedBytes, physicalOffset, recordBytes, tagsCode)
    this.#stagedBytes += CONSUME_QUEUE_UNIT_BYTES
    this.#nextQueueOffset = queueOffset + 1
  }

  /** Writes what is staged. */
  writeStaged(): void {
    let written = 0
    while (written < this.#stagedBytes) {
      const at = this.#stagedFrom * CONSUME_QUEUE_UNIT_BYTES + written
      const room = this.#location.fileBytes - (at % this.#location.fileBytes)
      const lengthBytes = Math.min(this.#stagedBytes - written, room)
      this.#write(this.#staging, written, lengthBytes, at)
      written += lengthBytes
    }
    this.#stagedBytes = 0
  }

  /** Names the files that were written since the last time to whoever syncs them. */
  takeUnsynced(unsynced: UnsyncedFiles): void {
    for (const path of this.#unsyncedFiles) {
      unsynced.paths.push(path)
      if (path > this.#namedFile) {
        addFolders(unsynced, path, this.#tools.root)
        this.#namedFile = path
      }
    }
    this.#unsyncedFiles.clear()
    this.unsyncedBytes = 0
  }

  #makeRoom(): void {
    if (this.#staging.length >= STAGED_UNITS_MAX * CONSUME_QUEUE_UNIT_BYTES) {
      this.writeStaged()
      return
    }
    const larger = Buffer.alloc(this.#staging.length * 2)
    this.#staging.copy(larger, 0, 0, this.#stagedBytes)
    this.#staging = larger
  }

  /**
   * The log no longer holds this queue from its start (or from where the queue ends): the units
   * before `queueOffset` in its file become pre-blanks, as ConsumeQueue.fillPreBlank leaves them.
   */
  #skipTo(queueOffset: number): void {
    this.writeStaged()
    const end = queueOffset * CONSUME_QUEUE_UNIT_BYTES
    const fileStart = end - (end % this.#location.fileBytes)
    const from = Math.max(fileStart, this.#nextQueueOffset * CONSUME_QUEUE_UNIT_BYTES)
    const blanks = Buffer.alloc(end - from)
    writePreBlankUnits(blanks, 0, blanks.length / CONSUME_QUEUE_UNIT_BYTES)
    if (blanks.length > 0) this.#write(blanks, 0, blanks.length, from)
    this.#nextQueueOffset = queueOffset
  }

  #write(source: Buffer, start: number, lengthBytes: number, at: number): void {
    const position = at % this.#location.fileBytes
    const path = this.#pathOf(at - position)
    const fd = this.#tools.descriptors.get(path) ?? this.#create(path)
    writeFully(this.#tools.files, fd, source, { start, lengthBytes, position })
    this.unsyncedBytes += lengthBytes
    this.#unsyncedFiles.add(path)
  }

  #pathOf(fileStart: number): string {
    if (fileStart !== this.#lastFileStart) {
      this.#lastFileStart = fileStart
      this.#lastPath = segmentPath(this.#location.directory, fileStart)
    }
    return this.#lastPath
  }

  /** Queue files are sparse: thousands of queues would reserve terabytes otherwise. */
  #create(path: string): number {
    prepareFile(this.#tools.files, {
      path,
      sizeBytes: this.#location.fileBytes,
      workDirectory: this.#tools.workDirectory,
      preparation: 'sparse',
      durable: false,
    })
    const fd = this.#tools.descriptors.get(path)
    if (fd === undefined) throw new StoreError('STORE_IO_FAILED', `${path} vanished`)
    return fd
  }
}
