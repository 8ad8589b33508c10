import { basename, dirname, join } from 'node:path'
import { type FileSystem, writeFully } from './file-system.ts'

/**
 * Replaces a small file as a whole, durably: written in the work folder, synced, renamed, so that
 * after a crash at any step it has the old or the new content.
 */
export function replaceSmallFile(
  files: FileSystem,
  { path, workDirectory }: { readonly path: string; readonly workDirectory: string },
  content: Buffer,
): void {
  files.makeDirectory(workDirectory)
  const temporary = join(workDirectory, `making-${basename(path)}`)
  const fd = files.open(temporary, 'create')
  try {
    files.setLength(fd, 0)
    writeFully(files, fd, content, { start: 0, lengthBytes: content.length, position: 0 })
    files.sync(fd)
  } finally {
    files.close(fd)
  }
  files.rename(temporary, path)
  files.syncDirectory(dirname(path))
}
