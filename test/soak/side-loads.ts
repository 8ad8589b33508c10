/** What else goes on beside the mixed traffic. */
import { readdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { Producer, PushConsumer } from '../../net/client/index.ts'
import { RequestCode } from '../../net/protocol/request-code.ts'
import { Ledger } from './ledger.ts'
import { keyOf, MIXED_TOPIC, type MixedTraffic } from './mixed-traffic.ts'
import { PATIENCE, Repeated, type SoakLoad, type SoakPlace } from './soak-load.ts'

const NEWS = 'News'
const READERS = ['reader-a', 'reader-b']
const NEWS_EVERY_MS = 50
const VISIT_EVERY_MS = 500
const VISITS_A_TOPIC = 5
const QUEUE_COUNT = 2
const QUERY_EVERY_MS = 250
/** A message that was sent so many before is in the index, delayed or not. */
const QUERY_BEHIND = 1_500
const MINUTE_MS = 60_000
const AGE_EVERY_MS = 1_000
const KEPT_SEGMENTS = 6
/** RocketMQ's `fileReservedTime` is 72 hours; nobody looks at the hour of the day here. */
const AGED_SECONDS = 100 * 3_600
const ALL_HOURS = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, '0')).join(';')
export const RETENTION_SETTINGS = [`deleteWhen=${ALL_HOURS}`, 'cleanResourceInterval=1000']

/** Each reader of a broadcasting group gets each message. */
export class NewsBroadcast implements SoakLoad {
  readonly ledger = new Ledger('news')
  readonly #place: SoakPlace
  readonly #readers: PushConsumer[] = []
  #producer!: Producer
  #sending!: Repeated

  constructor(place: SoakPlace) {
    this.#place = place
  }

  async start(): Promise<void> {
    const { broker, folder } = this.#place
    await createTopic(this.#place, NEWS)
    const nameServers = [broker.nameServer]
    for (const reader of READERS) {
      const consumer = await PushConsumer.start({
        nameServers,
        group: 'subscribers',
        messageModel: 'broadcasting',
        instanceName: reader,
        offsetFolder: join(folder, 'offsets'),
        consumeFrom: 'first',
        subscriptions: { [NEWS]: '*' },
        onMessage: async ([message]) => {
          this.ledger.settle(Number(message!.body.toString()), reader)
          return 'success'
        },
      })
      this.#readers.push(consumer)
    }
    this.#producer = await Producer.start({ ...PATIENCE, nameServers, group: 'press' })
    this.#sending = new Repeated(
      async () => {
        const id = this.ledger.open(READERS)
        await this.#producer.send({ topic: NEWS, body: String(id) })
      },
      () => NEWS_EVERY_MS,
    )
  }

  check(): void {
    this.#sending.check()
  }

  stop(): Promise<void> {
    return this.#sending.stop()
  }

  async close(): Promise<void> {
    await Promise.all([this.#producer, ...this.#readers].map((client) => client.close()))
  }
}

/** Topics that are made, used once and deleted, each with a name of its own. */
export class VisitedTopics implements SoakLoad {
  readonly ledger = new Ledger('visits')
  readonly #place: SoakPlace
  #producer!: Producer
  #visitor!: PushConsumer
  #visiting!: Repeated
  topicCount = 0

  constructor(place: SoakPlace) {
    this.#place = place
  }

  async start(): Promise<void> {
    const nameServers = [this.#place.broker.nameServer]
    this.#producer = await Producer.start({ ...PATIENCE, nameServers, group: 'hosts' })
    this.#visitor = await PushConsumer.start({
      nameServers,
      group: 'visitors',
      consumeFrom: 'first',
      onMessage: async ([message]) => {
        this.ledger.settle(Number(message!.body.toString()), 'visitor')
        return 'success'
      },
    })
    this.#visiting = new Repeated(
      () => this.#visit(),
      () => VISIT_EVERY_MS,
    )
  }

  check(): void {
    this.#visiting.check()
  }

  stop(): Promise<void> {
    return this.#visiting.stop()
  }

