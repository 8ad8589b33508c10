import { StoreError } from '../base/errors.ts'
import type { FileSystem } from './file-system.ts'

/** What Java writes into the lock file (DefaultMessageStore.start). */
const LOCK_CONTENT = Buffer.from('lock', 'utf8')

/** Holds a store for one process, Java's or ours, until it is released or the process ends. */
export interface StoreLock {
  release(): void
}

/**
 * Takes the store's lock: before anything in it is read.
 * @throws {StoreError} `STORE_LOCKED` when another process holds it.
 */
export function takeStoreLock(files: FileSystem, path: string): StoreLock {
  const fd = files.open(path, 'create')
  let taken = false
  try {
    taken = files.lock(fd)
    if (taken) files.write(fd, LOCK_CONTENT, 0, LOCK_CONTENT.length, 0)
  } finally {
    if (!taken) files.close(fd)
  }
  if (!taken) {
    throw new StoreError('STORE_LOCKED', `another process uses this store: ${path} is locked`)
  }
  return { release: () => files.close(fd) }
}
