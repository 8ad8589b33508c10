import { StoreError } from '../base/errors.ts'
import { type FileSystem, readFully } from '../file/file-system.ts'
import { segmentPath } from '../file/store-layout.ts'
import {
  CONSUME_QUEUE_UNIT_BYTES,
  type ConsumeQueueUnit,
  createConsumeQueueUnit,
  readConsumeQueueUnit,
} from '../format/consume-queue-format.ts'
import type { ConsumeQueueLocation } from './consume-queue-files.ts'

/** Units that are read at once. */
const PAGE_UNITS = 1000

/** A unit and its place in its queue. Both are the next unit's after the next step. */
export interface PlacedUnit {
  queueOffset: number
  readonly unit: ConsumeQueueUnit
}

/**
 * The units of a queue from one queue offset to another, which is not included. It may wait for the
 * disk.
 * @throws {StoreError} `STORE_FILE_INVALID` where a file is missing or ends early
 */
export function* unitsOf(
  files: FileSystem,
  { directory, fileBytes }: ConsumeQueueLocation,
  fromOffset: number,
  toOffset: number,
): Generator<PlacedUnit, void, undefined> {
  const page = Buffer.alloc(PAGE_UNITS * CONSUME_QUEUE_UNIT_BYTES)
  const placed: PlacedUnit = { queueOffset: fromOffset, unit: createConsumeQueueUnit() }
  for (let offset = fromOffset; offset < toOffset; ) {
    const at = offset * CONSUME_QUEUE_UNIT_BYTES
    const position = at % fileBytes
    const wantedBytes = Math.min(page.length, (toOffset - offset) * CONSUME_QUEUE_UNIT_BYTES)
    const lengthBytes = Math.min(wantedBytes, fileBytes - position)
    const path = segmentPath(directory, at - position)
    const count = readUnits(files, path, page, { start: 0, lengthBytes, position })
    for (let index = 0; index < count; index += 1) {
      readConsumeQueueUnit(page, index * CONSUME_QUEUE_UNIT_BYTES, placed.unit)
      placed.queueOffset = offset + index
      yield placed
    }
    offset += count
  }
}

function readUnits(
  files: FileSystem,
  path: string,
  page: Buffer,
  range: { readonly start: number; readonly lengthBytes: number; readonly position: number },
): number {
  if (!files.exists(path)) throw new StoreError('STORE_FILE_INVALID', `${path} is missing`)
  const fd = files.open(path, 'read')
  try {
    const count = Math.floor(readFully(files, fd, page, range) / CONSUME_QUEUE_UNIT_BYTES)
    if (count === 0) throw new StoreError('STORE_FILE_INVALID', `${path} is too short`)
    return count
  } finally {
    files.close(fd)
  }
}
