/**
 * Brings a directory into the state of a store that may be written: finds the log's end, cuts what
 * is behind it, and says from where queues and index are to be built again.
 */
import { join } from 'node:path'
import type { Logger } from '../base/logger.ts'
import type { FileSystem } from '../file/file-system.ts'
import { prepareFile, removeUnfinishedFiles } from '../file/preallocator.ts'
import { type StoreLayout, segmentPath } from '../file/store-layout.ts'
import { segmentName } from '../format/segment-name.ts'
import {
  TRANSACTION_COMMIT_TYPE,
  TRANSACTION_NOT_TYPE,
  transactionTypeOf,
} from '../format/sys-flag.ts'
import { recoverLog } from '../log/log-recovery.ts'
import type { LogScanner } from '../log/log-scanner.ts'
import { LogSegment } from '../log/log-segment.ts'
import { LogSegments, listSegments, type SegmentListing } from '../log/log-segments.ts'
import type { QueueTails } from '../log/queue-tail.ts'
import { cutConsumeQueues } from '../queue/consume-queue-store.ts'
import { QueueRestarts, type RestartOffsets } from '../queue/queue-restarts.ts'
import { loadEndMark } from './end-mark.ts'
import { loadCheckpoint, safeTimestampMs } from './store-checkpoint.ts'
import type { StoreConfig } from './store-options.ts'

export interface RecoveredStore {
  readonly segments: LogSegments
  /** The segment that is written next. */
  readonly segment: LogSegment
  /** The one behind it, if it was there already. */
  readonly nextSegment: LogSegment | undefined
  /** Where the next record goes. */
  readonly endOffset: number
  readonly lastRecordOffset: number
  /** Queues and index are complete up to here. */
  readonly redoFromOffset: number
  /**
   * Queues were cut here, and the index is to be: what they hold of the log behind it may be wrong.
   */
  readonly cutOffset: number
  /** Where queues of deleted topics began anew: reput passes over their records from before. */
  readonly restartOffsets: RestartOffsets
  readonly wasAborted: boolean
}

interface Place {
  readonly files: FileSystem
  readonly layout: StoreLayout
  readonly config: StoreConfig
  readonly logger: Logger
}

export function recoverStore(place: Place, tails: QueueTails): RecoveredStore {
  const { files, layout, config, logger } = place
  removeUnfinishedFiles(files, layout.work)
  const listing = listSegments(files, layout.commitLog, {
    segmentBytes: config.isSegmentBytesGiven ? config.segmentBytes : undefined,
    defaultBytes: config.segmentBytes,
  })
  const wasAborted = files.exists(layout.abort)
  const endMark = loadEndMark(files, layout)
  const restarts = new QueueRestarts()
  const result = recoverLog(
    files,
    {
      directory: layout.commitLog,
      listing,
      wasAborted,
      endMark,
      safeTimestampMs: safeTimestampMs(loadCheckpoint(files, layout), config),
      hasConsumeQueues: files.list(layout.consumeQueue).length > 0,
    },
    (scanner, offset) => restoreTail(tails, restarts, scanner, offset),
  )
  if (wasAborted) {
    logger.warn(
      `the last stop was not clean: the log ends at ${result.endOffset}, ` +
        `queues and index are built again from ${result.redoFromOffset}`,
    )
  }
  const cutOffset = wasAborted ? result.redoFromOffset : result.endOffset
  // A clean stop of ours left queues that match its mark; anyone else's may be ahead of the log.
  if (wasAborted || result.redoFromOffset !== endMark?.endOffset) {
    cutConsumeQueues(
      files,
      { root: layout.consumeQueue, fileBytes: config.consumeQueueFileBytes },
      cutOffset,
    )
  }
  const restartOffsets = restarts.apply(files, {
    root: layout.consumeQueue,
    fileBytes: config.consumeQueueFileBytes,
  })
  const opened = openSegments(place, listing, result.endOffset)
  if (wasAborted || result.isTailTorn) cutTail(files, opened.segment, result.endOffset)
  const { nextSegment } = opened
  // It seems unused, but later blocks of a lost first write may be there.
  if (wasAborted && nextSegment !== undefined) cutTail(files, nextSegment, nextSegment.startOffset)
  if (wasAborted) syncSegments(files, opened.segments, result.redoFromOffset)
  return { ...opened, ...result, cutOffset, restartOffsets, wasAborted }
}

