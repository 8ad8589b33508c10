import { StatsItem } from './stats-item.ts'

/** Plain numbers that the hot path adds to. */
export class TrafficCount {
  messageCount = 0
  byteCount = 0
  /** Sends or pulls, each of one message or a batch. */
  callCount = 0

  /** Counts one send or pull. */
  count(messageCount: number, byteCount: number): void {
    this.messageCount += messageCount
    this.byteCount += byteCount
    this.callCount += 1
  }

  /** Adds what `other` counted. */
  absorb(other: TrafficCount): void {
    this.messageCount += other.messageCount
    this.byteCount += other.byteCount
    this.callCount += other.callCount
  }
}

/**
 * What went into one topic, or from one topic to one group. The hot path keeps the object; rates
 * come from samples that a timer takes.
 */
export class TrafficStats extends TrafficCount {
  /** The topic is one of RocketMQ's own. */
  readonly isSystem: boolean
  readonly messages = new StatsItem()
  readonly bytes = new StatsItem()

  constructor(isSystem: boolean) {
    super()
    this.isSystem = isSystem
  }

  sampleMinute(nowMs: number): void {
    this.messages.sampleMinute(nowMs, this.messageCount, this.callCount)
    this.bytes.sampleMinute(nowMs, this.byteCount, this.callCount)
  }

  sampleHour(nowMs: number): void {
    this.messages.sampleHour(nowMs, this.messageCount, this.callCount)
    this.bytes.sampleHour(nowMs, this.byteCount, this.callCount)
  }

  sampleDay(nowMs: number): void {
    this.messages.sampleDay(nowMs, this.messageCount, this.callCount)
    this.bytes.sampleDay(nowMs, this.byteCount, this.callCount)
  }
}

/** What a group pulled from a topic. */
export class PullStats extends TrafficStats {
  /** By queue id: where the next pull begins (Java: ConsumerOffsetManager.pullOffsetTable). */
  readonly pullOffsets: number[] = []
}
