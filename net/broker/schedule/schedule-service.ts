/**
 * Delayed delivery by level (ScheduleMessageService): what is put aside, what is delivered when its
 * time has come, and how far that is. A wheel for arbitrary times would be one more source of
 * {@link DeliveryTurns}.
 */
import type { Logger } from '../../../engine/base/logger.ts'
import { DelayLevels } from '../../../engine/queue/delay-levels.ts'
import { FinishedUnits } from '../../../engine/store/finished-units.ts'
import type { ThreadedStore } from '../../../workers/threaded-store.ts'
import type { DelayOffsetTable } from '../../protocol/delay-offset.ts'
import type { BrokerStats } from '../stats/broker-stats.ts'
import { SCHEDULE_TOPIC } from '../topics/topic-validator.ts'
import { DelayOffsets } from './delay-offsets.ts'
import { DelayedMessages, queueIdOf } from './delayed-messages.ts'
import { DeliveryTurns } from './delivery-turns.ts'
import { LevelQueue, PAGE_UNITS } from './level-queue.ts'
import { TimeUp } from './time-up.ts'
import { WaitingRecords } from './waiting-record.ts'

export interface ScheduleServiceParts {
  readonly store: ThreadedStore
  readonly stats: BrokerStats
  readonly logger: Logger
}

export class ScheduleService {
  /** Where messages go that are to be delivered later. */
  readonly delayed: DelayedMessages
  readonly #store: ThreadedStore
  readonly #offsets: DelayOffsets
  readonly #turns: DeliveryTurns
  readonly #timeUp: TimeUp
  /** By level less one. */
  readonly #levels: readonly LevelQueue[]

  /**
   * Delivery begins at once.
   * @throws {ConfigFileError} `BROKER_TABLE_UNREADABLE`
   */
  constructor({ store, stats, logger }: ScheduleServiceParts) {
    const { delaysMs, levelMax } = new DelayLevels(store.config.delayLevels)
    this.#store = store
    this.#offsets = new DelayOffsets(store.layout.config, logger)
    this.#turns = new DeliveryTurns(store)
    this.#timeUp = new TimeUp({
      tail: (topic, queueId) => store.tail(topic, queueId),
      stats: (topic) => stats.topicSlot(topic),
    })
    const parts = {
      store,
      turns: this.#turns,
      timeUp: this.#timeUp,
      units: new FinishedUnits(PAGE_UNITS, () => store.reputOffset),
      records: new WaitingRecords(store.reader),
      logger,
      onDelivered: (level: number, offset: number) => this.#offsets.set(level, offset),
    }
    this.#levels = delaysMs.map((delayMs, index) => {
      const level = index + 1
      return new LevelQueue({ level, delayMs, offset: this.#startOffset(level, logger) }, parts)
    })
    this.delayed = new DelayedMessages({
      levelMax,
      tail: (queueId) => store.tail(SCHEDULE_TOPIC, queueId),
      onDelayed: (level) => this.#noteMessage(level),
    })
    for (const level of this.#levels) this.#turns.due(level)
  }

  /** How far each level has been delivered, as code 45 and `delayOffset.json` carry it. */
  table(): DelayOffsetTable {
    return this.#offsets.table()
  }

  /**
   * Rows of the runtime table: by level the offset of the next delivery and the end of the queue
   * (ScheduleMessageService.buildRunningStats).
   */
  runtimeRows(): readonly (readonly [key: string, value: string])[] {
    return [...this.#offsets.table().offsetTable].map(([level, offset]) => {
      const end = this.#store.maxQueueOffset(SCHEDULE_TOPIC, queueIdOf(level))
      return [`scheduleMessageOffset_${level}`, `${offset},${end}`] as const
    })
  }

  /** What is known of a topic may no longer hold. */
  forgetTopic(topic: string): void {
    this.#timeUp.forget(topic)
  }

  /** Brings to the disk how far delivery has come. @returns false when that failed: try again. */
  save(): Promise<boolean> {
    return this.#offsets.save(() => this.#turns.flushed())
  }

  /** Ends delivery, and saves how far it has come. */
  async close(): Promise<void> {
    for (const level of this.#levels) level.close()
    await this.#turns.close()
    await this.save()
  }

  #noteMessage(level: number): void {
    this.#levels[level - 1]?.noteMessage()
  }

  /** Where a level goes on, which lies in its queue (ScheduleMessageService.correctDelayOffset). */
  #startOffset(level: number, logger: Logger): number {
    const saved = this.#offsets.get(level)
    const end = this.#store.maxQueueOffset(SCHEDULE_TOPIC, queueIdOf(level))
    if (saved <= end) return saved
    logger.error(`delay level ${level} goes back from ${saved} to the end of its queue at ${end}`)
    this.#offsets.set(level, end)
    return end
  }
}
