import { dirname } from 'node:path'
import type { FileSystem } from './file-system.ts'

/** From so many files on, one sync of the whole file system is quicker than one for each. */
const SYNC_ALL_FROM_COUNT = 256

/** What was written and is not known to be on the disk. */
export interface UnsyncedFiles {
  readonly paths: string[]
  /** Folders that got names: without them the files might be lost, however well synced. */
  readonly folders: Set<string>
}

export function createUnsyncedFiles(): UnsyncedFiles {
  return { paths: [], folders: new Set() }
}

/** Notes that a file may have a new name in its folder, and so may the folders up to `root`. */
export function addFolders(unsynced: UnsyncedFiles, path: string, root: string): void {
  for (let at = path; at !== root && at !== dirname(at); at = dirname(at)) {
    unsynced.folders.add(dirname(at))
  }
}

/**
 * Makes what was written durable. A file or folder that is gone by now needs it no more.
 * By name and not by descriptor: the kernel reports a failed write-back to whoever opens the file
 * next and syncs it, if nobody has heard of it before.
 */
export function syncFiles(files: FileSystem, unsynced: UnsyncedFiles, root: string): void {
  const { paths, folders } = unsynced
  if (paths.length + folders.size >= SYNC_ALL_FROM_COUNT) {
    files.syncAll(root)
    return
  }
  for (const path of paths) unlessGone(() => syncFile(files, path))
  for (const folder of folders) unlessGone(() => files.syncDirectory(folder))
}

function syncFile(files: FileSystem, path: string): void {
  const fd = files.open(path, 'write')
  try {
    files.sync(fd)
  } finally {
    files.close(fd)
  }
}

function unlessGone(act: () => void): void {
  try {
    act()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return
    throw error
  }
}
