import { RequestCode } from '../../../net/protocol/request-code.ts'
import type { SeededRandom } from '../../helpers/seeded-random.ts'
import type { KillLoad } from './kill-load.ts'
import type { KilledBroker } from './killed-broker.ts'

/** In one life of so many. */
const LIVES = 3
const WAIT_MS_MAX = 150

/** Now and then has everything deleted that is full, in the middle of the load. */
export class SegmentDeletions implements KillLoad {
  readonly #random: SeededRandom
  readonly #segmentBytes: number
  #logStart = 0
  #deletedCount = 0

  constructor(random: SeededRandom, segmentBytes: number) {
    this.#random = random
    this.#segmentBytes = segmentBytes
  }

  async run(broker: KilledBroker): Promise<void> {
    const isDue = this.#random.below(LIVES) === 0
    const waitMs = this.#random.below(WAIT_MS_MAX)
    if (!isDue) return
    await new Promise((resolve) => setTimeout(resolve, waitMs))
    const answer = await broker.ask(RequestCode.DELETE_EXPIRED_COMMITLOG, {})
    if (answer.code !== 0) throw new Error(`not deleted: ${answer.code} ${answer.remark ?? ''}`)
  }

  async problems(_broker: KilledBroker, logStart: number): Promise<string[]> {
    const before = this.#logStart
    this.#logStart = logStart
    this.#deletedCount += Math.max(0, logStart - before) / this.#segmentBytes
    return logStart < before ? [`the log starts at ${logStart}, and did at ${before}`] : []
  }

  counts(): Readonly<Record<string, number>> {
    return { 'segments deleted': this.#deletedCount }
  }
}
