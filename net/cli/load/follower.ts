import { FollowLane, type FollowLaneOwner, type FollowShape } from './follow-lane.ts'
import type { LatencyLog, LatencySummary } from './latency-log.ts'

/** How long after the last ack the last message may arrive. */
const ARRIVAL_MS_MAX = 5000
const POLL_MS = 10

/** What a follower has seen. */
export interface FollowFigures {
  readonly messageCount: number
  /** From when the send was due until the message arrived. */
  readonly latency: LatencySummary
}

/** Consumes what a load sends, and measures how long each message took. */
export class Follower implements FollowLaneOwner {
  readonly #lanes: FollowLane[] = []
  readonly #latencies: LatencyLog
  #sinceMs = 0
  #messageCount = 0
  #failure: Error | undefined

  private constructor(latencies: LatencyLog) {
    this.#latencies = latencies
  }

  /** Waits at the ends of all queues, on one connection a broker. */
  static async open(shapes: readonly FollowShape[], latencies: LatencyLog): Promise<Follower> {
    const follower = new Follower(latencies)
    try {
      for (const shape of shapes) follower.#lanes.push(await FollowLane.open(shape, follower))
    } catch (error) {
      follower.close()
      throw error
    }
    return follower
  }

  /** Forgets what arrived: only messages that are sent from now on count. */
  start(): void {
    this.#sinceMs = performance.now()
    this.#messageCount = 0
    this.#latencies.start(Date.now())
  }

  /** Ends an interval; the latencies in it. */
  endInterval(): LatencySummary {
    return this.#latencies.endInterval(Date.now())
  }

  /** Waits until `messageCount` messages have arrived, or for too long. */
  async finish(messageCount: number): Promise<FollowFigures> {
    const endMs = performance.now() + ARRIVAL_MS_MAX
    while (this.#messageCount < messageCount && performance.now() < endMs) {
      if (this.#failure !== undefined) throw this.#failure
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
    this.endInterval()
    return { messageCount: this.#messageCount, latency: this.#latencies.summary() }
  }

  close(): void {
    for (const lane of this.#lanes.splice(0)) lane.close()
  }

  onMessage(sinceMs: number, nowMs: number): void {
    // Others may send to the topic too: their bodies hold no such time.
    if (!(sinceMs >= this.#sinceMs && sinceMs <= nowMs)) return
    this.#messageCount += 1
    this.#latencies.record(nowMs - sinceMs)
  }

  onFailure(error: Error): void {
    this.#failure ??= error
  }
}
