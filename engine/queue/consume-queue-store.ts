import { join } from 'node:path'
import { BytesMap } from '../base/bytes-map.ts'
import { DescriptorCache } from '../file/descriptor-cache.ts'
import type { FileSystem } from '../file/file-system.ts'
import {
  type ConsumeQueueLocation,
  consumeQueueDirectory,
  cutConsumeQueue,
} from './consume-queue-files.ts'
import { ConsumeQueueWriter, type ConsumeQueueWriterTools } from './consume-queue-writer.ts'

/** Files that the writers keep open at the same time. */
const OPEN_FILES_MAX = 2000

export interface ConsumeQueueStoreLocation {
  /** Folder of all consume queues. */
  readonly root: string
  readonly workDirectory: string
  readonly fileBytes: number
}

/** The writing side of all consume queues: topic and queue id → writer, opened at first use. */
export class ConsumeQueueStore {
  readonly #location: ConsumeQueueStoreLocation
  readonly #tools: ConsumeQueueWriterTools
  readonly #writers = new BytesMap<ConsumeQueueWriter>()
  readonly #staged: ConsumeQueueWriter[] = []

  /** @param release closes a descriptor once nobody syncs it any more; default: at once. */
  constructor(
    files: FileSystem,
    location: ConsumeQueueStoreLocation,
    release: (fd: number) => void = (fd) => files.close(fd),
  ) {
    this.#location = location
    this.#tools = {
      files,
      workDirectory: location.workDirectory,
      descriptors: new DescriptorCache(files, {
        intent: 'write',
        countMax: OPEN_FILES_MAX,
        release,
      }),
    }
  }

  /** The writer of a queue whose topic's name stands in `bytes`. */
  writer(bytes: Buffer, start: number, end: number, queueId: number): ConsumeQueueWriter {
    const known = this.#writers.get(bytes, start, end, queueId)
    if (known !== undefined) return known
    const topic = bytes.toString('utf8', start, end)
    const directory = consumeQueueDirectory(this.#location.root, topic, queueId)
    const location = { directory, fileBytes: this.#location.fileBytes }
    const writer = new ConsumeQueueWriter(this.#tools, { topic, queueId, location })
    this.#writers.set(bytes, start, end, queueId, writer)
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

  /** Descriptors to sync: of every queue that has at least `bytesMin` unsynced. */
  takeUnsynced(bytesMin: number): number[] {
    const descriptors: number[] = []
    for (const writer of this.#writers.values()) {
      if (writer.unsyncedBytes > 0 && writer.unsyncedBytes >= bytesMin) {
        writer.takeUnsynced(descriptors)
      }
    }
    return descriptors
  }

  /** Forgets a topic whose files are about to be deleted. */
  forget(topic: string): void {
    this.#writers.removeWhere((writer) => writer.topic === topic)
    const prefix = join(this.#location.root, topic, '/')
    this.#tools.descriptors.closeWhere((path) => path.startsWith(prefix))
  }

  close(): void {
    this.#tools.descriptors.close()
  }
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

/** Cuts every queue at `physicalOffset`, after a stop out of order. */
export function cutConsumeQueues(
  files: FileSystem,
  location: { readonly root: string; readonly fileBytes: number },
  physicalOffset: number,
): void {
  for (const queue of listConsumeQueues(files, location)) {
    cutConsumeQueue(files, queue.location, physicalOffset)
  }
}
