import { encodeBatch } from '../../../engine/format/batch-format.ts'
import { PropertyName } from '../../../engine/format/message-const.ts'
import { propertiesToString } from '../../../engine/format/properties-codec.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { sendFields } from '../../helpers/running-standalone.ts'
import type { SeededRandom } from '../../helpers/seeded-random.ts'
import { isConnectionLost, physicalOffsetOf } from './kill-load.ts'
import type { KilledBroker } from './killed-broker.ts'
import type { KnownSends } from './known-sends.ts'

const BATCH_COUNT = 3
const BODY_BYTES_MAX = 12_000

/** One message or batch whose fate is not known yet. */
interface Unsettled {
  readonly ids: readonly string[]
  readonly isBatch: boolean
}

/**
 * Sends to one queue, one request after the other, until the broker is gone; then sends again what
 * got no answer. Ids are `producer.number`, and the number grows.
 */
export class Producer {
  readonly #name: string
  readonly #topic: string
  readonly #queueId: number
  readonly #random: SeededRandom
  readonly #known: KnownSends
  #number = 0
  #unsettled: Unsettled | undefined

  constructor(
    name: string,
    target: { readonly topic: string; readonly queueId: number },
    random: SeededRandom,
    known: KnownSends,
  ) {
    this.#name = name
    this.#topic = target.topic
    this.#queueId = target.queueId
    this.#random = random
    this.#known = known
  }

  /** Resolves when the broker is gone. */
  async run(broker: KilledBroker): Promise<void> {
    for (;;) {
      this.#unsettled ??= this.#next()
      if (!(await this.#send(broker, this.#unsettled))) return
      this.#unsettled = undefined
    }
  }

  #next(): Unsettled {
    const isBatch = this.#random.below(8) === 0
    const ids = Array.from({ length: isBatch ? BATCH_COUNT : 1 }, () => {
      this.#number += 1
      return `${this.#name}.${this.#number}`
    })
    return { ids, isBatch }
  }

  async #send(broker: KilledBroker, { ids, isBatch }: Unsettled): Promise<boolean> {
    for (const id of ids) this.#known.begin(id, this.#topic)
    const messages = ids.map((id) => ({ body: this.#body(id), properties: propertiesOf(id) }))
    const [first] = messages
    const code = isBatch ? RequestCode.SEND_BATCH_MESSAGE : RequestCode.SEND_MESSAGE_V2
    const body = isBatch ? encodeBatch(messages) : (first?.body ?? Buffer.alloc(0))
    const properties = isBatch ? new Map<string, string>() : propertiesOf(ids[0] ?? '')
    const fields = { e: this.#queueId, i: propertiesToString(properties), m: isBatch }
    try {
      const answer = await broker.ask(code, sendFields(this.#topic, fields), body)
      if (answer.code !== 0) throw new Error(`refused: ${answer.code} ${answer.remark ?? ''}`)
      const messageIds = answer.extFields.get('msgId')?.split(',') ?? []
      const acked = ids.map((id, index) => ({
        id,
        topic: this.#topic,
        queueId: Number(answer.extFields.get('queueId')),
        queueOffset: Number(answer.extFields.get('queueOffset')) + index,
        physicalOffset: physicalOffsetOf(messageIds[index] ?? ''),
      }))
      this.#known.ack(acked)
      return true
    } catch (error) {
      if (!isConnectionLost(error)) throw error
      for (const id of ids) this.#known.noAnswer(id)
      return false
    }
  }

  #body(id: string): Buffer {
    return Buffer.from(`${id}:${'x'.repeat(this.#random.below(BODY_BYTES_MAX))}`)
  }
}

/** The id in a body that a producer made. */
export function idOf(body: Buffer): string {
  return body.subarray(0, body.indexOf(':')).toString()
}

function propertiesOf(id: string): Map<string, string> {
  return new Map([[PropertyName.KEYS, id]])
}
