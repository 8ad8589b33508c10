import { Lifecycle } from '../../../engine/base/lifecycle.ts'
import type { BrokerStats } from './broker-stats.ts'

const SAMPLE_INTERVAL_MS = 1000

/** Samples a broker's counters once a second, until it is closed. */
export class StatsSampler extends Lifecycle {
  readonly #timer: NodeJS.Timeout

  constructor(stats: BrokerStats) {
    super()
    stats.sample(Date.now())
    this.#timer = setInterval(() => stats.sample(Date.now()), SAMPLE_INTERVAL_MS).unref()
    this.markOpen()
  }

  protected override async drain(): Promise<void> {
    clearInterval(this.#timer)
  }
}
