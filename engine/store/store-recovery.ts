/**
 * Brings a directory into the state of a store that may be written: finds the log's end, cuts what
 * is behind it, mends queues and index files that do not match it, and says from where both are to
 * be built again. First everything is examined and decided; only a log that is not refused lets
 * anything be changed.
 */
import type { FileSystem } from '../file/file-system.ts'
import { prepareFile, removeUnfinishedFiles } from '../file/preallocator.ts'
import { type StoreLayout, segmentPath } from '../file/store-layout.ts'
import {
  type LogRecoveryInput,
  type LogRecoveryResult,
  type LogScanPlan,
  planScan,
  recoverLog,
} from '../log/log-recovery.ts'
import type { ScannedRuns } from '../log/log-run.ts'
import { LogSegment } from '../log/log-segment.ts'
import { LogSegments } from '../log/log-segments.ts'
import type { QueueTails } from '../log/queue-tail.ts'
import { type ScannedQueue, ScannedQueues } from '../log/scanned-queues.ts'
import { type SegmentListing, SURPLUS_SEGMENTS } from '../log/segment-listing.ts'
import { cutConsumeQueues, deleteConsumeQueues } from '../queue/consume-queue-store.ts'
import { DeletedTopics } from '../queue/deleted-topics.ts'
import { BUILT_UNITS, type BuiltFacts, newestUnitOffset } from '../queue/queue-recovery.ts'
import { type RestartOffsets, restartQueues } from '../queue/queue-restarts.ts'
import { corruptLogError } from './corrupt-log.ts'
import { saveDurableMark } from './durable-mark.ts'
import { cutSegment, setAside } from './log-cut.ts'
import { clampCheckpoint } from './store-checkpoint.ts'
import {
  examineStore,
  mendStore,
  queuesLocation,
  type StoreFindings,
  type StorePlace,
} from './store-examination.ts'

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

/** What a start is about to do, before anything is changed. */
export interface RecoveryPlan {
  readonly findings: StoreFindings
  readonly input: LogRecoveryInput
  readonly scan: LogScanPlan
}

/** @throws {StoreError} `STORE_FILE_INVALID` for segment files that make no log */
export function planRecovery(place: StorePlace): RecoveryPlan {
  const { files, layout, config } = place
  const findings = examineStore(place)
  const input: LogRecoveryInput = {
    ...findings,
    directory: layout.commitLog,
    queueCount: findings.queues.queueCount,
    policy: config.onCorruption,
  }
  return { findings, input, scan: planScan(files, input) }
}

/**
 * @param known runs of the log that were scanned already
 * @throws {StoreError} `STORE_LOG_CORRUPT` for a log that is damaged where it was on the disk.
 */
export function recoverStore(
  place: StorePlace,
  { findings, input, scan }: RecoveryPlan,
  known: ScannedRuns,
  tails: QueueTails,
): RecoveredStore {
  const { files, layout, logger } = place
  removeUnfinishedFiles(files, layout.work)
  const { listing, wasAborted } = findings
  const queues = new ScannedQueues()
  const result = recoverLog(files, input, scan, queues, known)
  if (result.decision === 'refuse') {
    throw corruptLogError(layout, { ...result, segmentBytes: listing.segmentBytes })
  }
  if (wasAborted) {
    logger.warn(
      `the last stop was not clean: the log ends at ${result.endOffset}, ` +
        `queues and index are built again from ${result.redoFromOffset}`,
    )
  }
  mendStore(place, findings, result)
  cutLog(place, findings, result)
  const cutOffset = cutQueues(place, findings, result)
  const present = dropDeleted(place, findings, result, queues)
  // Files that were mended or cut are whole again, so that the ends of queues can be looked up.
  const restartOffsets = restartQueues(files, queuesLocation(place), present)
  for (const { topic, queueId, nextQueueOffset, recordEnd } of present) {
    tails.restore(topic, queueId, nextQueueOffset, recordEnd)
  }
  const opened = openSegments(place, listing, { endOffset: result.endOffset, wasAborted })
  if (wasAborted) syncSegments(files, opened.segments, result.redoFromOffset)
  const { segmentBytes } = listing
  saveDurableMark(files, layout, { durableOffset: result.endOffset, segmentBytes })
  return { ...opened, ...result, cutOffset, restartOffsets, wasAborted }
}

/**
 * What is left of a torn write behind the end must never look like a record again. After a kill
 * that may stand behind zeros, too: blocks reach the disk in any order.
 */