/** What is left of a torn write behind the end must never look like a record again. */
function cutTail(files: FileSystem, segment: LogSegment, endOffset: number): void {
  files.zero(segment.fd, endOffset - segment.startOffset, segment.endOffset - endOffset)
  files.sync(segment.fd)
}

/**
 * What a killed process wrote may be in memory only. It counts as flushed from now on, so that it
 * has to be on the disk before anything behind it is acknowledged.
 */
function syncSegments(files: FileSystem, segments: LogSegments, fromOffset: number): void {
  for (const segment of segments) {
    if (segment.endOffset > fromOffset) files.sync(segment.fd)
  }
}

function restoreTail(
  tails: QueueTails,
  restarts: QueueRestarts,
  scanner: LogScanner,
  offset: number,
): void {
  const { view, buffer } = scanner
  const type = transactionTypeOf(view.sysFlag)
  if (type !== TRANSACTION_NOT_TYPE && type !== TRANSACTION_COMMIT_TYPE) return
  const topic = buffer.toString('utf8', view.topicStart, view.topicEnd)
  tails.restore(topic, view.queueId, view.queueOffset + 1, offset + view.totalBytes)
  restarts.see(topic, view.queueId, view.queueOffset, offset)
}

function openSegments(
  place: Place,
  listing: SegmentListing,
  endOffset: number,
): Pick<RecoveredStore, 'segments' | 'segment' | 'nextSegment'> {
  const { files, layout } = place
  const { segmentBytes } = listing
  const segments = new LogSegments(segmentBytes)
  const tailStart = endOffset - (endOffset % segmentBytes)
  for (const startOffset of listing.startOffsets) {
    if (startOffset > tailStart) break
    segments.push(openSegment(files, layout, startOffset, segmentBytes))
  }
  if (segments.last?.startOffset !== tailStart) {
    makeSegment(place, tailStart, segmentBytes)
    segments.push(openSegment(files, layout, tailStart, segmentBytes))
  }
  const segment = segments.last
  if (segment === undefined) throw new Error('a log has a segment')
  const nextSegment = keepNext(place, listing, segment)
  return { segments, segment, nextSegment }
}

/** An empty segment right behind the tail is kept for later; anything else there is set aside. */
function keepNext(
  { files, layout, logger }: Place,
  listing: SegmentListing,
  segment: LogSegment,
): LogSegment | undefined {
  let next: LogSegment | undefined
  // The newest first: if the power goes in between, no gap is left.
  for (const startOffset of [...listing.startOffsets].reverse()) {
    if (startOffset <= segment.startOffset) continue
    if (startOffset === segment.endOffset) {
      next = openSegment(files, layout, startOffset, listing.segmentBytes)
      if (isEmpty(files, next)) continue
      next.close()
      next = undefined
    }
    const from = segmentPath(layout.commitLog, startOffset)
    const to = join(layout.work, `cut-${segmentName(startOffset)}`)
    logger.warn(`${from} lies behind the end of the log: it is set aside as ${to}`)
    files.rename(from, to)
  }
  return next
}

function isEmpty(files: FileSystem, segment: LogSegment): boolean {
  const head = Buffer.alloc(16)
  files.read(segment.fd, head, 0, head.length, 0)
  return head.every((byte) => byte === 0)
}

function makeSegment(
  { files, layout, config }: Place,
  startOffset: number,
  sizeBytes: number,
): void {
  prepareFile(files, {
    path: segmentPath(layout.commitLog, startOffset),
    sizeBytes,
    workDirectory: layout.work,
    // Filling a whole segment with zeros would hold up the start.
    preparation: config.segmentPreparation === 'write' ? 'allocate' : config.segmentPreparation,
    durable: true,
  })
}

function openSegment(
  files: FileSystem,
  layout: StoreLayout,
  startOffset: number,
  sizeBytes: number,
): LogSegment {
  const path = segmentPath(layout.commitLog, startOffset)
  return new LogSegment(files, { startOffset, sizeBytes, path })
}
