/**
 * Messages of all sizes, alone and in batches, at once and delayed, some of which their group fails
 * to consume once or for good. A group whose members join and leave consumes them, another pulls
 * them, a third one gets the dead letters.
 */
import {
  LitePullConsumer,
  type Message,
  Producer,
  PushConsumer,
  type ReceivedMessage,
} from '../../net/client/index.ts'
import { Ledger } from './ledger.ts'
import { PATIENCE, Repeated, type SoakLoad, type SoakPlace } from './soak-load.ts'

export const MIXED_TOPIC = 'Mixed'
const STEADY = 'steady'
const POLLED = 'polled'
const RETRIES_MAX = 2
const MEMBERS_MAX = 3
const SEND_EVERY_MS = 20
const SENDS_A_STEP = 5
const CHURN_MS_MIN = 1_000
const CHURN_MS_MORE = 3_000
const BODY_SIZES = [16, 200, 1_000, 5_000, 40_000]
const BATCH_COUNT = 8
const DELAYED_ONE_OUT_OF = 20
const FAILING_ONE_OUT_OF = 25
const DEAD_ONE_OUT_OF = 100
const BATCH_ONE_OUT_OF = 15
const DELAY_MS = 1_000
/** Every delay level is that long. */
export const DELAY_SETTING = `messageDelayLevel=${'1s '.repeat(6).trim()}`
/** More than any group tries. */
const FAILS_FOR_GOOD = 99

export class MixedTraffic implements SoakLoad {
  readonly ledger = new Ledger('mixed')
  readonly #place: SoakPlace
  readonly #filler: string
  readonly #members: PushConsumer[] = []
  #producer!: Producer
  #lite!: LitePullConsumer
  #undertaker!: PushConsumer
  #sending!: Repeated
  #churning!: Repeated
  #polling!: Repeated
  joinedCount = 0

  constructor(place: SoakPlace) {
    this.#place = place
    // Text that compresses to about half.
    this.#filler = place.random.bytes(Math.max(...BODY_SIZES)).toString('hex')
  }

  async start(): Promise<void> {
    const { broker, random } = this.#place
    const nameServers = [broker.nameServer]
    this.#producer = await Producer.start({
      ...PATIENCE,
      nameServers,
      group: 'mixers',
      topicQueueCount: 8,
    })
    await this.#join()
    this.#lite = await LitePullConsumer.start({
      nameServers,
      group: POLLED,
      consumeFrom: 'first',
      subscriptions: { [MIXED_TOPIC]: '*' },
    })
    this.#undertaker = await PushConsumer.start({
      nameServers,
      group: 'undertakers',
      consumeFrom: 'first',
      // The topic is made with the first dead letter.
      routeIntervalMs: 1_000,
      subscriptions: { [`%DLQ%${STEADY}`]: '*' },
      onMessage: async ([message]) => {
        this.#settle(message!, STEADY)
        return 'success'
      },
    })
    this.#polling = new Repeated(
      () => this.#poll(),
      () => 0,
    )
    this.#sending = new Repeated(
      () => this.#send(),
      () => SEND_EVERY_MS,
    )
    this.#churning = new Repeated(
      () => this.#churn(),
      () => CHURN_MS_MIN + random.below(CHURN_MS_MORE),
    )
  }

  check(): void {
    for (const work of [this.#sending, this.#churning, this.#polling]) work.check()
  }

  async stop(): Promise<void> {
    await Promise.all([this.#sending.stop(), this.#churning.stop()])
  }

  async close(): Promise<void> {
    await this.#polling.stop()
    const clients = [this.#producer, this.#lite, this.#undertaker, ...this.#members]
    await Promise.all(clients.map((client) => client.close()))
  }

  async #send(): Promise<void> {
    const { random } = this.#place
    const sends: Promise<readonly { readonly status: string }[]>[] = []
    for (let count = 0; count < SENDS_A_STEP; count += 1) {
      if (random.below(BATCH_ONE_OUT_OF) === 0) {
        const batch = Array.from({ length: BATCH_COUNT }, () => this.#message({}))
        sends.push(this.#producer.sendBatch(batch))
        continue
      }
      const delayLevel = random.below(DELAYED_ONE_OUT_OF) === 0 ? 1 : 0
      sends.push(this.#producer.send(this.#message({ delayLevel })).then((result) => [result]))
    }
    for (const { status } of (await Promise.all(sends)).flat()) {
      if (status !== 'SEND_OK') this.ledger.problem(`a send ended with ${status}`)
    }
  }

  #message({ delayLevel = 0 }: { readonly delayLevel?: number }): Message {
    const { random } = this.#place
    const id = this.ledger.open([STEADY, POLLED])
    const body = this.#filler.slice(0, random.pick(BODY_SIZES))
    const isDead = random.below(DEAD_ONE_OUT_OF) === 0
    const isFailing = random.below(FAILING_ONE_OUT_OF) === 0
    const failures = isDead ? FAILS_FOR_GOOD : Number(isFailing)
    const dueMs = delayLevel === 0 ? 0 : Date.now() + DELAY_MS
    const properties = {
      id: String(id),
      bytes: String(body.length),
      failures: String(failures),
      dueMs: String(dueMs),
    }
    return { topic: MIXED_TOPIC, body, keys: keyOf(id), properties, delayLevel }
  }

  async #join(): Promise<void> {
    const member = await PushConsumer.start({
      nameServers: [this.#place.broker.nameServer],
      group: STEADY,
      consumeFrom: 'first',
      reconsumeTimesMax: RETRIES_MAX,
      subscriptions: { [MIXED_TOPIC]: '*' },
      onMessage: async ([message]) => {
        if (message!.reconsumeTimes < Number(message!.properties.get('failures'))) return 'later'
        this.#settle(message!, STEADY)
        return 'success'
      },
    })
    this.#members.push(member)
    this.joinedCount += 1
  }

  async #churn(): Promise<void> {
    const { random } = this.#place
    const isFull = this.#members.length >= MEMBERS_MAX
    const isAlone = this.#members.length === 1
    if (isAlone || (!isFull && random.below(2) === 0)) return this.#join()
    const [member] = this.#members.splice(random.below(this.#members.length), 1)
    await member?.close()
  }

  async #poll(): Promise<void> {
    for (const message of await this.#lite.poll({ timeoutMs: 200 })) this.#settle(message, POLLED)
  }

  #settle({ body, properties }: ReceivedMessage, receiver: string): void {
    const id = Number(properties.get('id'))
    if (body.length !== Number(properties.get('bytes'))) {
      this.ledger.problem(`${id} has ${body.length} bytes`)
    }
    const leftMs = Number(properties.get('dueMs')) - Date.now()
    if (leftMs > 0) this.ledger.problem(`${id} came ${leftMs} ms early`)
    this.ledger.settle(id, receiver)
  }
}

/** What a message of the mixed traffic can be found by. */
export function keyOf(id: number): string {
  return `key-${id}`
}
