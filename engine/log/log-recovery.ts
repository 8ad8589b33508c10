/**
 * Finds where the log really ends, and from where consume queues and index must be built again
 * (CommitLog.recoverNormally and recoverAbnormally). Two tables decide: where the scan starts, and
 * what it means when the scan finds no record. Nothing is changed here.
 *
 *   first      checkpoint    durable point          end
 *   segment    │             │                      │
 *   ├──────────┴─────────────┴──────────────────────┴──── 0 0 0
 *              └── scanned ─▶│ damage: refuse       │ torn: cut
 */
import { DecisionTable } from '../base/decision-table.ts'
import type { FileSystem } from '../file/file-system.ts'
import { type ScannedRuns, scanRun } from './log-run.ts'
import { type LogFinding, LogScanner, ScanStep } from './log-scanner.ts'
import { findNewestSegment } from './newest-segment.ts'
import type { ScannedQueues } from './scanned-queues.ts'
import type { CorruptionPolicy, SegmentListing } from './segment-listing.ts'

export type ScanStartFacts = {
  /** Whether the abort marker was gone: the last process stopped in order. */
  readonly stop: 'clean' | 'aborted'
  /** `wrong` when the log does not hold the record that the mark of the last clean stop names. */
  readonly endMark: 'none' | 'wrong' | 'holds'
  /** `fewer` than the end mark of a log that nobody wrote since counted. */
  readonly queues: 'none' | 'fewer' | 'present'
  /** Whether anything is known to be in the log, the queues and the index. */
  readonly checkpoint: 'none' | 'set'
}

/** Where the scan of the log starts; queues and index are built again from there. */
export const SCAN_STARTS = new DecisionTable<
  ScanStartFacts,
  'end-mark' | 'newest-segment' | 'checkpoint-segment' | 'log-start'
>(
  {
    stop: ['clean', 'aborted'],
    endMark: ['none', 'wrong', 'holds'],
    queues: ['none', 'fewer', 'present'],
    checkpoint: ['none', 'set'],
  },
  [
    {
      name: 'without queues the whole log is scanned',
      when: { queues: 'none' },
      decision: 'log-start',
    },
    {
      name: 'with fewer queues than at the last stop the whole log is scanned',
      when: { queues: 'fewer' },
      decision: 'log-start',
    },
    {
      name: 'after a clean stop of Agena the scan starts behind its end mark',
      when: { stop: 'clean', endMark: 'holds', queues: 'present' },
      decision: 'end-mark',
    },
    {
      name: 'after a clean stop of Java the scan starts at the newest segment',
      when: { stop: 'clean', endMark: 'none', queues: 'present' },
      decision: 'newest-segment',
    },
    {
      name: 'an end mark that does not hold is none',
      when: { stop: 'clean', endMark: 'wrong', queues: 'present' },
      decision: 'newest-segment',
    },
    {
      name: 'after a kill the scan starts at the newest segment that the checkpoint covers',
      when: { stop: 'aborted', queues: 'present', checkpoint: 'set' },
      decision: 'checkpoint-segment',
    },
    {
      name: 'after a kill without a checkpoint the whole log is scanned',
      when: { stop: 'aborted', queues: 'present', checkpoint: 'none' },
      decision: 'log-start',
    },
  ],
)

export type ScanEndFacts = {
  readonly finding: LogFinding
  /** `before` the durable point the log was on the disk. */
  readonly durable: 'before' | 'behind'
  /** Whether a later segment holds anything. */
  readonly segment: 'last' | 'earlier'
  readonly policy: CorruptionPolicy
}

/** Everything that cannot stand at the end of a whole log. */
export const NO_RECORDS = [
  'torn-head',
  'bad-magic',
  'bad-size',
  'past-end',
  'bad-crc',
  'wrong-offset',
  'bad-number',
  'torn-block',
] as const satisfies readonly LogFinding[]

/** What it means that the scan found no record. `cut` keeps what is behind elsewhere. */
export const SCAN_ENDS = new DecisionTable<
  ScanEndFacts,
  'next-segment' | 'end' | 'cut' | 'cut-durable' | 'refuse'
>(
  {
    finding: ['blank', 'zeros', 'end-of-file', ...NO_RECORDS],
    durable: ['before', 'behind'],
    segment: ['last', 'earlier'],
    policy: ['refuse', 'cut'],
  },
  [
    {
      name: 'a blank record leads to the next segment',
      when: { finding: 'blank' },
      decision: 'next-segment',
    },
    {
      name: 'zeros or no file behind the durable point are the end of the log',
      when: { finding: ['zeros', 'end-of-file'], durable: 'behind', segment: 'last' },
      decision: 'end',
    },
    {
      name: 'a hole behind the durable point was torn out of the log',
      when: { finding: ['zeros', 'end-of-file'], durable: 'behind', segment: 'earlier' },
      decision: 'cut',
    },
    {
      name: 'what is no record behind the durable point is a torn write',
      when: { finding: NO_RECORDS, durable: 'behind' },
      decision: 'cut',
    },
    {
      name: 'a log that ends before the durable point is refused',
      when: { finding: ['zeros', 'end-of-file'], durable: 'before', policy: 'refuse' },
      decision: 'refuse',
    },
    {
      name: 'what is no record before the durable point is refused',
      when: { finding: NO_RECORDS, durable: 'before', policy: 'refuse' },
      decision: 'refuse',
    },
    {
      name: 'a damaged log is cut where the setting says so',
      when: { finding: ['zeros', 'end-of-file', ...NO_RECORDS], durable: 'before', policy: 'cut' },
      decision: 'cut-durable',
    },
  ],
)

