import { decodeMessage } from '../../../engine/format/stored-message.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'
import type { KillLoad } from './kill-load.ts'
import type { KilledBroker } from './killed-broker.ts'
import { KnownSends, type ReadMessage } from './known-sends.ts'
import { idOf, Producer } from './producer.ts'

const LOOK_UPS = 12
const LOOK_UP_AHEAD_MS = 60_000

export interface KnownQueuesPlace {
  readonly topics: readonly string[]
  readonly queueCount: number
}

/** Two producers for each queue, whose messages are known one by one. */
export class KnownQueues implements KillLoad {
  readonly known = new KnownSends()
  readonly #random: SeededRandom
  readonly #place: KnownQueuesPlace
  readonly #producers: Producer[]

  constructor(random: SeededRandom, place: KnownQueuesPlace) {
    this.#random = random
    this.#place = place
    const targets = place.topics.flatMap((topic) =>
      Array.from({ length: place.queueCount }, (_, queueId) => ({ topic, queueId })),
    )
    this.#producers = [...targets, ...targets].map((target, index) => {
      const own = new SeededRandom(random.below(2 ** 31))
      return new Producer(`p${index}`, target, own, this.known)
    })
  }

  async run(broker: KilledBroker): Promise<void> {
    await Promise.all(this.#producers.map((producer) => producer.run(broker)))
  }

  async problems(broker: KilledBroker, logStart: number): Promise<string[]> {
    const problems = await this.#goneProblems(broker, this.known.deletedBefore(logStart))
    for (const topic of this.#place.topics) {
      const queues = await Promise.all(
        Array.from({ length: this.#place.queueCount }, (_, queueId) =>
          readQueue(broker, topic, queueId),
        ),
      )
      problems.push(...this.known.problemsOf(topic, queues, logStart))
    }
    for (let count = 0; count < LOOK_UPS && this.known.acked.length > 0; count += 1) {
      problems.push(...(await this.#lookUpProblems(broker)))
    }
    return problems
  }

  counts(): Readonly<Record<string, number>> {
    const { ackedCount, ackedBatchCount, unansweredCount, doubleCount } = this.known
    return {
      'messages acknowledged': ackedCount,
      'batches acknowledged': ackedBatchCount,
      'sends without an answer': unansweredCount,
      'messages there twice, both explained': doubleCount,
    }
  }

  /** By physical offset, and by key. */
  async #lookUpProblems(broker: KilledBroker): Promise<string[]> {
    const { id, topic, physicalOffset } = this.#random.pick(this.known.acked)
    const viewed = await broker.ask(RequestCode.VIEW_MESSAGE_BY_ID, { offset: physicalOffset })
    const isViewed = viewed.code === 0 && idOf(decodeMessage(viewed.body).body) === id
    const query = {
      topic,
      key: id,
      maxNum: 10,
      beginTimestamp: 0,
      endTimestamp: Date.now() + LOOK_UP_AHEAD_MS,
    }
    const found = await broker.ask(RequestCode.QUERY_MESSAGE, query)
    const isFound = found.code === 0 && found.body.includes(`${id}:`)
    return [
      ...(isViewed ? [] : [`${id} is not at ${physicalOffset}: code ${viewed.code}`]),
      ...(isFound ? [] : [`${id} is not found by its key: code ${found.code}`]),
    ]
  }

  /** What went with its segment is found by nobody. */
  async #goneProblems(broker: KilledBroker, offsets: readonly number[]): Promise<string[]> {
    const problems: string[] = []
    for (const offset of offsets.slice(0, LOOK_UPS)) {
      const { code } = await broker.ask(RequestCode.VIEW_MESSAGE_BY_ID, { offset })
      if (code === 0) problems.push(`a message is at ${offset}, whose segment was deleted`)
    }
    return problems
  }
}

async function readQueue(
  broker: KilledBroker,
  topic: string,
  queueId: number,
): Promise<ReadMessage[]> {
  const messages = await broker.readAll(topic, queueId)
  return messages.map(({ body, queueOffset, physicalOffset, ...message }) => {
    return { id: idOf(body), queueId: message.queueId, queueOffset, physicalOffset }
  })
}
