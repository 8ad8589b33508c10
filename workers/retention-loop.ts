/**
 * Has the oldest segments deleted, and stops the writing while the disk is short of room. The
 * decision is a pure function; this is the order in which it is carried out, on the event loop:
 *
 *   look        housekeeping asks the disk, and the oldest file when it was written
 *   decide      one segment at most, see {@link decideRetention}
 *   take out    of the log: no reader finds it any more, the least queue offsets move
 *   release     once nobody refers to its mapping; then the mapping and the descriptor go
 *   unlink      by housekeeping, durably, before the next segment's turn
 *   trim        reput deletes what of queues and index leads before the log's new start
 */
import { unreachable } from '../engine/base/assert.ts'
import { describeError, type StoreError } from '../engine/base/errors.ts'
import type { Logger } from '../engine/base/logger.ts'
import type { CommitLog } from '../engine/log/commit-log.ts'
import type { LogSegment } from '../engine/log/log-segment.ts'
import { type DeletionReason, decideRetention } from '../engine/store/retention.ts'
import type { StoreConfig } from '../engine/store/store-options.ts'
import type { FromWorker, ToHousekeeping, ToReput } from './messages.ts'

/** Between two looks while the disk is getting full. */
const TIGHT_LOOK_MS = 1_000
/** Between two looks while a segment waits for its readers, or for what was built from it. */
const WAITING_LOOK_MS = 100

type Looked = Extract<FromWorker, { readonly kind: 'looked' }>
export type RetentionMessage = Extract<
  FromWorker,
  { readonly kind: 'looked' | 'segment-deleted' | 'segment-not-deleted' }
>

export interface RetentionParts {
  readonly log: CommitLog
  readonly config: StoreConfig
  readonly logger: Logger
  readonly flushedOffset: () => number
  readonly askHousekeeping: (message: ToHousekeeping) => void
  readonly askReput: (message: ToReput) => void
  /** The log should be on the disk up to here. */
  readonly wantFlush: (offset: number) => void
  /** Readers were given parts of a segment, and have had their time. */
  readonly onHeld: (segment: LogSegment) => void
  /** There may be room for what was refused, or it is refused from now on. */
  readonly onRoomChange: () => void
}

/** A segment that was taken out of the log. */
interface Expiring {
  readonly segment: LogSegment
  readonly sinceMs: number
  /** Its mapping is gone, and its deletion was asked for. */
  isReleased: boolean
}

export class RetentionLoop {
  readonly #parts: RetentionParts
  #expiring: Expiring | undefined
  #isShort = false
  /** Physical offset up to which the log was asked to lose what has been kept for its time. */
  #askedUntilOffset = 0
  #isLooking = false
  #isClosed = false
  #timer: NodeJS.Timeout | undefined
  #dueMs = 0

  constructor(parts: RetentionParts) {
    this.#parts = parts
  }

  /** Begins to look, and removes what an earlier process left to be trimmed. */
  start(): void {
    this.trim()
    this.#look()
  }

  /** Deletes what is older than it has to be kept, at any hour: of what is sealed by now. */
  deleteExpired(): void {
    this.#askedUntilOffset = this.#parts.log.writtenOffset
    this.#lookIn(0)
  }

  /** The log has taken more of the disk, or could not. */
  lookSoon(): void {
    this.#lookIn(0)
  }

  /** Deletes what of queues and index leads before the log's start. */
  trim(): void {
    const logStartOffset = this.#parts.log.segments.startOffset
    if (logStartOffset > 0) this.#parts.askReput({ kind: 'trim', logStartOffset })
  }

  /** Hears what housekeeping found or did. */
  receive(message: RetentionMessage): void {
    switch (message.kind) {
      case 'looked':
        this.#onLooked(message)
        break
      case 'segment-deleted':
        this.#onDeleted()
        break
      case 'segment-not-deleted':
        this.#onNotDeleted(message.message)
        break
      default:
        unreachable(message)
    }
  }

