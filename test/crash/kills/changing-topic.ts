import { RequestCode } from '../../../net/protocol/request-code.ts'
import type { SeededRandom } from '../../helpers/seeded-random.ts'
import type { KillLoad } from './kill-load.ts'
import type { KilledBroker } from './killed-broker.ts'

const TOPIC = 'Changing'
const QUEUES_MAX = 16
const PAUSE_MS = 10

/** A topic whose number of queues is changed again and again. */
export class ChangingTopic implements KillLoad {
  readonly #random: SeededRandom
  #ackedQueueCount: number | undefined
  /** What was asked for since. */
  #askedQueueCount: number | undefined
  #changeCount = 0

  constructor(random: SeededRandom) {
    this.#random = random
  }

  async run(broker: KilledBroker): Promise<void> {
    for (;;) {
      const queueCount = 1 + this.#random.below(QUEUES_MAX)
      this.#askedQueueCount = queueCount
      const answer = await broker.ask(RequestCode.UPDATE_AND_CREATE_TOPIC, {
        topic: TOPIC,
        defaultTopic: 'TBW102',
        readQueueNums: queueCount,
        writeQueueNums: queueCount,
        perm: 6,
        topicFilterType: 'SINGLE_TAG',
        order: false,
      })
      if (answer.code !== 0) throw new Error(`not changed: ${answer.code} ${answer.remark ?? ''}`)
      this.#ackedQueueCount = queueCount
      this.#changeCount += 1
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }

  /** The topic is as was acknowledged last, or as was asked for since. */
  async problems(broker: KilledBroker): Promise<string[]> {
    const answer = await broker.ask(RequestCode.GET_TOPIC_CONFIG, { topic: TOPIC })
    const found = answer.code === 0 ? JSON.parse(answer.body.toString()) : {}
    const { readQueueNums, writeQueueNums } = found
    const isKnown = [this.#ackedQueueCount, this.#askedQueueCount].includes(readQueueNums)
    if (isKnown && readQueueNums === writeQueueNums) {
      this.#ackedQueueCount = readQueueNums
      return []
    }
    const wanted = `${this.#ackedQueueCount} or ${this.#askedQueueCount}`
    return [`${TOPIC} has ${readQueueNums} and ${writeQueueNums} queues, not ${wanted}`]
  }

  counts(): Readonly<Record<string, number>> {
    return { 'topics changed': this.#changeCount }
  }
}
