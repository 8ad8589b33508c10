/**
 * Finds a queue offset by time, by halving the queue and reading store times from the log
 * (ConsumeQueue.getOffsetInQueueByTime). It may wait for the disk: run it in a pool's thread.
 */
import { I64_BYTES } from '../base/units.ts'
import { type FileSystem, openIfThere, readFully } from '../file/file-system.ts'
import { segmentPath } from '../file/store-layout.ts'
import { readInt32, readInt64 } from '../format/big-endian.ts'
import {
  CONSUME_QUEUE_UNIT_BYTES,
  createConsumeQueueUnit,
  isPreBlankUnit,
  readConsumeQueueUnit,
} from '../format/consume-queue-format.ts'
import { BORN_HOST_AT, hostBytes, SYS_FLAG_AT } from '../format/record-format.ts'
import { BORN_HOST_V6_FLAG } from '../format/sys-flag.ts'
import type { LogLocation } from '../log/log-scanner.ts'
import type { ConsumeQueueLocation } from './consume-queue-files.ts'

/** Which message is meant when none has exactly that time, or several have (BoundaryType). */
export type TimeBoundary = 'lower' | 'upper'

export interface QueueTimeQuery {
  readonly queue: ConsumeQueueLocation
  readonly log: LogLocation
  /** Queue offsets to search, the end excluded. */
  readonly minOffset: number
  readonly endOffset: number
  readonly timestampMs: number
  readonly boundary: TimeBoundary
}

/**
 * `lower`: the first message stored at or after the time, or the end of the queue.
 * `upper`: the last message stored at or before it, or 0.
 */
export function searchQueueByTime(files: FileSystem, query: QueueTimeQuery): number {
  const isBefore =
    query.boundary === 'lower'
      ? (storedMs: number) => storedMs < query.timestampMs
      : (storedMs: number) => storedMs <= query.timestampMs
  let low = query.minOffset
  let high = query.endOffset
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (isBefore(storeTimestampOf(files, query, middle))) low = middle + 1
    else high = middle
  }
  if (query.boundary === 'lower') return low
  return low > query.minOffset ? low - 1 : 0
}

/** Store time of the message at a queue offset, in ms; 0 for one that is gone. */
export function storeTimestampOf(
  files: FileSystem,
  query: Pick<QueueTimeQuery, 'queue' | 'log'>,
  queueOffset: number,
): number {
  const at = queueOffset * CONSUME_QUEUE_UNIT_BYTES
  const unitBytes = readRange(
    files,
    query.queue.directory,
    query.queue.fileBytes,
    at,
    CONSUME_QUEUE_UNIT_BYTES,
  )
  if (unitBytes === undefined) return 0
  const unit = createConsumeQueueUnit()
  readConsumeQueueUnit(unitBytes, 0, unit)
  if (unit.recordBytes <= 0 || isPreBlankUnit(unit)) return 0
  const { directory, segmentBytes } = query.log
  const headBytes = BORN_HOST_AT + hostBytes(true) + I64_BYTES
  const head = readRange(files, directory, segmentBytes, unit.physicalOffset, headBytes)
  if (head === undefined) return 0
  const isV6 = (readInt32(head, SYS_FLAG_AT) & BORN_HOST_V6_FLAG) !== 0
  return readInt64(head, BORN_HOST_AT + hostBytes(isV6))
}

function readRange(
  files: FileSystem,
  directory: string,
  fileBytes: number,
  at: number,
  lengthBytes: number,
): Buffer | undefined {
  // A damaged unit may lead anywhere.
  if (!Number.isSafeInteger(at) || at < 0) return undefined
  const position = at % fileBytes
  const path = segmentPath(directory, at - position)
  const fd = openIfThere(files, path, 'read')
  if (fd === undefined) return undefined
  try {
    const bytes = Buffer.alloc(lengthBytes)
    readFully(files, fd, bytes, { start: 0, lengthBytes, position })
    return bytes
  } finally {
    files.close(fd)
  }
}
