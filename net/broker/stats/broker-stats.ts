/**
 * What the broker has stored and delivered, by topic and by group (Java: BrokerStatsManager,
 * StoreStatsService, BrokerStats).
 */
import { BrokerTotal } from './broker-total.ts'
import { PutTimes } from './put-times.ts'
import { RateRing } from './rate-ring.ts'
import { DAY_SAMPLE_MS, HOUR_SAMPLE_MS, MINUTE_SAMPLE_MS, type StatsItem } from './stats-item.ts'
import { PullStats, TrafficStats } from './traffic-stats.ts'

/** What the send path adds to: see {@link BrokerStats.topicSlot}. */
export type TopicSendStats = TrafficStats

/** How often the distribution of append times begins anew, in milliseconds. */
const PUT_TIMES_TURN_MS = 60_000

const OFFSET_UNKNOWN = -1
/** Between the parts of a counter's key (Java: BrokerStatsManager.buildStatsKey). */
const KEY_SEPARATOR = '@'

export interface BrokerStatsParts {
  /** The key of the counters of the whole broker, as in RocketMQ. */
  readonly clusterName: string
  /** Topics that the daily totals leave out (Java: TopicValidator.isSystemTopic). */
  readonly isSystemTopic: (topic: string) => boolean
  /** @default now */
  readonly bootTimeMs?: number | undefined
}

