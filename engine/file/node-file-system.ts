import * as fs from 'node:fs'
import { dirname } from 'node:path'
import { systemErrorCode } from '../base/errors.ts'
import type { DiskSpace } from './disk-space.ts'
import type { FileSystem, OpenIntent } from './file-system.ts'
import type { RegionProvider } from './mapped-region.ts'
import {
  discardRange,
  readCachedBytes,
  reserveBlocks,
  syncFileSystem,
  tryLockFirstByte,
  zeroRange,
} from './posix.ts'
import { sharedRegions } from './shared-region.ts'

const OPEN_FLAGS: Readonly<Record<OpenIntent, number>> = {
  read: fs.constants.O_RDONLY,
  write: fs.constants.O_RDWR,
  create: fs.constants.O_RDWR | fs.constants.O_CREAT,
}
/** As Java makes them, before the process's umask. */
const FILE_MODE = 0o644

/** The real disk. `regions` decides how files are mapped; default *shared*. */
export function nodeFileSystem(regions: RegionProvider = sharedRegions): FileSystem {
  return {
    open: (path, intent) => fs.openSync(path, OPEN_FLAGS[intent], FILE_MODE),
    close: (fd) => fs.closeSync(fd),
    sizeBytes: (fd) => fs.fstatSync(fd).size,
    modifiedMs: (path) => fs.statSync(path).mtimeMs,
    space: diskSpace,
    read: (fd, target, start, lengthBytes, position) =>
      fs.readSync(fd, target, start, lengthBytes, position),
    readCached: (fd, target, start, lengthBytes, position) =>
      readCachedBytes(fd, target, start, lengthBytes, position) ??
      fs.readSync(fd, target, start, lengthBytes, position),
    write: (fd, source, start, lengthBytes, position) =>
      fs.writeSync(fd, source, start, lengthBytes, position),
    allocate: (fd, start, lengthBytes, keepSize) =>
      reserveBlocks(fd, start, lengthBytes, { keepSize }),
    zero: zeroRange,
    discard: discardRange,
    setLength: (fd, lengthBytes) => fs.ftruncateSync(fd, lengthBytes),
    sync: (fd) => fs.fdatasyncSync(fd),
    syncAll,
    rename: (from, to) => fs.renameSync(from, to),
    unlink: (path) => fs.unlinkSync(path),
    removeDirectory: (path) => fs.rmdirSync(path),
    makeDirectory,
    exists: (path) => fs.existsSync(path),
    list: (path) => (fs.existsSync(path) ? fs.readdirSync(path).sort() : []),
    syncDirectory,
    lock: tryLockFirstByte,
    map: (fd, lengthBytes) => regions.map(fd, lengthBytes),
  }
}

function diskSpace(path: string): DiskSpace {
  const { bsize, blocks, bfree, bavail } = fs.statfsSync(path)
  return {
    totalBytes: blocks * bsize,
    freeBytes: bfree * bsize,
    availableBytes: bavail * bsize,
  }
}

function syncAll(path: string): void {
  const fd = fs.openSync(path, fs.constants.O_RDONLY)
  try {
    syncFileSystem(fd)
  } finally {
    fs.closeSync(fd)
  }
}

function makeDirectory(path: string): void {
  try {
    fs.mkdirSync(path, { recursive: true })
  } catch (error) {
    // Of a parent that cannot be made Node says only that it is not there, whatever the reason.
    if (systemErrorCode(error) !== 'ENOENT') throw error
    let missing = path
    while (!fs.existsSync(dirname(missing))) missing = dirname(missing)
    fs.mkdirSync(missing)
    fs.mkdirSync(path, { recursive: true })
  }
}

function syncDirectory(path: string): void {
  const fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY)
  try {
    fs.fsyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
}