  async close(): Promise<void> {
    await Promise.all([this.#producer.close(), this.#visitor.close()])
  }

  async #visit(): Promise<void> {
    const topic = `Visited-${this.topicCount}`
    this.topicCount += 1
    await createTopic(this.#place, topic)
    await this.#visitor.subscribe(topic)
    for (let count = 0; count < VISITS_A_TOPIC; count += 1) {
      const id = this.ledger.open(['visitor'])
      await this.#producer.send({ topic, body: String(id) })
    }
    await this.#allSettled()
    await this.#visitor.unsubscribe(topic)
    await ask(this.#place, RequestCode.DELETE_TOPIC_IN_BROKER, { topic })
    const forgotten = await this.#place.broker.askNameServer(RequestCode.DELETE_TOPIC_IN_NAMESRV, {
      topic,
    })
    if (forgotten.code !== 0) throw new Error(`${topic} is still known: ${forgotten.remark}`)
  }

  async #allSettled(): Promise<void> {
    const endMs = performance.now() + MINUTE_MS
    while (this.ledger.openCount > 0) {
      if (performance.now() > endMs)
        throw new Error(`not visited: ${this.ledger.openSome.join(', ')}`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}

/** Messages of the mixed traffic are found by their keys. */
export class KeyQueries implements SoakLoad {
  readonly #place: SoakPlace
  readonly #mixed: MixedTraffic
  #asking!: Repeated
  foundCount = 0

  constructor(place: SoakPlace, mixed: MixedTraffic) {
    this.#place = place
    this.#mixed = mixed
  }

  async start(): Promise<void> {
    this.#asking = new Repeated(
      () => this.#query(),
      () => QUERY_EVERY_MS,
    )
  }

  check(): void {
    this.#asking.check()
  }

  stop(): Promise<void> {
    return this.#asking.stop()
  }

  async close(): Promise<void> {}

  async #query(): Promise<void> {
    const { ledger } = this.#mixed
    const id = ledger.sentCount - QUERY_BEHIND
    if (id < 0) return
    const beginTimestamp = Date.now() - MINUTE_MS
    const range = { maxNum: 8, beginTimestamp, endTimestamp: Date.now() + MINUTE_MS }
    const fields = { topic: MIXED_TOPIC, key: keyOf(id), ...range }
    const answer = await ask(this.#place, RequestCode.QUERY_MESSAGE, fields)
    if (answer.includes(keyOf(id))) this.foundCount += 1
    else ledger.problem(`${keyOf(id)} is not found`)
  }
}

/** Full segments grow old as soon as some newer ones are there, and are deleted by the broker. */
export class AgeingSegments implements SoakLoad {
  readonly #folder: string
  #ageing!: Repeated

  /** @param folder of the segments */
  constructor(folder: string) {
    this.#folder = folder
  }

  async start(): Promise<void> {
    this.#ageing = new Repeated(
      async () => this.#age(),
      () => AGE_EVERY_MS,
    )
  }

  check(): void {
    this.#ageing.check()
  }

  stop(): Promise<void> {
    return this.#ageing.stop()
  }

  async close(): Promise<void> {}

  #age(): void {
    const agedAt = Date.now() / 1_000 - AGED_SECONDS
    for (const name of this.#names().slice(0, -KEPT_SEGMENTS)) {
      utimesSync(join(this.#folder, name), agedAt, agedAt)
    }
  }

  #names(): string[] {
    return readdirSync(this.#folder).toSorted()
  }
}

function createTopic(place: SoakPlace, topic: string): Promise<Buffer> {
  return ask(place, RequestCode.UPDATE_AND_CREATE_TOPIC, {
    topic,
    defaultTopic: 'TBW102',
    readQueueNums: QUEUE_COUNT,
    writeQueueNums: QUEUE_COUNT,
    perm: 6,
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: 0,
    order: false,
  })
}

/** @throws {Error} when the broker refuses */
async function ask(
  { broker }: SoakPlace,
  code: number,
  fields: Readonly<Record<string, string | number | boolean>>,
): Promise<Buffer> {
  const answer = await broker.ask(code, fields)
  if (answer.code !== 0) throw new Error(`${code} was refused: ${answer.code} ${answer.remark}`)
  return answer.body
}
