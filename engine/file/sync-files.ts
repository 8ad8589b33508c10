import type { FileSystem } from './file-system.ts'

/** From so many files on, one sync of the whole file system is quicker than one for each. */
const SYNC_ALL_FROM_COUNT = 256

/**
 * Makes what was written to the files at `paths` durable. One that is gone by now needs it no more.
 * By name and not by descriptor: the kernel reports a failed write-back to whoever opens the file
 * next and syncs it, if nobody has heard of it before.
 */
export function syncFiles(files: FileSystem, paths: readonly string[], root: string): void {
  if (paths.length >= SYNC_ALL_FROM_COUNT) {
    files.syncAll(root)
    return
  }
  for (const path of paths) {
    const fd = openExisting(files, path)
    if (fd === undefined) continue
    try {
      files.sync(fd)
    } finally {
      files.close(fd)
    }
  }
}

function openExisting(files: FileSystem, path: string): number | undefined {
  try {
    return files.open(path, 'write')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
