/**
 * The files of one consume queue on disk: finding them, their end, and a unit by physical offset.
 *
 *   consumequeue/TOPIC/QUEUE/00000000000000000000   units 0 … n-1
 *                            00000000000006000000   units n …        (name = first byte's offset)
 *
 * Units are written in order and a file starts as zeros, so the first unit of size 0 is the end.
 */
import { join } from 'node:path'
import { assert } from '../base/assert.ts'
import { StoreError } from '../base/errors.ts'
import { type FileSystem, readFully } from '../file/file-system.ts'
import { segmentPath } from '../file/store-layout.ts'
import type { UnsyncedFiles } from '../file/sync-files.ts'
import {
  CONSUME_QUEUE_UNIT_BYTES,
  unitPhysicalOffset,
  unitRecordBytes,
} from '../format/consume-queue-format.ts'
import { parseSegmentName } from '../format/segment-name.ts'

export interface ConsumeQueueLocation {
  readonly directory: string
  /** Length of each file, a multiple of a unit. */
  readonly fileBytes: number
}

/** Where the queue `queueId` of `topic` lies under the folder of all consume queues. */
export function consumeQueueDirectory(root: string, topic: string, queueId: number): string {
  return join(root, topic, String(queueId))
}

/**
 * First byte offsets of a queue's files, ascending.
 * @throws {StoreError} `STORE_FILE_INVALID` for a name that is no byte offset.
 */
export function listConsumeQueueFiles(
  files: FileSystem,
  { directory, fileBytes }: ConsumeQueueLocation,
): number[] {
  assert(fileBytes % CONSUME_QUEUE_UNIT_BYTES === 0, 'a file holds whole units')
  return files
    .list(directory)
    .map((name) => {
      const start = parseSegmentName(name)
      if (start === undefined || start % fileBytes !== 0) {
        const message = `${join(directory, name)} is not the name of a consume queue file`
        throw new StoreError('STORE_FILE_INVALID', message)
      }
      return start
    })
    .sort((left, right) => left - right)
}

/** Queue offset behind the last unit that was written; 0 for a queue without files. */
export function findQueueEnd(files: FileSystem, location: ConsumeQueueLocation): number {
  const starts = listConsumeQueueFiles(files, location)
  for (const start of starts.reverse()) {
    const count = countUnits(files, location, start, (unit) => unitRecordBytes(unit, 0) > 0)
    if (count > 0) return start / CONSUME_QUEUE_UNIT_BYTES + count
  }
  return (starts.at(-1) ?? 0) / CONSUME_QUEUE_UNIT_BYTES
}

/**
 * How many units of the file at `start` come before the first that does not match. `matches` holds
 * for a prefix of the units, so the file is searched in halves.
 */
export function countUnits(
  files: FileSystem,
  location: ConsumeQueueLocation,
  start: number,
  matches: (unit: Buffer) => boolean,
): number {
  const path = segmentPath(location.directory, start)
  const fd = files.open(path, 'read')
  try {
    const foundBytes = files.sizeBytes(fd)
    if (foundBytes !== location.fileBytes) {
      const wanted = `queue files of this store have ${location.fileBytes}`
      const message = `${path} has ${foundBytes} bytes, but ${wanted}`
      throw new StoreError('STORE_FILE_INVALID', message)
    }
    return searchUnits(files, fd, location.fileBytes, matches)
  } finally {
    files.close(fd)
  }
}

/** {@link countUnits} in an open file of any length, of which `fileBytes` are looked at. */
export function searchUnits(
  files: FileSystem,
  fd: number,
  fileBytes: number,
  matches: (unit: Buffer) => boolean,
): number {
  let low = 0
  let high = fileBytes / CONSUME_QUEUE_UNIT_BYTES
  while (low < high) {
    const middle = (low + high) >>> 1
    if (matches(readUnit(files, fd, middle))) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * Cuts a queue so that it holds only units of records before `physicalOffset`: the rest reads as
 * zeros, files behind the cut are removed.
 * @param changed gets what is to be synced before anything is built behind the cut.
 */
export function cutConsumeQueue(
  files: FileSystem,
  location: ConsumeQueueLocation,
  physicalOffset: number,
  changed: UnsyncedFiles,
): void {
  for (const start of listConsumeQueueFiles(files, location).reverse()) {
    const isKept = (unit: Buffer) =>
      unitRecordBytes(unit, 0) > 0 && unitPhysicalOffset(unit, 0) < physicalOffset
    const kept = countUnits(files, location, start, isKept)
    const path = segmentPath(location.directory, start)
    if (kept === 0) {
      files.unlink(path)
      changed.folders.add(location.directory)
      continue
    }
    const fd = files.open(path, 'write')
    try {
      const keptBytes = kept * CONSUME_QUEUE_UNIT_BYTES
      files.discard(fd, keptBytes, location.fileBytes - keptBytes)
    } finally {
      files.close(fd)
    }
    changed.paths.push(path)
    return
  }
}

/** The unit with this number of an open file; zeros behind the file's end. */
export function readUnit(files: FileSystem, fd: number, index: number): Buffer {
  const unit = Buffer.alloc(CONSUME_QUEUE_UNIT_BYTES)
  const position = index * CONSUME_QUEUE_UNIT_BYTES
  readFully(files, fd, unit, { start: 0, lengthBytes: CONSUME_QUEUE_UNIT_BYTES, position })
  return unit
}