export class BrokerStats {
  readonly bootTimeMs: number
  /** Everything that was stored. */
  readonly put = new BrokerTotal(() => this.#topics.values())
  /** Everything that was delivered. */
  readonly got = new BrokerTotal(() => this.#pulls())
  readonly putTimes = new PutTimes()
  /** Messages stored, a second. */
  readonly putRate = new RateRing()
  /** Pulls that found messages, a second. */
  readonly getFoundRate = new RateRing()
  /** Pulls that found none, a second. */
  readonly getMissRate = new RateRing()
  /** Messages delivered, a second. */
  readonly getTransferredRate = new RateRing()
  #putFailedCount = 0
  #getMissCount = 0

  readonly #clusterName: string
  readonly #isSystemTopic: (topic: string) => boolean
  readonly #topics = new Map<string, TrafficStats>()
  /** By group, then by topic. */
  readonly #groups = new Map<string, Map<string, PullStats>>()
  /** What groups gave back of topics, by `topic@group`. */
  readonly #sendBacks = new Map<string, TrafficStats>()
  readonly #sampledMs: { minute: number; hour: number; day: number; putTimes: number }
  #today: string

  constructor({ clusterName, isSystemTopic, bootTimeMs = Date.now() }: BrokerStatsParts) {
    this.#clusterName = clusterName
    this.#isSystemTopic = isSystemTopic
    this.bootTimeMs = bootTimeMs
    this.#sampledMs = { minute: 0, hour: 0, day: 0, putTimes: bootTimeMs }
    this.#today = localDay(bootTimeMs)
  }

  /** Messages that were refused or not written. */
  get putFailedCount(): number {
    return this.#putFailedCount
  }

  /** The counters of sends to a topic. Keep them until the topic is deleted. */
  topicSlot(topic: string): TopicSendStats {
    const known = this.#topics.get(topic)
    if (known !== undefined) return known
    const slot = new TrafficStats(this.#isSystemTopic(topic))
    this.#topics.set(topic, slot)
    return slot
  }

  /** The counters of what a group pulls from a topic. Keep them until either is deleted. */
  groupSlot(group: string, topic: string): PullStats {
    let topics = this.#groups.get(group)
    if (topics === undefined) {
      topics = new Map()
      this.#groups.set(group, topics)
    }
    let slot = topics.get(topic)
    if (slot === undefined) {
      slot = new PullStats(this.#isSystemTopic(topic))
      topics.set(topic, slot)
    }
    return slot
  }

  /** Counts one send of a message or a batch. */
  sent(topic: string, messageCount: number, byteCount: number): void {
    this.topicSlot(topic).count(messageCount, byteCount)
  }

  /** Counts one pull that found messages. */
  pulled(group: string, topic: string, messageCount: number, byteCount: number): void {
    this.groupSlot(group, topic).count(messageCount, byteCount)
  }

  /** Counts one message of a topic that a group gave back, to be tried again or as dead. */
  sentBack(group: string, topic: string, byteCount: number): void {
    const key = topic + KEY_SEPARATOR + group
    let slot = this.#sendBacks.get(key)
    if (slot === undefined) {
      slot = new TrafficStats(this.#isSystemTopic(topic))
      this.#sendBacks.set(key, slot)
    }
    slot.count(1, byteCount)
  }

  /** Takes note of how far a group has pulled a queue, whether the pull found messages or not. */
  pulledTo(group: string, topic: string, queueId: number, nextOffset: number): void {
    this.groupSlot(group, topic).pullOffsets[queueId] = nextOffset
  }

  /** The offset that the group's next pull of a queue begins at, or -1. */
  pullOffset(group: string, topic: string, queueId: number): number {
    return this.#groups.get(group)?.get(topic)?.pullOffsets[queueId] ?? OFFSET_UNKNOWN
  }

  /** Counts one pull that found none. */
  missed(): void {
    this.#getMissCount += 1
  }

  /** Counts one message that was refused or not written. */
  sendFailed(): void {
    this.#putFailedCount += 1
  }

  forgetTopic(topic: string): void {
    const sends = this.#topics.get(topic)
    if (sends !== undefined) this.put.retire(sends)
    this.#topics.delete(topic)
    for (const topics of this.#groups.values()) {
      const pulls = topics.get(topic)
      if (pulls !== undefined) this.got.retire(pulls)
      topics.delete(topic)
    }
    this.#forgetSendBacks((itsTopic) => itsTopic === topic)
  }

  forgetGroup(group: string): void {
    for (const pulls of this.#groups.get(group)?.values() ?? []) this.got.retire(pulls)
    this.#groups.delete(group)
    this.#forgetSendBacks((_topic, itsGroup) => itsGroup === group)
  }

  /** Messages a second that came to a topic in the last minute. */
  topicPutTps(topic: string): number {
    return this.#topics.get(topic)?.messages.minute.tps ?? 0
  }

  /** Messages a second that a group took from a topic in the last minute. */
  groupGetTps(group: string, topic: string): number {
    return this.#groups.get(group)?.get(topic)?.messages.minute.tps ?? 0
  }

  /**
   * A counter by RocketMQ's names. The key is a topic, `topic@group`, or the cluster's name
   * (Java: BrokerStatsManager).
   */
  item(statsName: string, statsKey: string): StatsItem | undefined {
    const [topic = '', group = ''] = statsKey.split(KEY_SEPARATOR)
    switch (statsName) {
      case 'TOPIC_PUT_NUMS':
        return this.#topics.get(statsKey)?.messages
      case 'TOPIC_PUT_SIZE':
        return this.#topics.get(statsKey)?.bytes
      case 'GROUP_GET_NUMS':
        return this.#groups.get(group)?.get(topic)?.messages
      case 'GROUP_GET_SIZE':
        return this.#groups.get(group)?.get(topic)?.bytes
      case 'SNDBCK_PUT_NUMS':
        return this.#sendBacks.get(statsKey)?.messages
      default:
        return statsKey === this.#clusterName ? this.#brokerItem(statsName) : undefined
    }
  }

  /** Takes the samples that are due. Called once a second. */
  sample(nowMs: number): void {
    const got = this.got.sum
    this.putRate.sample(nowMs, this.put.sum.messageCount)
    this.getFoundRate.sample(nowMs, got.callCount)
    this.getTransferredRate.sample(nowMs, got.messageCount)
    this.getMissRate.sample(nowMs, this.#getMissCount)
    this.#sampleItems(nowMs)
    if (nowMs - this.#sampledMs.putTimes >= PUT_TIMES_TURN_MS) {
      this.#sampledMs.putTimes = nowMs
      this.putTimes.turnMinute()
    }
    const day = localDay(nowMs)
    if (day === this.#today) return
    this.#today = day
    this.put.turnDay()
    this.got.turnDay()
  }

  #sampleItems(nowMs: number): void {
    const due = this.#sampledMs
    if (nowMs - due.minute >= MINUTE_SAMPLE_MS) {
      due.minute = nowMs
      for (const sampled of this.#sampled()) sampled.sampleMinute(nowMs)
    }
    if (nowMs - due.hour >= HOUR_SAMPLE_MS) {
      due.hour = nowMs
      for (const sampled of this.#sampled()) sampled.sampleHour(nowMs)
    }
    if (nowMs - due.day >= DAY_SAMPLE_MS) {
      due.day = nowMs
      for (const sampled of this.#sampled()) sampled.sampleDay(nowMs)
    }
  }

  #brokerItem(statsName: string): StatsItem | undefined {
    switch (statsName) {
      case 'BROKER_PUT_NUMS':
        return this.put.all
      case 'BROKER_GET_NUMS':
        return this.got.all
      case 'BROKER_PUT_NUMS_WITHOUT_SYSTEM_TOPIC':
        return this.put.withoutSystem
      case 'BROKER_GET_NUMS_WITHOUT_SYSTEM_TOPIC':
        return this.got.withoutSystem
      default:
        return undefined
    }
  }

  #forgetSendBacks(isMeant: (topic: string, group: string) => boolean): void {
    for (const key of this.#sendBacks.keys()) {
      const [topic = '', group = ''] = key.split(KEY_SEPARATOR)
      if (isMeant(topic, group)) this.#sendBacks.delete(key)
    }
  }

  *#sampled(): Generator<TrafficStats | BrokerTotal> {
    yield* this.#topics.values()
    yield* this.#pulls()
    yield* this.#sendBacks.values()
    yield this.put
    yield this.got
  }

  *#pulls(): Generator<PullStats> {
    for (const topics of this.#groups.values()) yield* topics.values()
  }
}

/** The day in the broker's time zone, whose midnight divides the daily totals. */
function localDay(timeMs: number): string {
  return new Date(timeMs).toDateString()
}
