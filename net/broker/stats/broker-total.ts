import { StatsItem } from './stats-item.ts'
import { TrafficCount, type TrafficStats } from './traffic-stats.ts'

/** Messages through the broker, as the daily figures of `brokerStatus` show them. */
export interface DailyTotals {
  readonly yesterdayMorning: number
  readonly todayMorning: number
  readonly now: number
}

/** All sends to a broker, or all pulls from it, with and without RocketMQ's own topics. */
export class BrokerTotal {
  readonly all = new StatsItem()
  readonly withoutSystem = new StatsItem()
  readonly #slots: () => Iterable<TrafficStats>
  /** What deleted topics and groups had counted: totals never fall. */
  readonly #gone = new TrafficCount()
  readonly #goneWithoutSystem = new TrafficCount()
  #yesterdayMorning = 0
  #todayMorning = 0

  constructor(slots: () => Iterable<TrafficStats>) {
    this.#slots = slots
  }

  get sum(): TrafficCount {
    const sum = new TrafficCount()
    sum.absorb(this.#gone)
    for (const slot of this.#slots()) sum.absorb(slot)
    return sum
  }

  get sumWithoutSystem(): TrafficCount {
    const sum = new TrafficCount()
    sum.absorb(this.#goneWithoutSystem)
    for (const slot of this.#slots()) {
      if (!slot.isSystem) sum.absorb(slot)
    }
    return sum
  }

  get daily(): DailyTotals {
    return {
      yesterdayMorning: this.#yesterdayMorning,
      todayMorning: this.#todayMorning,
      now: this.sumWithoutSystem.messageCount,
    }
  }

  /** Keeps the counts of a slot that is taken out. */
  retire(slot: TrafficStats): void {
    this.#gone.absorb(slot)
    if (!slot.isSystem) this.#goneWithoutSystem.absorb(slot)
  }

  /** Called at midnight (Java: BrokerStats.record). */
  turnDay(): void {
    this.#yesterdayMorning = this.#todayMorning
    this.#todayMorning = this.sumWithoutSystem.messageCount
  }

  // RocketMQ counts no operations for a broker's totals, so their mean is always 0.

  sampleMinute(nowMs: number): void {
    this.all.sampleMinute(nowMs, this.sum.messageCount, 0)
    this.withoutSystem.sampleMinute(nowMs, this.sumWithoutSystem.messageCount, 0)
  }

  sampleHour(nowMs: number): void {
    this.all.sampleHour(nowMs, this.sum.messageCount, 0)
    this.withoutSystem.sampleHour(nowMs, this.sumWithoutSystem.messageCount, 0)
  }

  sampleDay(nowMs: number): void {
    this.all.sampleDay(nowMs, this.sum.messageCount, 0)
    this.withoutSystem.sampleDay(nowMs, this.sumWithoutSystem.messageCount, 0)
  }
}
