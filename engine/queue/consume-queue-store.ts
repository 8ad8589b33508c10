import { join } from 'node:path'
import { StoreError } from '../base/errors.ts'
import { DescriptorCache } from '../file/descriptor-cache.ts'
import type { FileSystem } from '../file/file-system.ts'
import { createUnsyncedFiles, syncFiles, type UnsyncedFiles } from '../file/sync-files.ts'
import { CONSUME_QUEUE_FILE_BYTES_DEFAULT } from '../format/consume-queue-format.ts'
import { parseSegmentName } from '../format/segment-name.ts'
import {
  type ConsumeQueueLocation,
  consumeQueueDirectory,
  cutConsumeQueue,
} from './consume-queue-files.ts'
import { ConsumeQueueWriter, type ConsumeQueueWriterTools } from './consume-queue-writer.ts'
import { trimConsumeQueue } from './queue-trim.ts'
import { TopicEntries, type TopicEntry } from './topic-entries.ts'

export interface ConsumeQueueStoreLocation {
  /** Folder of all consume queues. */
  readonly root: string
  readonly workDirectory: string
  readonly fileBytes: number
}

interface TopicWriters extends TopicEntry {
  /** By queue id: those that were asked for. */
  readonly writers: (ConsumeQueueWriter | undefined)[]
}

/** The writing side of all consume queues: topic and queue id → writer, opened at first use. */
export class ConsumeQueueStore {
  readonly #location: ConsumeQueueStoreLocation
  readonly #tools: ConsumeQueueWriterTools
  #writers: ConsumeQueueWriter[] = []
  readonly #staged: ConsumeQueueWriter[] = []
  readonly #topics = new TopicEntries<TopicWriters>((name) => ({ name, writers: [] }))

  constructor(files: FileSystem, location: ConsumeQueueStoreLocation, openFilesMax: number) {
    this.#location = location
    const descriptors = new DescriptorCache(files, { intent: 'write', countMax: openFilesMax })
    const { root, workDirectory } = location
    this.#tools = { files, root, workDirectory, descriptors }
  }

  /** The writer of a queue whose topic's name stands in `bytes`. */
  writer(bytes: Buffer, start: number, end: number, queueId: number): ConsumeQueueWriter {
    const { writers } = this.#topics.of(bytes, start, end)
    const known = writers[queueId]
    if (known !== undefined) return known
    const writer = this.#open(bytes, start, end, queueId)
    writers[queueId] = writer
    return writer
  }

  /** Stages a unit, to be written by {@link writeStaged}. */
  put(
    writer: ConsumeQueueWriter,
    queueOffset: number,
    physicalOffset: number,
    recordBytes: number,
    tagsCode: number,
  ): void {
    if (!writer.hasStaged) this.#staged.push(writer)
    writer.put(queueOffset, physicalOffset, recordBytes, tagsCode)
  }

  writeStaged(): void {
    for (const writer of this.#staged) writer.writeStaged()
    this.#staged.length = 0
  }

  /** Adds the files to sync: of every queue that has at least `bytesMin` unsynced. */
  takeUnsynced(unsynced: UnsyncedFiles, bytesMin: number): void {
    for (const writer of this.#writers) {
      const { unsyncedBytes } = writer
      if (unsyncedBytes > 0 && unsyncedBytes >= bytesMin) writer.takeUnsynced(unsynced)
    }
  }

  /**
   * Deletes what of the queues leads before the log's start, see {@link trimConsumeQueue}. There
   * may be thousands of them: it yields after each, with the paths that are gone.
   */
  *trim(logStartOffset: number): Generator<readonly string[], void, undefined> {
    const { files, descriptors } = this.#tools
    for (const { location } of listConsumeQueues(files, this.#location)) {
      const trimmed = trimConsumeQueue(files, location, logStartOffset)
      if (trimmed.length > 0) descriptors.closeWhere((path) => trimmed.includes(path))
      yield trimmed
    }
  }

  /** Deletes the queues of a topic, durably. One that gets messages again starts anew. */
  delete(topic: string): void {
    const { files, descriptors } = this.#tools
    const directory = join(this.#location.root, topic)
    this.#writers = this.#writers.filter((writer) => writer.topic !== topic)
    this.#topics.remove(topic)
    descriptors.closeWhere((path) => path.startsWith(join(directory, '/')))
    deleteConsumeQueues(files, this.#location.root, topic)
  }

  close(): void {
    this.#tools.descriptors.close()
  }

  #open(bytes: Buffer, start: number, end: number, queueId: number): ConsumeQueueWriter {
    const topic = bytes.toString('utf8', start, end)
    // Of a record that was damaged: it must not lead out of the folder.
    if (!isFolderName(topic)) {
      const message = `a record for ${this.#location.root} names a topic that is no folder's name`
      throw new StoreError('STORE_RECORD_CORRUPT', `${message}: ${JSON.stringify(topic)}`)
    }
    const directory = consumeQueueDirectory(this.#location.root, topic, queueId)
    const location = { directory, fileBytes: this.#location.fileBytes }
    const writer = new ConsumeQueueWriter(this.#tools, { topic, queueId, location })
    this.#writers.push(writer)
    return writer
  }
}

function isFolderName(topic: string): boolean {
  return topic !== '' && topic !== '.' && topic !== '..' && !/[/\0]/.test(topic)
}

/** Deletes all queues of a topic, durably: a later queue of that name must never meet them. */
export function deleteConsumeQueues(files: FileSystem, root: string, topic: string): void {
  const directory = join(root, topic)
  if (!files.exists(directory)) return
  for (const queue of files.list(directory)) {
    const queueDirectory = join(directory, queue)
    for (const name of files.list(queueDirectory)) files.unlink(join(queueDirectory, name))
    files.removeDirectory(queueDirectory)
  }
  files.removeDirectory(directory)
  files.syncDirectory(root)
}

/** Every (topic, queue) that has a folder. */
export function* listConsumeQueues(
  files: FileSystem,
  { root, fileBytes }: { readonly root: string; readonly fileBytes: number },
): Generator<{ topic: string; queueId: number; location: ConsumeQueueLocation }> {
  for (const topic of files.list(root)) {
    for (const name of files.list(join(root, topic))) {
      const queueId = Number(name)
      if (!Number.isInteger(queueId)) continue
      yield { topic, queueId, location: { directory: join(root, topic, name), fileBytes } }
    }
  }
}

/** Cuts every queue at `physicalOffset`, durably, after a stop out of order. */
export function cutConsumeQueues(
  files: FileSystem,
  location: { readonly root: string; readonly fileBytes: number },
  physicalOffset: number,
): void {
  const changed = createUnsyncedFiles()
  for (const queue of listConsumeQueues(files, location)) {
    cutConsumeQueue(files, queue.location, physicalOffset, changed)
  }
  // Otherwise a loss of power might bring back what was cut, although a clean stop says otherwise.
  syncFiles(files, changed, location.root)
}

/**
 * Length of the queue files below `root`. All have one length, which only the settings of whoever
 * wrote them tell: it is taken from one that is there, or else is RocketMQ's default.
 */
export function queueFileBytesOf(files: FileSystem, root: string): number {
  for (const { location } of listConsumeQueues(files, { root, fileBytes: 0 })) {
    const name = files
      .list(location.directory)
      .find((entry) => parseSegmentName(entry) !== undefined)
    if (name === undefined) continue
    const fd = files.open(join(location.directory, name), 'read')
    try {
      return files.sizeBytes(fd)
    } finally {
      files.close(fd)
    }
  }
  return CONSUME_QUEUE_FILE_BYTES_DEFAULT
}
