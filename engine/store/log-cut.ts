/**
 * Cuts the log, and keeps what is cut in `agena/`, where Java does not see it:
 *
 *   torn-00000000000000012345   the torn tail behind this offset, at most 64 MiB of it
 *   cut-00000000000000012345    what stood behind this offset in a damaged segment
 *   cut-00000000001073741824    a whole segment that lay behind the end
 *   aside-consumequeue-T-0-x    a file that is not the store's
 *   cut-00000000000000012345-2  where there was one from before
 */
import { basename, join, relative } from 'node:path'
import { describeError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import { MIB } from '../base/units.ts'
import { type FileSystem, readFully, writeFully } from '../file/file-system.ts'
import type { StoreLayout } from '../file/store-layout.ts'
import { segmentName } from '../format/segment-name.ts'
import { placeOf } from '../log/segment-listing.ts'

/** A torn tail is at most what was not flushed; this much of it is looked at and kept. */
const TORN_BYTES_MAX = 64 * MIB
/** Older torn tails are removed when there are more. */
const TORN_FILES_MAX = 8
const CHUNK_BYTES = MIB
const TORN_PREFIX = 'torn-'

export interface LogCut {
  readonly segmentBytes: number
  /** Physical offset of the first byte that goes. */
  readonly offset: number
  /**
   * `torn` was never acknowledged as durable: keeping it must not stand in the way. `damaged` is
   * kept as a whole, or nothing is cut.
   */
  readonly kind: 'torn' | 'damaged'
}

interface Place {
  readonly files: FileSystem
  readonly layout: StoreLayout
  readonly logger: Logger
}

/**
 * Makes everything from an offset to the end of its segment read as zeros, so that it never looks
 * like a record again. What stood there is kept first.
 * @param beforeCut called when it is kept, and before anything is gone.
 */
export function cutSegment(place: Place, cut: LogCut, beforeCut: () => void = () => {}): void {
  const { files, layout } = place
  const { path, position } = placeOf(
    { directory: layout.commitLog, segmentBytes: cut.segmentBytes },
    cut.offset,
  )
  const fd = files.open(path, 'write')
  try {
    keep(place, cut, { fd, path, position })
    beforeCut()
    files.zero(fd, position, cut.segmentBytes - position)
    files.sync(fd)
  } finally {
    files.close(fd)
  }
}

/** Where what stands behind an offset in a damaged segment is kept. */
export function cutPath({ files, layout }: Omit<Place, 'logger'>, offset: number): string {
  return freePath(files, join(layout.work, `cut-${segmentName(offset)}`))
}

/** What an earlier cut kept is never overwritten. */
function freePath(files: FileSystem, path: string): string {
  let free = path
  for (let number = 2; files.exists(free); number += 1) free = `${path}-${number}`
  return free
}

/** Moves a file of the store out of the way; where it is now. */
export function setAside({ files, layout, logger }: Place, path: string): string {
  const isSegment = path.startsWith(join(layout.commitLog, '/'))
  const name = isSegment
    ? `cut-${basename(path)}`
    : `aside-${relative(layout.root, path).replaceAll('/', '-')}`
  const target = freePath(files, join(layout.work, name))
  logger.warn(`${path} does not belong to the store as it is: it is set aside as ${target}`)
  files.rename(path, target)
  return target
}

interface CutPlace {
  readonly fd: number
  readonly path: string
  readonly position: number
}

function keep(place: Place, cut: LogCut, source: CutPlace): void {
  const { layout, logger, files } = place
  const isTorn = cut.kind === 'torn'
  const target = isTorn
    ? join(layout.work, `${TORN_PREFIX}${segmentName(cut.offset)}`)
    : cutPath(place, cut.offset)
  const restBytes = cut.segmentBytes - source.position
  const lengthBytes = isTorn ? Math.min(restBytes, TORN_BYTES_MAX) : restBytes
  try {
    const keptBytes = copyUsed(place, source, lengthBytes, target)
    if (keptBytes === 0) return
    logger.warn(
      `${source.path} held ${keptBytes} bytes from byte ${source.position} on that are no ` +
        `records: they are cut off, and kept as ${target}`,
    )
    if (isTorn) removeOldTorn(files, layout)
  } catch (error) {
    if (!isTorn) throw error
    logger.warn(`the torn tail of ${source.path} could not be kept: ${describeError(error)}`)
  }
}

/** Copies a range up to its last byte that is not zero, durably; how much that was. */
function copyUsed(
  { files, layout }: Place,
  { fd, position }: CutPlace,
  lengthBytes: number,
  target: string,
): number {
  const unfinished = join(layout.work, `making-${basename(target)}`)
  const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, lengthBytes))
  let copy = -1
  let usedBytes = 0
  try {
    for (let done = 0; done < lengthBytes; done += chunk.length) {
      const wanted = Math.min(chunk.length, lengthBytes - done)
      const range = { start: 0, lengthBytes: wanted, position: position + done }
      const chunkBytes = usedBytesOf(chunk, readFully(files, fd, chunk, range))
      if (chunkBytes === 0) continue
      if (copy === -1) copy = files.open(unfinished, 'create')
      writeFully(files, copy, chunk, { start: 0, lengthBytes: chunkBytes, position: done })
      usedBytes = done + chunkBytes
    }
    if (copy !== -1) files.sync(copy)
  } finally {
    if (copy !== -1) files.close(copy)
  }
  if (usedBytes > 0) {
    files.rename(unfinished, target)
    files.syncDirectory(layout.work)
  }
  return usedBytes
}

const ZEROS = Buffer.alloc(CHUNK_BYTES)

/** Bytes up to the last one that is not zero. */
function usedBytesOf(bytes: Buffer, lengthBytes: number): number {
  if (bytes.compare(ZEROS, 0, lengthBytes, 0, lengthBytes) === 0) return 0
  let used = lengthBytes
  while (used > 0 && bytes[used - 1] === 0) used -= 1
  return used
}

function removeOldTorn(files: FileSystem, layout: StoreLayout): void {
  const torn = files.list(layout.work).filter((name) => name.startsWith(TORN_PREFIX))
  for (const name of torn.slice(0, -TORN_FILES_MAX)) files.unlink(join(layout.work, name))
}