/** The last record of a log that was closed in order. */
export interface LogEndMark {
  readonly lastRecordOffset: number
  readonly endOffset: number
  /** Consume queues that had files; 0 where an older mark does not say it. */
  readonly queueCount: number
}

export interface LogRecoveryInput {
  readonly directory: string
  readonly listing: SegmentListing
  /** The abort marker was there: the last process did not stop in order. */
  readonly wasAborted: boolean
  readonly endMark: LogEndMark | undefined
  /** Everything stored up to this time is in the log, the queues and the index, in ms. */
  readonly safeTimestampMs: number
  /** Consume queues that have files. */
  readonly queueCount: number
  /** Queues and index need the log from this record on; infinite when they lack nothing. */
  readonly rebuildFromOffset: number
  /** The newest record that has its unit in a queue; undefined when all up to the scan have. */
  readonly newestUnitOffset: number | undefined
  /** The log was on the disk up to here; undefined takes the end of the last sealed segment. */
  readonly durableOffset: number | undefined
  readonly policy: CorruptionPolicy
}

export interface LogRecoveryResult {
  /** Where the next record goes. */
  readonly endOffset: number
  /** The last whole record before the end that the scan passed; -1 when it passed none. */
  readonly lastRecordOffset: number
  /** Store time of the last record that the scan passed, in ms; 0 when it passed none. */
  readonly lastTimestampMs: number
  /** Queues and index are built again from here; equal to `endOffset` when they are complete. */
  readonly redoFromOffset: number
  /** Where the scan would have started if queues and index lacked nothing. */
  readonly scanStartOffset: number
  /** Queues or index lack what a kill does not explain. */
  readonly isRebuilt: boolean
  /** Up to here the log was on the disk. */
  readonly durableOffset: number
  /** Start of the newest segment that holds anything. */
  readonly lastUsedSegment: number
  /** What the scan found at the end, and what that means. */
  readonly finding: LogFinding
  readonly decision: 'end' | 'cut' | 'cut-durable' | 'refuse'
}

/** From where the log is scanned, decided before the scan. */
export interface LogScanPlan {
  readonly from: number
  /** Where it would start if queues and index lacked nothing. */
  readonly scanStart: ScanStart
  readonly range: LogRange
}

export function planScan(files: FileSystem, input: LogRecoveryInput): LogScanPlan {
  const scanner = scannerOf(files, input)
  try {
    const range = rangeOf(files, input)
    const scanStart = startOfScan(scanner, input, range)
    return { from: startOfRebuild(scanner, scanStart.offset, input, range), scanStart, range }
  } finally {
    scanner.close()
  }
}

/**
 * Scans the log as planned. What it says of the queues goes into `queues`.
 * @param known runs that need not be scanned again. @default none
 */
export function recoverLog(
  files: FileSystem,
  input: LogRecoveryInput,
  { from, scanStart, range }: LogScanPlan,
  queues: ScannedQueues,
  known: ScannedRuns = new Map(),
): LogRecoveryResult {
  const scanner = scannerOf(files, input)
  try {
    const end = scanToEnd(scanner, from, { ...range, policy: input.policy }, { queues, known })
    const isComplete = from === input.endMark?.endOffset && end.endOffset === from
    const lastRecordOffset = isComplete ? input.endMark.lastRecordOffset : end.lastRecordOffset
    return {
      ...end,
      lastRecordOffset,
      scanStartOffset: scanStart.offset,
      isRebuilt: scanStart.isForQueues || from < scanStart.offset,
      redoFromOffset: from,
      durableOffset: range.durableOffset,
      lastUsedSegment: range.lastUsed,
    }
  } finally {
    scanner.close()
  }
}

function scannerOf(files: FileSystem, { directory, listing }: LogRecoveryInput): LogScanner {
  const { segmentBytes } = listing
  return new LogScanner(files, { directory, segmentBytes }, { checkCrc: true })
}

export interface LogRange {
  readonly first: number
  /** End of the newest segment. */
  readonly limit: number
  /** Start of the newest segment that holds anything. */
  readonly lastUsed: number
  readonly durableOffset: number
}