  /** What is taken out and not deleted yet is found again at the next start. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#expiring?.segment.close()
  }

  #onLooked(looked: Looked): void {
    this.#isLooking = false
    if (this.#isClosed) return
    const { config, log } = this.#parts
    const oldest = log.segments.first
    const { isOldestFree, isBuilt } = this.#standingOf(oldest, looked)
    const isAskedFor = oldest !== undefined && oldest.endOffset <= this.#askedUntilOffset
    const decision = decideRetention(config, {
      nowMs: Date.now(),
      space: looked.space,
      reservedBytes: log.reservedBytes,
      oldestModifiedMs: looked.oldestModifiedMs,
      isOldestFree: isOldestFree && isBuilt,
      wantedBytes: log.hasNextSegment ? 0 : log.segments.segmentBytes,
      isAskedFor,
    })
    this.#tellShortage(decision.shortage)
    if (this.#expiring !== undefined) this.#release(this.#expiring)
    else if (decision.deletion !== undefined) this.#takeOut(decision.deletion)
    else if (isOldestFree && !isBuilt && (decision.isTight || isAskedFor)) {
      this.#parts.wantFlush(oldest?.endOffset ?? 0)
      this.#parts.askReput({ kind: 'sync' })
      this.#lookIn(WAITING_LOOK_MS)
    } else this.#askedUntilOffset = 0
    this.#lookIn(decision.isTight ? TIGHT_LOOK_MS : config.cleanResourceIntervalMs)
  }

  /** The file is gone: its blocks belong to the disk again. */
  #onDeleted(): void {
    this.#expiring = undefined
    if (this.#isClosed) return
    this.#parts.onRoomChange()
    this.trim()
    // While senders are refused, they wait for this and nothing else.
    this.#lookIn(this.#isShort ? 0 : this.#parts.config.deleteSegmentIntervalMs)
  }

  /** It is tried again with the next look: segments go in order. */
  #onNotDeleted(message: string): void {
    this.#parts.logger.error(message)
    if (this.#expiring !== undefined) this.#expiring.isReleased = false
  }

  /** Whether a segment is sealed and flushed, and whether what was built from it is on the disk. */
  #standingOf(
    oldest: LogSegment | undefined,
    looked: Looked,
  ): { isOldestFree: boolean; isBuilt: boolean } {
    const { log, flushedOffset } = this.#parts
    if (oldest === undefined || oldest.startOffset !== looked.startOffset) {
      return { isOldestFree: false, isBuilt: false }
    }
    const isSealed = log.segments.count > 1 && oldest.endOffset <= log.writtenOffset
    const isFlushed = oldest.endOffset <= flushedOffset()
    const isOldestFree = isSealed && this.#expiring === undefined
    return { isOldestFree, isBuilt: isFlushed && oldest.endOffset <= looked.builtOffset }
  }

  #takeOut(reason: DeletionReason): void {
    const { log, logger } = this.#parts
    const segment = log.segments.shift()
    if (segment === undefined) return
    const why = reason === 'age' ? 'it has been kept for its time' : 'the disk needs the room'
    logger.info(`${segment.path} goes: ${why}`)
    this.#expiring = { segment, sinceMs: performance.now(), isReleased: false }
    this.#release(this.#expiring)
  }

  /** Never under a reader: what was given out is the segment's until it is given back. */
  #release(expiring: Expiring): void {
    const { segment, sinceMs } = expiring
    if (expiring.isReleased) return
    if (segment.references > 0) {
      const waitedMs = performance.now() - sinceMs
      if (waitedMs >= this.#parts.config.releaseSegmentMs) this.#parts.onHeld(segment)
      this.#lookIn(WAITING_LOOK_MS)
      return
    }
    segment.close()
    expiring.isReleased = true
    this.#parts.askHousekeeping({ kind: 'delete-segment', startOffset: segment.startOffset })
  }

  #tellShortage(shortage: StoreError | undefined): void {
    const { log, logger } = this.#parts
    log.reportShortage(shortage)
    const isShort = shortage !== undefined
    if (isShort === this.#isShort) return
    this.#isShort = isShort
    if (shortage === undefined) logger.warn('the disk has room again: writes go on')
    else logger.error(`nothing is written for now: ${describeError(shortage)}`)
    this.#parts.onRoomChange()
  }

  #look(): void {
    // The one under way sets the time of the next.
    if (this.#isLooking) return
    this.#isLooking = true
    const startOffset = this.#parts.log.segments.startOffset
    this.#parts.askHousekeeping({ kind: 'look', startOffset })
  }

  /** The soonest of what was asked for counts. */
  #lookIn(delayMs: number): void {
    if (this.#isClosed) return
    const dueMs = performance.now() + delayMs
    if (this.#timer !== undefined && this.#dueMs <= dueMs) return
    clearTimeout(this.#timer)
    this.#dueMs = dueMs
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#look()
    }, delayMs)
    this.#timer.unref()
  }
}
