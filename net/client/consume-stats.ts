import type { ConsumeStatus } from '../protocol/consumer-running-info.ts'
import { PeriodCounter } from './period-counter.ts'

const SECOND_MS = 1_000
/** Java: StatsItemSet samples a minute six times, and an hour too. */
const MINUTE_STEP_MS = 10_000
const HOUR_STEP_MS = 600_000
const STEPS = 6

/** What is counted of one topic. */
class TopicCounters {
  readonly pulled = new PeriodCounter(MINUTE_STEP_MS, STEPS)
  readonly pullMs = new PeriodCounter(MINUTE_STEP_MS, STEPS)
  readonly succeeded = new PeriodCounter(MINUTE_STEP_MS, STEPS)
  readonly failed = new PeriodCounter(MINUTE_STEP_MS, STEPS)
  readonly failedInHour = new PeriodCounter(HOUR_STEP_MS, STEPS)
  readonly callMs = new PeriodCounter(MINUTE_STEP_MS, STEPS)
  readonly callMsInHour = new PeriodCounter(HOUR_STEP_MS, STEPS)
}

/** How fast a consumer pulls and consumes, by topic. RocketMQ: `ConsumerStatsManager`. */
export class ConsumeStats {
  readonly #topics = new Map<string, TopicCounters>()
  readonly #now: () => number

  /** `now` is a clock in milliseconds. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** A pull of `topic` brought `count` messages after `ms` milliseconds. */
  notePull(topic: string, count: number, ms: number): void {
    const counters = this.#of(topic)
    counters.pulled.add(this.#now(), count)
    counters.pullMs.add(this.#now(), ms)
  }

  /** A call of the listener with `count` messages has ended after `ms` milliseconds. It may end
   *  when its topic is not consumed any more, and does not count then. */
  noteCall(topic: string, count: number, ms: number, isSuccess: boolean): void {
    const counters = this.#topics.get(topic)
    if (counters === undefined) return
    const nowMs = this.#now()
    counters.callMs.add(nowMs, ms)
    counters.callMsInHour.add(nowMs, ms)
    if (isSuccess) {
      counters.succeeded.add(nowMs, count)
    } else {
      counters.failed.add(nowMs, count)
      counters.failedInHour.add(nowMs, count)
    }
  }

  /** Nothing of `topic` is consumed any more. */
  forget(topic: string): void {
    this.#topics.delete(topic)
  }

  statusOf(topic: string): ConsumeStatus {
    const counters = this.#topics.get(topic) ?? new TopicCounters()
    const nowMs = this.#now()
    const inMinute = counters.callMs.total(nowMs)
    const calls = inMinute.times > 0 ? inMinute : counters.callMsInHour.total(nowMs)
    const perSecond = ({ sum, spanMs }: { readonly sum: number; readonly spanMs: number }) =>
      spanMs > 0 ? (sum * SECOND_MS) / spanMs : 0
    return {
      consumeFailedMsgs: counters.failedInHour.total(nowMs).sum,
      consumeFailedTPS: perSecond(counters.failed.total(nowMs)),
      consumeOKTPS: perSecond(counters.succeeded.total(nowMs)),
      consumeRT: average(calls),
      pullRT: average(counters.pullMs.total(nowMs)),
      pullTPS: perSecond(counters.pulled.total(nowMs)),
    }
  }

  #of(topic: string): TopicCounters {
    let counters = this.#topics.get(topic)
    if (counters === undefined) {
      counters = new TopicCounters()
      this.#topics.set(topic, counters)
    }
    return counters
  }
}

function average(total: { readonly sum: number; readonly times: number }): number {
  return total.times > 0 ? total.sum / total.times : 0
}
