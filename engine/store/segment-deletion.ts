import type { FileSystem } from '../file/file-system.ts'
import { type StoreLayout, segmentPath } from '../file/store-layout.ts'
import { blockHashesPath } from './block-hashes.ts'

/**
 * Deletes the oldest segment of the log, durably: the next one must not be gone from the disk
 * before it, which would leave a gap. Nobody may hold a mapping of it any more. A large file takes
 * the file system a tenth of a second and more.
 * @throws the operating system's error; then the segment may still be there
 */
export function deleteSegment(files: FileSystem, layout: StoreLayout, startOffset: number): void {
  for (const path of [
    segmentPath(layout.commitLog, startOffset),
    blockHashesPath(layout, startOffset),
  ]) {
    // Somebody may have removed it by hand.
    if (files.exists(path)) files.unlink(path)
  }
  files.syncDirectory(layout.commitLog)
}
