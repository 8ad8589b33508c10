import { dirname } from 'node:path'
import type { FileSystem } from './file-system.ts'

/**
 * Makes a directory and its parents, so that they are still there after a loss of power: the name
 * of each is in its parent, which is synced where one was made.
 */
export function makeDurableDirectory(files: FileSystem, path: string): void {
  const changed: string[] = []
  for (let at = path; !files.exists(at); at = dirname(at)) changed.push(dirname(at))
  files.makeDirectory(path)
  for (const directory of changed) files.syncDirectory(directory)
}
