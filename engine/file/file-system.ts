/**
 * The seam between the engine and the disk: every file of a store is touched through here, so that
 * a simulator can stand in for the operating system. All calls are synchronous and throw the
 * system's error (`code` is `ENOSPC`, `EIO` …) when it refuses.
 */
import { assert } from '../base/assert.ts'
import { systemErrorCode } from '../base/errors.ts'
import type { DiskSpace } from './disk-space.ts'
import type { MappedRegion } from './mapped-region.ts'

/** How a file is opened: `create` makes it when missing and reads and writes it. */
export type OpenIntent = 'read' | 'write' | 'create'

export interface FileSystem {
  open(path: string, intent: OpenIntent): number
  close(fd: number): void
  sizeBytes(fd: number): number
  /** When the bytes of a file were last changed, in ms. */
  modifiedMs(path: string): number
  /** Room on the file system that holds `path`. */
  space(path: string): DiskSpace
  /** Reads up to `lengthBytes` at `position`; the count that was read, 0 at the end of the file. */
  read(fd: number, target: Buffer, start: number, lengthBytes: number, position: number): number
  /**
   * Reads like {@link read}, but only what is in memory.
   * @returns -1 when the first byte of it would have to come from the disk.
   */
  readCached(
    fd: number,
    target: Buffer,
    start: number,
    lengthBytes: number,
    position: number,
  ): number
  /** Writes up to `lengthBytes` at `position`; the count that was written may be short. */
  write(fd: number, source: Buffer, start: number, lengthBytes: number, position: number): number
  /** Reserves blocks for a range; `keepSize` leaves the file's length as it is. */
  allocate(fd: number, start: number, lengthBytes: number, keepSize: boolean): void
  /** Makes a range read as zeros. */
  zero(fd: number, start: number, lengthBytes: number): void
  /** Makes a range read as zeros and gives its blocks back. */
  discard(fd: number, start: number, lengthBytes: number): void
  setLength(fd: number, lengthBytes: number): void
  /** Makes a file's data durable (fdatasync). */
  sync(fd: number): void
  /** Makes all that was written to the file system of `path` durable (syncfs). */
  syncAll(path: string): void
  rename(from: string, to: string): void
  unlink(path: string): void
  removeDirectory(path: string): void
  /** Makes a directory and its parents. */
  makeDirectory(path: string): void
  exists(path: string): boolean
  /** Names in a directory, sorted; none when it does not exist. */
  list(path: string): string[]
  /** Makes a directory's entries durable. */
  syncDirectory(path: string): void
  /**
   * Takes the lock on byte 0 of an open file, until the file is closed.
   * @returns false when somebody else holds it.
   */
  lock(fd: number): boolean
  /** Maps the first `lengthBytes` of a file, which must be that long. */
  map(fd: number, lengthBytes: number): MappedRegion
}

/** Writes the whole range, going on after a short write. */
export function writeFully(
  files: FileSystem,
  fd: number,
  source: Buffer,
  { start, lengthBytes, position }: { start: number; lengthBytes: number; position: number },
): void {
  let done = 0
  while (done < lengthBytes) {
    const count = files.write(fd, source, start + done, lengthBytes - done, position + done)
    assert(count > 0, 'a write writes something or throws')
    done += count
  }
}

/** Reads until the range or the file ends; the count that was read. */
export function readFully(
  files: FileSystem,
  fd: number,
  target: Buffer,
  { start, lengthBytes, position }: { start: number; lengthBytes: number; position: number },
): number {
  let done = 0
  while (done < lengthBytes) {
    const count = files.read(fd, target, start + done, lengthBytes - done, position + done)
    if (count === 0) break
    done += count
  }
  return done
}

/** Opens a file that may have been deleted a moment ago: undefined when it is not there. */
export function openIfThere(
  files: FileSystem,
  path: string,
  intent: OpenIntent,
): number | undefined {
  try {
    return files.open(path, intent)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** The whole of a small file, or undefined when it does not exist. */
export function readWholeFile(files: FileSystem, path: string): Buffer | undefined {
  if (!files.exists(path)) return undefined
  const fd = files.open(path, 'read')
  try {
    const content = Buffer.alloc(files.sizeBytes(fd))
    const range = { start: 0, lengthBytes: content.length, position: 0 }
    return content.subarray(0, readFully(files, fd, content, range))
  } finally {
    files.close(fd)
  }
}
