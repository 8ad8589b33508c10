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
import type { ScannedQueue } from '../log/scanned-queues.ts'
import {
  type ConsumeQueueLocation,
  consumeQueueDirectory,
  findQueueEnd,
  listConsumeQueueFiles,
  readUnit,
} from './consume-queue-files.ts'

/** Where queues began anew, by topic and queue id; physical offset. */
export type RestartOffsets = ReadonlyMap<string, ReadonlyMap<number, number>>

/**
 * Removes what is on disk of queues that began anew, before anyone reads them.
 * @returns where they did: records of theirs from before are to be passed over.
 */
export function restartQueues(
  files: FileSystem,
  place: { readonly root: string; readonly fileBytes: number },
  queues: Iterable<ScannedQueue>,
): RestartOffsets {
  const offsets = new Map<string, Map<number, number>>()
  const changed = createUnsyncedFiles()
  for (const { topic, queueId, startOffset, isRestarted } of queues) {
    if (startOffset === undefined) continue
    const directory = consumeQueueDirectory(place.root, topic, queueId)
    const location = { directory, fileBytes: place.fileBytes }
    if (!isRestarted && !holdsOther(files, location, startOffset)) continue
    for (const start of listConsumeQueueFiles(files, location)) {
      files.unlink(segmentPath(directory, start))
      changed.folders.add(directory)
    }
    const ofTopic = offsets.get(topic) ?? new Map<number, number>()
    offsets.set(topic, ofTopic.set(queueId, startOffset))
  }
  syncFiles(files, changed, place.root)
  return offsets
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
