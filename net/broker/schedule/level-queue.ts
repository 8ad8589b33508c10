/**
 * One delay level: a queue of the schedule topic whose messages are due in the order in which they
 * came (ScheduleMessageService.DeliverDelayedMessageTimerTask).
 *
 *   queue:   delivered ……… | appended | due | not due ………… | not built |
 *                          ^written   ^next ^timer
 *
 * A timer runs for the first message that is not due; without one nothing runs at all, and the next
 * message of the level starts it.
 */
import { describeError } from '../../../engine/base/errors.ts'
import type { Logger } from '../../../engine/base/logger.ts'
import {
  createConsumeQueueUnit,
  isPreBlankUnit,
} from '../../../engine/format/consume-queue-format.ts'
import { AppendOutcome } from '../../../engine/log/append-outcome.ts'
import type { FinishedUnits } from '../../../engine/store/finished-units.ts'
import type { ColdRange, LogSlice } from '../../../engine/store/get-result.ts'
import type { ThreadedStore } from '../../../workers/threaded-store.ts'
import { SCHEDULE_TOPIC } from '../topics/topic-validator.ts'
import { queueIdOf } from './delayed-messages.ts'
import type { DeliveryTurns } from './delivery-turns.ts'
import { DeliverOutcome, type DueSource } from './due-source.ts'
import type { TimeUp } from './time-up.ts'
import { rangeOf, type WaitingRecords } from './waiting-record.ts'

/** Units that are looked at together. */
export const PAGE_UNITS = 256
/**
 * After a delivery the next comes this much later at the soonest, in milliseconds: what is due
 * meanwhile goes together. A message that comes alone is delivered in its own millisecond.
 */
const SPACING_MS = 5
/** The most that a timer takes, in milliseconds. */
const TIMER_MS_MAX = 2 ** 31 - 1
/** Wait after a failure that may pass, in milliseconds. */
const RETRY_MS = 500
/** Records that are brought from the disk together. */
const WARM_RANGES_MAX = 64
/** What keeps leaving memory between warming and reading is then read in the moment after. */
const WARM_ATTEMPTS_MAX = 8
/** A record that the disk refused this often is passed over. */
const READ_FAILURES_MAX = 3

export interface LevelQueueParts {
  readonly store: ThreadedStore
  readonly turns: DeliveryTurns
  readonly timeUp: TimeUp
  /** Shared by all levels, as are the records: each call reads anew. */
  readonly units: FinishedUnits
  readonly records: WaitingRecords
  readonly logger: Logger
  /** Hears how far the level has been delivered and written. */
  readonly onDelivered: (level: number, offset: number) => void
}

export class LevelQueue implements DueSource {
  readonly level: number
  readonly #parts: LevelQueueParts
  readonly #delayMs: number
  readonly #unit = createConsumeQueueUnit()
  #nextOffset: number
  #writtenOffset: number
  #timer: NodeJS.Timeout | undefined
  /** Nothing wakes it but its next message. */
  #isIdle = true
  /** Since when the first message has longer to wait than the level's delay, by a steady clock. */
  #aheadSinceMs: number | undefined
  /** Reads from the disk since the last delivery. */
  #warmCount = 0
  #readFailureCount = 0
  #isClosed = false

  /** @param offset queue offset of the first message that is not delivered yet */
  constructor(
    level: { readonly level: number; readonly delayMs: number; readonly offset: number },
    parts: LevelQueueParts,
  ) {
    this.level = level.level
    this.#parts = parts
    this.#delayMs = level.delayMs
    this.#nextOffset = level.offset
    this.#writtenOffset = level.offset
  }

