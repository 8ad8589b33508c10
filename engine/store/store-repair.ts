/**
 * Mends a store that is refused because its log is damaged: the log is cut where a start would meet
 * the damage, as a start with `onCorruption: 'cut'` would do, and what is cut is kept. Queues and
 * index follow at the next start.
 */
import { StoreError } from '../base/errors.ts'
import { silentLogger } from '../base/logger.ts'
import type { FileSystem } from '../file/file-system.ts'
import { type StoreLayout, segmentPath, storeLayout } from '../file/store-layout.ts'
import { takeStoreLock } from '../file/store-lock.ts'
import {
  type LogRecoveryInput,
  type LogRecoveryResult,
  planScan,
  recoverLog,
} from '../log/log-recovery.ts'
import { FOUND_WORDS, type LogScanner } from '../log/log-scanner.ts'
import { type LogDamage, verifySegment } from '../log/log-verify.ts'
import { ScannedQueues } from '../log/scanned-queues.ts'
import { applySegmentRepairs, placeOf, type SegmentListing } from '../log/segment-listing.ts'
import { countQueues } from '../queue/queue-recovery.ts'
import { removeStaleHashes } from './block-hashes.ts'
import { loadDurableMark, saveDurableMark } from './durable-mark.ts'
import { loadEndMark } from './end-mark.ts'
import { cutPath, cutSegment, setAside } from './log-cut.ts'
import { clampCheckpoint, loadCheckpoint, safeTimestampMs } from './store-checkpoint.ts'
import { listStoreSegments } from './store-segments.ts'

export interface RepairOptions {
  /** Only says what would be done. */
  readonly isDryRun: boolean
  /** Cut at the first damage of the whole log, and not only at one that a start would meet. */
  readonly isWholeLog: boolean
}

/** What was found, and what is to be done about it or has been. */
export interface StoreRepair {
  /** Everything before was on the disk, as far as the store knows. */
  readonly durableOffset: number
  /** All damage before the durable point, in the order of the log. */
  readonly damages: readonly PlacedDamage[]
  /** Segment files that do not fit, as sentences. */
  readonly problems: readonly string[]
  /** Undefined when nothing has to be cut. */
  readonly cut: RepairCut | undefined
}

export interface PlacedDamage extends LogDamage {
  readonly path: string
  /** Byte of the file at which it starts. */
  readonly position: number
}

export interface RepairCut {
  /** The log ends here afterwards. */
  readonly offset: number
  /** Where the rest of the damaged segment is kept; undefined when its file does not exist. */
  readonly keptAs: string | undefined
  /** Segments that are moved out of the log as a whole. */
  readonly segmentsAside: readonly string[]
  /** Whole records behind the cut, which go with it, by topic. */
  readonly lostRecords: ReadonlyMap<string, number>
  /** Store time of the last record that stays, in ms; 0 for none. */
  readonly lastTimestampMs: number
}

interface Place {
  readonly files: FileSystem
  readonly layout: StoreLayout
}

/**
 * Repairs the store in a directory, or says how.
 * @throws {StoreError} `STORE_DIRECTORY_UNUSABLE` when there is none; `STORE_LOCKED` while a
 * process uses it; `STORE_IO_FAILED`
 */
export function repairStore(
  files: FileSystem,
  directory: string,
  options: RepairOptions,
): StoreRepair {
  const layout = storeLayout(directory)
  if (!files.exists(layout.commitLog)) {
    throw new StoreError('STORE_DIRECTORY_UNUSABLE', `there is no store in ${directory}`)
  }
  // A store that nobody ever opened has no lock file, and a dry run makes none.
  const isLockable = !options.isDryRun || files.exists(layout.lock)
  const lock = isLockable ? takeStoreLock(files, layout.lock) : undefined
  try {
    const listing = listStoreSegments(files, layout, 'cut')
    const repair = examine({ files, layout }, listing, options)
    if (!options.isDryRun) apply({ files, layout }, listing, repair)
    return repair
  } finally {
    lock?.release()
  }
}

function examine(
  place: Place,
  listing: SegmentListing,
  { isWholeLog }: RepairOptions,
): StoreRepair {
  const met = recoverAsStart(place, listing)
  const { durableOffset } = met
  const damages = findDamages(place, listing, met)
  const metOffset = met.decision === 'cut-durable' ? met.endOffset : undefined
  const offset = isWholeLog ? (damages[0]?.offset ?? metOffset) : metOffset
  const cut = offset === undefined ? undefined : describeCut(place, listing, offset)
  return { durableOffset, damages, problems: listing.repairs.map(({ reason }) => reason), cut }
}

