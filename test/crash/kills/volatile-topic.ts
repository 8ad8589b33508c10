import { RequestCode } from '../../../net/protocol/request-code.ts'
import { sendFields } from '../../helpers/running-standalone.ts'
import type { SeededRandom } from '../../helpers/seeded-random.ts'
import { type KillLoad, physicalOffsetOf } from './kill-load.ts'
import type { KilledBroker } from './killed-broker.ts'

const TOPIC = 'Volatile'
const SENDS_MAX = 40

interface Acked {
  readonly body: string
  readonly physicalOffset: number
}

/** A topic that is made by its first message, filled, and deleted, again and again. */
export class VolatileTopic implements KillLoad {
  readonly #random: SeededRandom
  /** Bodies that were sent since the topic surely was deleted last. */
  readonly #sent = new Set<string>()
  #sentCount = 0
  /** What was acknowledged since its deletion was last asked for, by queue offset. */
  readonly #acked = new Map<number, Acked>()
  #deletionCount = 0

  constructor(random: SeededRandom) {
    this.#random = random
  }

  async run(broker: KilledBroker): Promise<void> {
    for (;;) {
      for (let count = this.#random.below(SENDS_MAX); count >= 0; count -= 1) {
        await this.#send(broker)
      }
      this.#acked.clear()
      const answer = await broker.ask(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: TOPIC })
      if (answer.code !== 0) throw new Error(`not deleted: ${answer.code} ${answer.remark ?? ''}`)
      this.#sent.clear()
      this.#deletionCount += 1
    }
  }

  /**
   * Nothing is there that was not sent, or that was deleted, no place is empty, and what was
   * acknowledged is there.
   */
  async problems(broker: KilledBroker, logStart: number): Promise<string[]> {
    const messages = await broker.readAll(TOPIC, 0)
    const first = messages[0]?.queueOffset ?? 0
    const strange = messages.flatMap(({ body, queueOffset }, place) => {
      const isSent = this.#sent.has(body.toString())
      return queueOffset === first + place && isSent
        ? []
        : [`${TOPIC}/${first + place}: ${queueOffset}, ${body.toString()}`]
    })
    const lost = [...this.#acked].flatMap(([queueOffset, { body, physicalOffset }]) => {
      const found = messages[queueOffset - first]?.body.toString() ?? 'nothing'
      const isGone = physicalOffset < logStart
      return isGone || found === body ? [] : [`${TOPIC}/${queueOffset}: ${found}, not ${body}`]
    })
    return [...strange, ...lost]
  }

  counts(): Readonly<Record<string, number>> {
    return { 'topics deleted': this.#deletionCount }
  }

  async #send(broker: KilledBroker): Promise<void> {
    this.#sentCount += 1
    const body = `volatile ${this.#sentCount}`
    this.#sent.add(body)
    const answer = await broker.ask(
      RequestCode.SEND_MESSAGE_V2,
      sendFields(TOPIC),
      Buffer.from(body),
    )
    if (answer.code !== 0) throw new Error(`refused: ${answer.code} ${answer.remark ?? ''}`)
    const physicalOffset = physicalOffsetOf(answer.extFields.get('msgId') ?? '')
    this.#acked.set(Number(answer.extFields.get('queueOffset')), { body, physicalOffset })
  }
}
