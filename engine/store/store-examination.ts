/**
 * Looks at all files of a store before any is changed, and then mends those of queues and index
 * that do not match the log.
 */
import type { Logger } from '../base/logger.ts'
import type { FileSystem } from '../file/file-system.ts'
import type { StoreLayout } from '../file/store-layout.ts'
import { entersConsumeQueue } from '../format/sys-flag.ts'
import type { LogEndMark, LogRecoveryResult } from '../log/log-recovery.ts'
import { LogScanner, ScanStep } from '../log/log-scanner.ts'
import { applySegmentRepairs, listSegments, type SegmentListing } from '../log/segment-listing.ts'
import { examineIndex, type IndexFindings, repairIndex } from '../queue/index-recovery.ts'
import type { IndexLocation } from '../queue/index-store.ts'
import {
  examineQueues,
  holdsUnitOf,
  newestUnitOffset,
  type QueueFindings,
  repairQueues,
} from '../queue/queue-recovery.ts'
import { loadDurableMark } from './durable-mark.ts'
import { loadEndMark } from './end-mark.ts'
import { setAside } from './log-cut.ts'
import { clampCheckpoint, loadCheckpoint, safeTimestampMs } from './store-checkpoint.ts'
import type { StoreConfig } from './store-options.ts'

export interface StorePlace {
  readonly files: FileSystem
  readonly layout: StoreLayout
  readonly config: StoreConfig
  readonly logger: Logger
}

/** What was found before anything is changed. */
export interface StoreFindings {
  readonly listing: SegmentListing
  readonly wasAborted: boolean
  readonly endMark: LogEndMark | undefined
  readonly durableOffset: number | undefined
  readonly safeTimestampMs: number
  readonly queues: QueueFindings
  readonly index: IndexFindings
  /** Queues and index need the log from this record on. */
  readonly rebuildFromOffset: number
  /** The newest record that has a unit; undefined when the end mark or the checkpoint says it. */
  readonly newestUnitOffset: number | undefined
}

/** @throws {StoreError} `STORE_FILE_INVALID` for segment files that make no log */
export function examineStore(place: StorePlace): StoreFindings {
  const { files, layout, config } = place
  const mark = loadDurableMark(files, layout)
  const listing = listSegments(files, layout.commitLog, {
    segmentBytes: config.isSegmentBytesGiven ? config.segmentBytes : undefined,
    knownBytes: mark?.segmentBytes,
    defaultBytes: config.segmentBytes,
    policy: config.onCorruption,
  })
  const checkpoint = loadCheckpoint(files, layout)
  const wasAborted = files.exists(layout.abort)
  const endMark = loadEndMark(files, layout)
  const queues = examineQueues(files, queuesLocation(place))
  const index: IndexFindings = config.index
    ? examineIndex(files, indexLocation(place), {
        wasAborted,
        checkpointTimestampMs: checkpoint.indexTimestampMs,
      })
    : { repairs: [], rebuildFromOffset: Number.POSITIVE_INFINITY, markAfter: undefined }
  const isBuilt =
    wasAborted ||
    (endMark !== undefined &&
      // What a damaged queue lacks is asked for already.
      (Number.isFinite(queues.rebuildFromOffset) || isLastRecordBuilt(place, listing, endMark)))
  return {
    listing,
    wasAborted,
    endMark,
    durableOffset: mark?.durableOffset,
    safeTimestampMs: safeTimestampMs(checkpoint, config),
    queues,
    index,
    rebuildFromOffset: Math.min(queues.rebuildFromOffset, index.rebuildFromOffset),
    newestUnitOffset: isBuilt ? undefined : newestUnitOffset(files, queuesLocation(place)),
  }
}

/** Where the consume queues are. */
export function queuesLocation({ layout, config }: StorePlace) {
  return { root: layout.consumeQueue, fileBytes: config.consumeQueueFileBytes }
}

function indexLocation({ layout, config }: StorePlace): IndexLocation {
  const { indexSlotCount: slotCount, indexEntryCount: entryCount } = config
  return { directory: layout.index, workDirectory: layout.work, slotCount, entryCount }
}

/** After a clean stop all units are there if that of the last record is: they came in its order. */
function isLastRecordBuilt(
  place: StorePlace,
  { startOffsets, segmentBytes }: SegmentListing,
  { lastRecordOffset, endOffset }: LogEndMark,
): boolean {
  const last = startOffsets.at(-1)
  if (last === undefined || lastRecordOffset < (startOffsets[0] ?? 0)) return false
  if (endOffset > last + segmentBytes) return false
  const { files, layout } = place
  const location = { directory: layout.commitLog, segmentBytes }
  const scanner = new LogScanner(files, location, { checkCrc: true })
  try {
    if (scanner.at(lastRecordOffset, endOffset) !== ScanStep.RECORD) return false
    if (!entersConsumeQueue(scanner.view.sysFlag)) return true
    return holdsUnitOf(files, queuesLocation(place), scanner)
  } finally {
    scanner.close()
  }
}

/**
 * Files of segments, queues and index that do not fit are mended or moved out of the way. What they
 * lack is built from the log afterwards: until that is done and on the disk, the next start must
 * begin where this one does, so first of all nothing says any more that they are complete.
 */
export function mendStore(
  place: StorePlace,
  { listing, queues, index }: StoreFindings,
  { isRebuilt }: LogRecoveryResult,
): void {
  const { files, layout, logger } = place
  const moveAside = (path: string) => {
    setAside(place, path)
  }
  const repairs = [...queues.repairs, ...index.repairs]
  if (isRebuilt || repairs.length > 0) {
    clampCheckpoint(files, layout, { endOffset: 0, timestampMs: 0 })
    files.close(files.open(layout.abort, 'create'))
    files.syncDirectory(layout.root)
  }
  applySegmentRepairs(files, listing, moveAside)
  repairQueues(files, queuesLocation(place), queues, moveAside)
  repairIndex(files, indexLocation(place), index, moveAside)
  for (const { path, rowName } of repairs.slice(0, LOGGED_REPAIRS_MAX)) {
    logger.warn(`${path}: ${rowName}`)
  }
  if (repairs.length > LOGGED_REPAIRS_MAX) {
    logger.warn(`${repairs.length - LOGGED_REPAIRS_MAX} more files of queues and index likewise`)
  }
}

const LOGGED_REPAIRS_MAX = 20