/** Every record is read. What is torn behind the durable point is no damage. */
function findDamages(
  { files, layout }: Place,
  { startOffsets, segmentBytes }: SegmentListing,
  { durableOffset, endOffset, finding, lastUsedSegment }: LogRecoveryResult,
): PlacedDamage[] {
  const location = { directory: layout.commitLog, segmentBytes }
  const damages = startOffsets
    .filter((startOffset) => startOffset < durableOffset)
    .flatMap((startOffset) => {
      const ending = startOffset < lastUsedSegment ? 'sealed' : 'newest'
      return verifySegment(files, location, startOffset, { ending }).damages
    })
    .filter(({ offset }) => offset < durableOffset)
  const isKnown = damages.some(({ offset }) => offset === endOffset)
  if (endOffset < durableOffset && !isKnown) {
    const found = FOUND_WORDS[finding]
    damages.push({ kind: 'record', offset: endOffset, endOffset: durableOffset, found })
  }
  return damages.map((damage) => ({ ...damage, ...placeOf(location, damage.offset) }))
}

/** The scan of a start whose queues and index lack nothing. */
function recoverAsStart({ files, layout }: Place, listing: SegmentListing) {
  const input: LogRecoveryInput = {
    directory: layout.commitLog,
    listing,
    wasAborted: files.exists(layout.abort),
    endMark: loadEndMark(files, layout),
    safeTimestampMs: safeTimestampMs(loadCheckpoint(files, layout), { index: true }),
    queueCount: countQueues(files, layout.consumeQueue),
    rebuildFromOffset: Number.POSITIVE_INFINITY,
    newestUnitOffset: undefined,
    durableOffset: loadDurableMark(files, layout)?.durableOffset,
    policy: 'cut',
  }
  return recoverLog(files, input, planScan(files, input), new ScannedQueues())
}

function describeCut(place: Place, listing: SegmentListing, offset: number): RepairCut {
  const { files, layout } = place
  const { startOffsets, segmentBytes } = listing
  const location = { directory: layout.commitLog, segmentBytes }
  const segmentStart = offset - (offset % segmentBytes)
  const lostRecords = new Map<string, number>()
  let lastTimestampMs = 0
  const onRecord = ({ view, buffer }: LogScanner, recordOffset: number) => {
    if (recordOffset < offset) {
      lastTimestampMs = view.storeTimestampMs
      return
    }
    const topic = buffer.toString('utf8', view.topicStart, view.topicEnd)
    lostRecords.set(topic, (lostRecords.get(topic) ?? 0) + 1)
  }
  // The segment before holds the last record that stays if the cut is at the start of one.
  const from = segmentStart - segmentBytes
  for (const startOffset of startOffsets) {
    if (startOffset >= from)
      verifySegment(files, location, startOffset, { ending: 'newest', onRecord })
  }
  const later = startOffsets.filter((startOffset) => startOffset > segmentStart)
  return {
    offset,
    keptAs: startOffsets.includes(segmentStart) ? cutPath(place, offset) : undefined,
    segmentsAside: later.map((startOffset) => segmentPath(layout.commitLog, startOffset)),
    lostRecords,
    lastTimestampMs,
  }
}

function apply({ files, layout }: Place, listing: SegmentListing, { cut }: StoreRepair): void {
  const place = { files, layout, logger: silentLogger }
  files.makeDirectory(layout.work)
  applySegmentRepairs(files, listing, (path) => setAside(place, path))
  if (cut === undefined) return
  const { segmentBytes } = listing
  const { offset, lastTimestampMs: timestampMs } = cut
  const lowerMark = () => {
    saveDurableMark(files, layout, { durableOffset: offset, segmentBytes })
  }
  // From the end on: a repair that is broken off leaves a log without gaps, to be repaired again.
  for (const path of [...cut.segmentsAside].reverse()) setAside(place, path)
  if (cut.keptAs === undefined) lowerMark()
  else cutSegment(place, { segmentBytes, offset, kind: 'damaged' }, lowerMark)
  clampCheckpoint(files, layout, { endOffset: offset, timestampMs })
  // The segment that is cut is written again, and what was hashed of it is no more.
  removeStaleHashes(files, layout, listing.startOffsets, offset - (offset % segmentBytes))
  files.syncDirectory(layout.commitLog)
}
