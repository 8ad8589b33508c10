/**
 * Which brokers a producer had better leave alone for a while, by how long they took and how they
 * failed. RocketMQ: `MQFaultStrategy`, `LatencyFaultToleranceImpl`.
 */

/** What a {@link LatencyFaults} works with. */
export interface LatencyFaultOptions {
  /** Off, nothing is noted and every broker counts as available. */
  readonly sendLatencyFaultEnable: boolean
  /** Somebody asks unreachable brokers whether they are back: see {@link LatencyFaults.detect}. */
  readonly startDetectorEnable: boolean
  readonly detectIntervalMs: number
  /** Ascending. */
  readonly latencyStepsMs: readonly number[]
  /** As many as there are steps. */
  readonly notAvailableMs: readonly number[]
  /** A clock that never goes back, in milliseconds. @default performance.now */
  readonly now?: () => number
}

/**
 * How a send to a broker ended.
 * `answered`: by a stored message, or by a failure that says nothing of the broker;
 * `refused`: the broker said that it cannot take messages now;
 * `lost`: no connection, or no answer in time.
 */
export type SendOutcome = 'answered' | 'refused' | 'lost'

interface Fault {
  readonly availableFromMs: number
  isReachable: boolean
  /** When it may be asked again whether it is back. */
  askFromMs: number
}

/** What a broker that failed is taken to have needed, in milliseconds. */
const FAILED_LATENCY_MS = 10_000

/** What is held against the brokers, by name. */
export class LatencyFaults {
  readonly #options: LatencyFaultOptions
  readonly #now: () => number
  readonly #faults = new Map<string, Fault>()

  constructor(options: LatencyFaultOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  /** Whether anything is noted at all. */
  get isOn(): boolean {
    return this.#options.sendLatencyFaultEnable
  }

  /** Whether anything is held against any broker. */
  get isEmpty(): boolean {
    return this.#faults.size === 0
  }

  /** Takes note of how a send to `brokerName` ended after `latencyMs`. */
  note(brokerName: string, latencyMs: number, outcome: SendOutcome): void {
    if (!this.isOn) return
    const isAnswered = outcome === 'answered'
    const pauseMs = this.#pauseAfter(isAnswered ? latencyMs : FAILED_LATENCY_MS)
    if (isAnswered && pauseMs === 0 && this.isAvailable(brokerName)) {
      // Java keeps an entry of every broker; one without a fault says the same as none.
      this.#faults.delete(brokerName)
      return
    }
    const known = this.#faults.get(brokerName)
    const pausedUntilMs = pauseMs > 0 ? this.#now() + pauseMs : 0
    this.#faults.set(brokerName, {
      availableFromMs: Math.max(known?.availableFromMs ?? 0, pausedUntilMs),
      isReachable: this.#staysReachable(outcome),
      askFromMs: known?.askFromMs ?? 0,
    })
  }

  /** Whether a broker is neither slow nor failed, or its time of being left alone is over. */
  isAvailable(brokerName: string): boolean {
    const fault = this.#faults.get(brokerName)
    return fault === undefined || this.#now() >= fault.availableFromMs
  }

  /** Whether a broker, even a slow one, answered when it was last spoken to. */
  isReachable(brokerName: string): boolean {
    return this.#faults.get(brokerName)?.isReachable ?? true
  }

  /**
   * Asks the brokers that something is held against whether they are there, one after the other and
   * each at most once in `detectIntervalMs`. `isThere` answers undefined for a broker that no route
   * names any more: nothing is held against it from then on.
   */
  async detect(isThere: (brokerName: string) => Promise<boolean | undefined>): Promise<void> {
    for (const [brokerName, fault] of this.#faults) {
      if (this.#now() < fault.askFromMs) continue
      fault.askFromMs = this.#now() + this.#options.detectIntervalMs
      const answer = await isThere(brokerName)
      if (answer === undefined) this.#faults.delete(brokerName)
      else if (answer) fault.isReachable = true
    }
  }

  #pauseAfter(latencyMs: number): number {
    const { latencyStepsMs, notAvailableMs } = this.#options
    const step = latencyStepsMs.findLastIndex((ms) => latencyMs >= ms)
    return notAvailableMs[step] ?? 0
  }

  /** Without a detector a lost broker is left alone by time only: nobody would find it again. */
  #staysReachable(outcome: SendOutcome): boolean {
    switch (outcome) {
      case 'answered':
        return true
      case 'refused':
        return false
      case 'lost':
        return !this.#options.startDetectorEnable
    }
  }
}
