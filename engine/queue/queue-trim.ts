/** What of queues and index goes when the log's oldest segments have gone. */
import { type FileSystem, openIfThere, readFully } from '../file/file-system.ts'
import { segmentPath } from '../file/store-layout.ts'
import {
  CONSUME_QUEUE_UNIT_BYTES,
  unitPhysicalOffset,
  unitRecordBytes,
} from '../format/consume-queue-format.ts'
import { createIndexHeader, INDEX_HEADER_BYTES, readIndexHeader } from '../format/index-format.ts'
import {
  type ConsumeQueueLocation,
  countUnits,
  listConsumeQueueFiles,
  readUnit,
} from './consume-queue-files.ts'

/**
 * Deletes the oldest files of a queue whose units all lead before `logStartOffset`
 * (ConsumeQueue.deleteExpiredFile). The last one stays: it knows the number of the next message.
 * @returns their paths.
 */
export function trimConsumeQueue(
  files: FileSystem,
  location: ConsumeQueueLocation,
  logStartOffset: number,
): string[] {
  const trimmed: string[] = []
  for (const start of listConsumeQueueFiles(files, location).slice(0, -1)) {
    if (!leadsBefore(files, location, start, logStartOffset)) break
    const path = segmentPath(location.directory, start)
    files.unlink(path)
    trimmed.push(path)
  }
  return trimmed
}

/** Whether no unit of a file leads to the log from `logStartOffset` on. */
function leadsBefore(
  files: FileSystem,
  location: ConsumeQueueLocation,
  start: number,
  logStartOffset: number,
): boolean {
  // Pre-blanks lead to 0.
  const isBefore = (unit: Buffer) =>
    unitRecordBytes(unit, 0) > 0 && unitPhysicalOffset(unit, 0) < logStartOffset
  const unitCount = location.fileBytes / CONSUME_QUEUE_UNIT_BYTES
  const fd = files.open(segmentPath(location.directory, start), 'read')
  try {
    // Most files that may go are full, and most that may not say so at their end.
    if (isBefore(readUnit(files, fd, unitCount - 1))) return true
    const count = countUnits(files, location, start, isBefore)
    return unitRecordBytes(readUnit(files, fd, count), 0) === 0
  } finally {
    files.close(fd)
  }
}

/** Whether an index file leads only before `logStartOffset` (IndexService.deleteExpiredFile). */
export function indexLeadsBefore(files: FileSystem, path: string, logStartOffset: number): boolean {
  const fd = openIfThere(files, path, 'read')
  if (fd === undefined) return false
  try {
    const header = createIndexHeader()
    const bytes = Buffer.alloc(INDEX_HEADER_BYTES)
    readFully(files, fd, bytes, { start: 0, lengthBytes: bytes.length, position: 0 })
    readIndexHeader(bytes, header)
    return header.endPhysicalOffset < logStartOffset
  } finally {
    files.close(fd)
  }
}
