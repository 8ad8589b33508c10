/**
 * Queues that began anew: their topic was deleted, and got messages again from number 0. The log
 * keeps the old messages until they expire, so a scan of it meets numbers that go back. From there
 * on it is another queue: what is on disk of the old one, in whole or in part, is not to be gone on
 * with.
 */
import type { FileSystem } from '../file/file-system.ts'
import { segmentPath } from '../file/store-layout.ts'
import { createUnsyncedFiles, syncFiles } from '../file/sync-files.ts'
import { unitPhysicalOffset } from '../format/consume-queue-format.ts'
import {
  type ConsumeQueueLocation,
  consumeQueueDirectory,
  findQueueEnd,
  listConsumeQueueFiles,
  readUnit,
} from './consume-queue-files.ts'

/** Where queues began anew, by topic and queue id; physical offset. */
export type RestartOffsets = ReadonlyMap<string, ReadonlyMap<number, number>>

interface ScannedQueue {
  /** Physical offset of the last record with number 0. */
  startOffset: number
  /** Records of the queue came before that. */
  isRestarted: boolean
}

export class QueueRestarts {
  /** Queues whose number 0 was met, by topic and queue id; undefined where others came first. */
  readonly #queues = new Map<string, Map<number, ScannedQueue | undefined>>()

  /** Takes a record of the scan. */
  see(topic: string, queueId: number, queueOffset: number, physicalOffset: number): void {
    let queues = this.#queues.get(topic)
    if (queues === undefined) {
      queues = new Map()
      this.#queues.set(topic, queues)
    }
    const isKnown = queues.has(queueId)
    // Any other number that goes back is damage: only from 0 on is all of a queue in the scan.
    if (queueOffset === 0) {
      queues.set(queueId, { startOffset: physicalOffset, isRestarted: isKnown })
    } else if (!isKnown) {
      queues.set(queueId, undefined)
    }
  }

  /**
   * Removes what is on disk of queues that began anew, before anyone reads them.
   * @returns where they did: records of theirs from before are to be passed over.
   */
  apply(files: FileSystem, place: { root: string; fileBytes: number }): RestartOffsets {
    const offsets = new Map<string, Map<number, number>>()
    const changed = createUnsyncedFiles()
    for (const [topic, queues] of this.#queues) {
      for (const [queueId, queue] of queues) {
        if (queue === undefined) continue
        const directory = consumeQueueDirectory(place.root, topic, queueId)
        const location = { directory, fileBytes: place.fileBytes }
        if (!queue.isRestarted && !holdsOther(files, location, queue.startOffset)) continue
        for (const start of listConsumeQueueFiles(files, location)) {
          files.unlink(segmentPath(directory, start))
          changed.folders.add(directory)
        }
        const ofTopic = offsets.get(topic) ?? new Map<number, number>()
        offsets.set(topic, ofTopic.set(queueId, queue.startOffset))
      }
    }
    syncFiles(files, changed, place.root)
    return offsets
  }
}

/** Whether the disk has another message as number 0 of a queue than the log. */
function holdsOther(
  files: FileSystem,
  location: ConsumeQueueLocation,
  startOffset: number,
): boolean {
  if (findQueueEnd(files, location) === 0) return false
  const path = segmentPath(location.directory, 0)
  if (!files.exists(path)) return true
  const fd = files.open(path, 'read')
  try {
    return unitPhysicalOffset(readUnit(files, fd, 0), 0) !== startOffset
  } finally {
    files.close(fd)
  }
}
