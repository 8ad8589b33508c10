import { type FileSystem, readFully } from '../file/file-system.ts'
import { segmentPath } from '../file/store-layout.ts'
import { BLANK_RECORD_BYTES } from '../format/record-format.ts'
import type { LogLocation } from './log-scanner.ts'

/**
 * First offset of the newest segment that something was written to: all before it are sealed, all
 * behind it were made ready in advance. The oldest one when nothing was written at all.
 */
export function findNewestSegment(
  files: FileSystem,
  { directory }: LogLocation,
  startOffsets: readonly number[],
): number {
  const newest = startOffsets.findLast((startOffset) => {
    const head = Buffer.alloc(BLANK_RECORD_BYTES)
    const fd = files.open(segmentPath(directory, startOffset), 'read')
    try {
      readFully(files, fd, head, { start: 0, lengthBytes: head.length, position: 0 })
    } finally {
      files.close(fd)
    }
    return head.some((byte) => byte !== 0)
  })
  return newest ?? startOffsets[0] ?? 0
}
