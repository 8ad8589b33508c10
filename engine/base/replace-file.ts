import { constants } from 'node:fs'
import { copyFile, mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemErrorCode } from './errors.ts'

const TEMPORARY_SUFFIX = '.tmp'
/** Where the contents before the last change are kept (Java: MixAll.string2File). */
const BACKUP_SUFFIX = '.bak'

/**
 * Replaces the contents of a file: after a crash at any step `path` holds the old or the new ones,
 * whole. The folder is made when it is missing, the old contents stay in `<path>.bak`. Callers see
 * to it that one file is replaced by one call at a time.
 * @throws the system's error, with the old contents in place
 */
export async function replaceFile(path: string, contents: string | Uint8Array): Promise<void> {
  const temporary = `${path}${TEMPORARY_SUFFIX}`
  await mkdir(dirname(path), { recursive: true })
  await writeSynced(temporary, contents)
  await keepBackup(path)
  await rename(temporary, path)
  // The new name is on the disk only when the folder is.
  await syncFolder(dirname(path))
}

async function writeSynced(path: string, contents: string | Uint8Array): Promise<void> {
  const file = await open(path, 'w')
  try {
    await file.writeFile(contents)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function keepBackup(path: string): Promise<void> {
  try {
    await copyFile(path, `${path}${BACKUP_SUFFIX}`, constants.COPYFILE_FICLONE)
  } catch (error) {
    // The first contents of a file have nothing before them.
    if (systemErrorCode(error) !== 'ENOENT') throw error
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