  /** A message of this level is about to be stored. */
  noteMessage(): void {
    if (!this.#isIdle) return
    this.#noteProgress()
    this.#arm(this.#delayMs)
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  deliver(turns: DeliveryTurns): DeliverOutcome {
    const { store, units } = this.#parts
    this.#isIdle = false
    const queue = store.queue(SCHEDULE_TOPIC, queueIdOf(this.level))
    let hasDelivered = false
    for (;;) {
      const count = units.read(queue, this.#nextOffset, PAGE_UNITS)
      if (count < 0) return this.#warm([units.range(queue, this.#nextOffset, PAGE_UNITS)], false)
      if (count === 0) {
        const end = store.maxQueueOffset(SCHEDULE_TOPIC, queueIdOf(this.level))
        if (end > this.#nextOffset && this.#passOverGone()) continue
        return this.#rest(end)
      }
      for (let index = 0; index < count; index += 1) {
        if (turns.isSpent) return DeliverOutcome.MORE
        units.get(index, this.#unit)
        const leftMs = this.#leftMs(this.#unit.tagsCode)
        if (leftMs > 0) {
          this.#noteProgress()
          this.#arm(hasDelivered ? Math.max(leftMs, SPACING_MS) : leftMs)
          return DeliverOutcome.RESTS
        }
        const outcome = this.#deliverUnit(turns, index, count)
        if (outcome !== undefined) return outcome
        hasDelivered = true
      }
    }
  }

  onWritten(): void {
    this.#writtenOffset = this.#nextOffset
    this.#noteProgress()
  }

  onTakenBack(): void {
    this.#nextOffset = this.#writtenOffset
    this.#arm(RETRY_MS)
  }

  /** Also where nothing was delivered: Java lists a level from its first message on. */
  #noteProgress(): void {
    this.#parts.onDelivered(this.level, this.#writtenOffset)
  }

  /**
   * How long a message has to wait, in milliseconds. Where the clock was set back, or the level
   * made shorter, that is the level's delay from now on, and so never too short; Java delivers such
   * messages at once. What counts is the time that the delivered message would be stored with.
   */
  #leftMs(deliverTimestampMs: number): number {
    const leftMs = deliverTimestampMs - this.#parts.store.log.nextTimestampMs
    if (leftMs <= this.#delayMs) {
      this.#aheadSinceMs = undefined
      return leftMs
    }
    this.#aheadSinceMs ??= performance.now()
    return this.#aheadSinceMs + this.#delayMs - performance.now()
  }

  /** @returns undefined when the unit is done with. */
  #deliverUnit(turns: DeliveryTurns, index: number, count: number): DeliverOutcome | undefined {
    const { records, timeUp } = this.#parts
    const { physicalOffset, recordBytes } = this.#unit
    const slice = isPreBlankUnit(this.#unit) ? undefined : records.find(physicalOffset, recordBytes)
    if (slice === undefined) {
      // A record that expired before its message was delivered is gone in Java, too.
      if (this.#passOverGone()) return DeliverOutcome.MORE
      this.#passOver(turns)
      return undefined
    }
    if (!records.isInMemory(slice) && this.#warmCount < WARM_ATTEMPTS_MAX) {
      return this.#warm(this.#coldRanges(slice, index, count), true)
    }
    const fault = records.check(slice, this.#nextOffset)
    const target =
      fault === undefined ? timeUp.take(slice.segment.region.bytes, records.view) : undefined
    if (target === undefined) {
      this.#refuse(slice, fault ?? 'it does not say where it is to go')
      this.#passOver(turns)
      return undefined
    }
    const outcome = turns.append(this, timeUp.source, target.tail)
    if (outcome !== AppendOutcome.APPENDED) return this.#notAppended(outcome, slice)
    this.#nextOffset += 1
    this.#warmCount = 0
    this.#readFailureCount = 0
    target.stats.count(1, this.#parts.store.log.lastRecordBytes)
    return undefined
  }

  #notAppended(outcome: AppendOutcome, slice: LogSlice): DeliverOutcome | undefined {
    switch (outcome) {
      case AppendOutcome.NOT_READY:
        return DeliverOutcome.NOT_READY
      case AppendOutcome.DISK_FULL:
        this.#arm(RETRY_MS)
        return DeliverOutcome.RESTS
      case AppendOutcome.READ_ONLY:
        return DeliverOutcome.RESTS
      default:
        // It was stored under a longer maxMessageSize, and would hold up everything behind it.
        this.#refuse(slice, 'it is longer than maxMessageSize allows now')
        this.#passOver(this.#parts.turns)
        return undefined
    }
  }

  /** Nothing more is built: either all is delivered, or reput owes the next unit. */
  #rest(end: number): DeliverOutcome {
    if (end > this.#nextOffset) return DeliverOutcome.UNBUILT
    this.#isIdle = true
    return DeliverOutcome.RESTS
  }

  /** Goes on where the queue begins by now. @returns false when it stands there already. */
  #passOverGone(): boolean {
    const { store, logger } = this.#parts
    const minOffset = store.minQueueOffset(SCHEDULE_TOPIC, queueIdOf(this.level))
    if (minOffset <= this.#nextOffset) return false
    logger.error(
      `delay level ${this.level}: the messages ${this.#nextOffset} to ${minOffset - 1} expired ` +
        'before they were delivered',
    )
    this.#moveTo(minOffset)
    return true
  }

  #passOver(turns: DeliveryTurns): void {
    turns.spend()
    this.#warmCount = 0
    this.#readFailureCount = 0
    this.#moveTo(this.#nextOffset + 1)
  }

  /** Moves without an append. What was appended before is still to be written. */
  #moveTo(offset: number): void {
    const isAllWritten = this.#writtenOffset === this.#nextOffset
    this.#nextOffset = offset
    if (isAllWritten) this.onWritten()
  }

  #refuse({ segment, start }: LogSlice, why: string): void {
    this.#parts.logger.error(
      `message ${this.#nextOffset} of delay level ${this.level}, at byte ${start} of ` +
        `${segment.path}, is not delivered: ${why}`,
    )
  }

  /** The record and those behind it that are due and not in memory either. */
  #coldRanges(first: LogSlice, index: number, count: number): ColdRange[] {
    const { units, records } = this.#parts
    const ranges = [rangeOf(first)]
    // The disk refused one of several: now they come one by one.
    if (this.#readFailureCount > 0) return ranges
    for (let at = index + 1; at < count && ranges.length < WARM_RANGES_MAX; at += 1) {
      units.get(at, this.#unit)
      const { physicalOffset, recordBytes, tagsCode } = this.#unit
      if (tagsCode > Date.now()) break
      const slice = records.find(physicalOffset, recordBytes)
      if (slice !== undefined && !records.isInMemory(slice)) ranges.push(rangeOf(slice))
    }
    return ranges
  }

  /** Has the disk read elsewhere, and comes back. */
  #warm(ranges: readonly ColdRange[], areRecords: boolean): DeliverOutcome {
    const { store, turns } = this.#parts
    this.#warmCount += 1
    store.warm(ranges).then(
      () => {
        if (!this.#isClosed) turns.due(this)
      },
      (error: unknown) => this.#warmFailed(error, areRecords),
    )
    return DeliverOutcome.RESTS
  }

  #warmFailed(error: unknown, areRecords: boolean): void {
    const { turns, logger } = this.#parts
    this.#readFailureCount += 1
    // What the disk cannot give is not read through the mapping, where it would be a signal.
    this.#warmCount = 0
    const what = `message ${this.#nextOffset} of delay level ${this.level}`
    logger.error(`${what}: ${describeError(error)}`)
    if (areRecords && this.#readFailureCount > READ_FAILURES_MAX) {
      logger.error(`${what} is not delivered: the disk does not give it back`)
      this.#passOver(turns)
    }
    this.#arm(RETRY_MS)
  }

  #arm(ms: number): void {
    if (this.#isClosed) return
    this.#isIdle = false
    clearTimeout(this.#timer)
    const timerMs = Math.min(Math.max(1, Math.ceil(ms)), TIMER_MS_MAX)
    this.#timer = setTimeout(() => this.#parts.turns.due(this), timerMs).unref()
  }
}