function cutLog(
  place: StorePlace,
  { listing, wasAborted }: StoreFindings,
  result: LogRecoveryResult,
): void {
  const { files, layout, logger } = place
  const { endOffset: offset, decision } = result
  const { segmentBytes } = listing
  if (decision === 'cut-durable') {
    const { message } = corruptLogError(layout, { ...result, segmentBytes })
    logger.error(`${message}. It is cut there, as onCorruption says`)
  }
  const isInSegment = listing.startOffsets.includes(offset - (offset % segmentBytes))
  // The mark goes back before the bytes do: otherwise a kill in between would leave damage.
  const lowerMark = () => {
    if (decision === 'cut-durable') {
      saveDurableMark(files, layout, { durableOffset: offset, segmentBytes })
    }
  }
  if (isInSegment && (decision !== 'end' || wasAborted)) {
    const kind = decision === 'cut-durable' ? 'damaged' : 'torn'
    cutSegment(place, { segmentBytes, offset, kind }, lowerMark)
  } else lowerMark()
  if (decision !== 'end') {
    clampCheckpoint(files, layout, { endOffset: offset, timestampMs: result.lastTimestampMs })
  }
}

/** @returns where the index is to be cut as well. */
function cutQueues(
  place: StorePlace,
  findings: StoreFindings,
  { endOffset, redoFromOffset, scanStartOffset }: LogRecoveryResult,
): number {
  const { endMark, wasAborted } = findings
  const { files } = place
  const location = queuesLocation(place)
  let newest = findings.newestUnitOffset
  // A clean stop of ours left queues that match its mark; anyone else's may be ahead of the log.
  const isMarked = newest === undefined && endOffset === endMark?.endOffset
  if (!wasAborted && !isMarked) newest ??= newestUnitOffset(files, location)
  const { decision } = BUILT_UNITS.decide({
    stop: wasAborted ? 'aborted' : 'clean',
    newest: placeOfNewest(newest, { endOffset, scanStartOffset }),
  })
  const cutOffset = decision === 'cut-at-redo' ? redoFromOffset : endOffset
  if (decision === 'cut-at-redo' || decision === 'cut-at-end') {
    cutConsumeQueues(files, location, cutOffset)
  }
  return cutOffset
}

function placeOfNewest(
  newest: number | undefined,
  { endOffset, scanStartOffset }: Pick<LogRecoveryResult, 'endOffset' | 'scanStartOffset'>,
): BuiltFacts['newest'] {
  if (newest === undefined) return 'within'
  if (newest >= endOffset) return 'ahead'
  return newest < scanStartOffset ? 'behind' : 'within'
}

/**
 * What is built again is built without what was deleted; perhaps the queues had still to go.
 * @returns the queues that the scan met and that have messages behind their topic's deletion.
 */
function dropDeleted(
  { files, layout }: StorePlace,
  { listing }: StoreFindings,
  { endOffset, redoFromOffset }: LogRecoveryResult,
  queues: ScannedQueues,
): ScannedQueue[] {
  const deletedTopics = new DeletedTopics(files, layout.work)
  deletedTopics.fit({ startOffset: listing.startOffsets[0] ?? 0, endOffset })
  for (const topic of deletedTopics.behind(redoFromOffset)) {
    deleteConsumeQueues(files, layout.consumeQueue, topic)
  }
  return [...queues].filter(({ topic, recordEnd }) => !deletedTopics.has(topic, recordEnd - 1))
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

function openSegments(
  place: StorePlace,
  listing: SegmentListing,
  { endOffset, wasAborted }: { readonly endOffset: number; readonly wasAborted: boolean },
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
  let nextSegment: LogSegment | undefined
  // The newest first: if the power goes in between, no gap is left.
  for (const startOffset of [...listing.startOffsets].reverse()) {
    if (startOffset <= tailStart) continue
    const found = openSegment(files, layout, startOffset, segmentBytes)
    const { decision } = SURPLUS_SEGMENTS.decide({
      place: startOffset === segment.endOffset ? 'adjoining' : 'further',
      content: isEmpty(files, found) ? 'empty' : 'bytes',
    })
    if (decision === 'next') {
      nextSegment = found
      // Only its head was looked at: what stands behind it must not come up one day as a record.
      if (wasAborted) cutSegment(place, { segmentBytes, offset: startOffset, kind: 'torn' })
    } else {
      found.close()
      setAside(place, found.path)
    }
  }
  return { segments, segment, nextSegment }
}

function isEmpty(files: FileSystem, segment: LogSegment): boolean {
  const head = Buffer.alloc(16)
  files.read(segment.fd, head, 0, head.length, 0)
  return head.every((byte) => byte === 0)
}

function makeSegment(
  { files, layout, config }: StorePlace,
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
