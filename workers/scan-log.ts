/**
 * Scans a log in a thread a core before its store is opened, where a start has much of it to look
 * at: after a kill long after the checkpoint, or without consume queues.
 */
import { describeError } from '../engine/base/errors.ts'
import type { Logger } from '../engine/base/logger.ts'
import { GIB, MIB } from '../engine/base/units.ts'
import type { LogRecoveryInput, LogScanPlan } from '../engine/log/log-recovery.ts'
import type { ScannedRun, ScannedRuns } from '../engine/log/log-run.ts'
import { createWalkWords } from './thread-pace.ts'
import { type WalkSetup, walkInThreads } from './walk-threads.ts'

/** Less than this is scanned by the start itself before threads would run. */
const WORTH_THREADS_BYTES = 256 * MIB
const MS_PER_SECOND = 1000

/** What every thread is started with. */
export interface ScanSetup extends WalkSetup {
  /** Physical offsets where runs start. */
  readonly jobs: readonly number[]
  readonly directory: string
  readonly segmentBytes: number
  /** Nothing at or behind it is read. */
  readonly limit: number
}

export interface ScanAnswer {
  readonly startOffset: number
  readonly run: ScannedRun
}

export interface ScanOptions {
  readonly logger: Logger
  readonly onProgress: ((doneBytes: number, totalBytes: number) => void) | undefined
  /** A shorter log is left to the start. @default 256 MiB */
  readonly bytesMin?: number
}

/**
 * The runs that a start will ask for; none where they are not worth threads. Whatever a thread
 * cannot read is left to the start, which says what is wrong with it.
 */
export async function scanAhead(
  { directory, listing: { startOffsets, segmentBytes } }: LogRecoveryInput,
  { from, range }: LogScanPlan,
  { logger, onProgress, bytesMin = WORTH_THREADS_BYTES }: ScanOptions,
): Promise<ScannedRuns> {
  const later = startOffsets.filter((start) => start > from && start <= range.lastUsed)
  const jobs = [from, ...later]
  const totalBytes = range.lastUsed + segmentBytes - from
  if (later.length === 0 || totalBytes < bytesMin) return new Map()
  const words = createWalkWords()
  const setup: ScanSetup = { directory, segmentBytes, limit: range.limit, jobs, words }
  const startMs = performance.now()
  try {
    const entry = './scan-worker.js'
    const answers = await walkInThreads<ScanAnswer>(setup, { entry, totalBytes, onProgress })
    const seconds = (performance.now() - startMs) / MS_PER_SECOND
    const rate = (totalBytes / MIB / seconds).toFixed(0)
    const size = (totalBytes / GIB).toFixed(1)
    logger.info(`scanned ${size} GiB of the log in ${seconds.toFixed(1)} s, ${rate} MiB/s`)
    return new Map(answers.map(({ startOffset, run }) => [startOffset, run]))
  } catch (error) {
    logger.warn(`the log is scanned by one thread, for others failed: ${describeError(error)}`)
    return new Map()
  }
}
