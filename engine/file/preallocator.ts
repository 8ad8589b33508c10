/**
 * Makes a file ready before it is needed. It grows in the work folder and is moved into place when
 * it has its full length: Java loads every file it finds and refuses the store for one that is
 * short, so a kill at any step here leaves a directory that Java opens.
 */
import { basename, dirname, join } from 'node:path'
import { MIB } from '../base/units.ts'
import { makeDurableDirectory } from './durable-directory.ts'
import { type FileSystem, writeFully } from './file-system.ts'

/**
 * How the blocks of a new file are made ready.
 * - `sparse`: length only; a full disk shows at the write.
 * - `allocate`: blocks reserved, so a full disk shows here.
 * - `write`: blocks reserved and written with zeros, so that later writes change no metadata.
 */
export type FilePreparation = 'sparse' | 'allocate' | 'write'

const ZEROS_BYTES = MIB

export interface FileToPrepare {
  /** Where the finished file stands. */
  readonly path: string
  readonly sizeBytes: number
  /** Where it is made: on the same file system as `path`. */
  readonly workDirectory: string
  readonly preparation: FilePreparation
  /** Whether the file and both folders are synced before this returns. */
  readonly durable: boolean
}

/** Makes a file of its full length, with zeros, and moves it into place. */
export function prepareFile(files: FileSystem, file: FileToPrepare): void {
  const directory = dirname(file.path)
  for (const path of [file.workDirectory, directory]) {
    if (file.durable) makeDurableDirectory(files, path)
    else files.makeDirectory(path)
  }
  const unfinished = join(
    file.workDirectory,
    `making-${basename(directory)}-${basename(file.path)}`,
  )
  if (files.exists(unfinished)) files.unlink(unfinished)
  const fd = files.open(unfinished, 'create')
  try {
    fill(files, fd, file)
    if (file.durable) files.sync(fd)
  } catch (error) {
    files.unlink(unfinished)
    throw error
  } finally {
    files.close(fd)
  }
  files.rename(unfinished, file.path)
  if (file.durable) {
    files.syncDirectory(directory)
    files.syncDirectory(file.workDirectory)
  }
}

function fill(files: FileSystem, fd: number, file: FileToPrepare): void {
  if (file.preparation === 'sparse') {
    files.setLength(fd, file.sizeBytes)
    return
  }
  files.allocate(fd, 0, file.sizeBytes, false)
  if (file.preparation === 'allocate') return
  const zeros = Buffer.alloc(Math.min(ZEROS_BYTES, file.sizeBytes))
  for (let position = 0; position < file.sizeBytes; position += zeros.length) {
    const lengthBytes = Math.min(zeros.length, file.sizeBytes - position)
    writeFully(files, fd, zeros, { start: 0, lengthBytes, position })
  }
}

/** Removes what an earlier process left unfinished in the work folder. */
export function removeUnfinishedFiles(files: FileSystem, workDirectory: string): void {
  for (const name of files.list(workDirectory)) {
    if (name.startsWith('making-')) files.unlink(join(workDirectory, name))
  }
}