function rangeOf(
  files: FileSystem,
  { directory, listing: { startOffsets, segmentBytes }, durableOffset }: LogRecoveryInput,
): LogRange {
  const first = startOffsets[0] ?? 0
  const newest = startOffsets.at(-1)
  const limit = newest === undefined ? first : newest + segmentBytes
  const lastUsed = findNewestSegment(files, { directory, segmentBytes }, startOffsets)
  // Whoever wrote into a segment had sealed the one before it.
  return { first, limit, lastUsed, durableOffset: durableOffset ?? lastUsed }
}

export interface ScanStart {
  readonly offset: number
  /** The scan starts there because queues are missing. */
  readonly isForQueues: boolean
}

function startOfScan(scanner: LogScanner, input: LogRecoveryInput, range: LogRange): ScanStart {
  const endMark = judgeEndMark(scanner, input.endMark, range)
  const queues = judgeQueues(scanner, input, endMark, range)
  const { decision } = SCAN_STARTS.decide({
    stop: input.wasAborted ? 'aborted' : 'clean',
    endMark,
    queues,
    checkpoint: input.safeTimestampMs > 0 ? 'set' : 'none',
  })
  const offsets = {
    'log-start': () => range.first,
    'end-mark': () => input.endMark?.endOffset ?? range.first,
    'newest-segment': () => newestSegment(scanner, input, range, Number.POSITIVE_INFINITY),
    'checkpoint-segment': () => newestSegment(scanner, input, range, input.safeTimestampMs),
  }
  return { offset: offsets[decision](), isForQueues: queues !== 'present' }
}

function judgeEndMark(
  scanner: LogScanner,
  mark: LogEndMark | undefined,
  { first, limit }: LogRange,
): ScanStartFacts['endMark'] {
  if (mark === undefined) return 'none'
  const isInLog = mark.lastRecordOffset >= first && mark.endOffset <= limit
  if (!isInLog || scanner.at(mark.lastRecordOffset, limit) !== ScanStep.RECORD) return 'wrong'
  return mark.lastRecordOffset + scanner.view.totalBytes === mark.endOffset ? 'holds' : 'wrong'
}

function judgeQueues(
  scanner: LogScanner,
  { endMark, queueCount }: LogRecoveryInput,
  judgement: ScanStartFacts['endMark'],
  { limit }: LogRange,
): ScanStartFacts['queues'] {
  if (queueCount === 0) return 'none'
  if (endMark === undefined || judgement !== 'holds') return 'present'
  // Who wrote since may have deleted topics as well.
  const isWrittenSince = scanner.at(endMark.endOffset, limit) === ScanStep.RECORD
  return queueCount < endMark.queueCount && !isWrittenSince ? 'fewer' : 'present'
}

/** The newest segment whose first record was stored at that time or before. */
function newestSegment(
  scanner: LogScanner,
  { listing }: LogRecoveryInput,
  { first, limit }: LogRange,
  timestampMs: number,
): number {
  const found = listing.startOffsets.findLast((startOffset) => {
    if (scanner.at(startOffset, limit) !== ScanStep.RECORD) return false
    return scanner.view.storeTimestampMs <= timestampMs
  })
  return found ?? first
}

/** Where queues and index want the log again; they may be wrong about where a record starts. */
function startOfRebuild(
  scanner: LogScanner,
  scanStart: number,
  { rebuildFromOffset, newestUnitOffset = scanStart }: LogRecoveryInput,
  { first, limit }: LogRange,
): number {
  if (newestUnitOffset < scanStart) return first
  if (rebuildFromOffset >= scanStart) return scanStart
  if (rebuildFromOffset < first) return first
  return scanner.at(rebuildFromOffset, limit) === ScanStep.RECORD ? rebuildFromOffset : first
}

type ScanEnd = Pick<
  LogRecoveryResult,
  'endOffset' | 'lastRecordOffset' | 'lastTimestampMs' | 'finding' | 'decision'
>

function scanToEnd(
  scanner: LogScanner,
  from: number,
  { limit, lastUsed, durableOffset, policy }: LogRange & { readonly policy: CorruptionPolicy },
  { queues, known }: { readonly queues: ScannedQueues; readonly known: ScannedRuns },
): ScanEnd {
  let offset = from
  let lastRecordOffset = -1
  let lastTimestampMs = 0
  for (;;) {
    const knownRun = known.get(offset)
    if (knownRun !== undefined) queues.append(knownRun.queues)
    const run = knownRun ?? scanRun(scanner, offset, limit, queues)
    offset = run.endOffset
    if (run.lastRecordOffset >= 0) ({ lastRecordOffset, lastTimestampMs } = run)
    const { finding } = run
    if (finding === undefined) continue
    const { decision } = SCAN_ENDS.decide({
      finding,
      durable: offset < durableOffset ? 'before' : 'behind',
      segment: offset < lastUsed ? 'earlier' : 'last',
      policy,
    })
    if (decision !== 'next-segment') {
      return { endOffset: offset, lastRecordOffset, lastTimestampMs, finding, decision }
    }
    offset = scanner.segmentEnd(offset)
  }
}
