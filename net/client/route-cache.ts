import { MASTER_ID, type TopicRouteData } from '../protocol/topic-route.ts'
import type { MessageQueue } from './message-queue.ts'
import { readQueuesOf, routeFromTemplate, writeQueuesOf } from './topic-queues.ts'

/** What is known of a topic. */
export interface TopicRoute {
  readonly writeQueues: readonly MessageQueue[]
  readonly readQueues: readonly MessageQueue[]
  /** The topic does not exist yet; it will, on each broker, when something is sent there. */
  readonly isTemplate: boolean
}

/** One way to reach a broker. */
export interface BrokerAddress {
  readonly brokerName: string
  /** 0 is the master. */
  readonly brokerId: number
  readonly address: string
}

/** What a {@link RouteCache} works with. */
export interface RouteCacheOptions {
  /** Asks a name server; undefined when there is no such topic. */
  readonly fetch: (topic: string) => Promise<TopicRouteData | undefined>
  /** The route of `topic` differs from what was known. */
  readonly onChange: (topic: string) => void
}

/** How a topic that does not exist yet gets its queues. */
export interface TopicTemplate {
  /** The topic whose route new topics inherit (Java: createTopicKey). */
  readonly topic: string
  readonly queueCountMax: number
}

interface Entry extends TopicRoute {
  readonly data: TopicRouteData
  /** The data as text, to tell whether it changed. */
  readonly text: string
}

/** The routes of the topics in use, and with them the addresses of the brokers. */
export class RouteCache {
  readonly #options: RouteCacheOptions
  readonly #entries = new Map<string, Entry>()
  readonly #refreshing = new Map<string, Promise<TopicRoute | undefined>>()
  #addresses: readonly BrokerAddress[] = []
  /** Topics that no name server knew when it was asked last. */
  readonly #gone = new Set<string>()
  /** Topics that were sent to since those were forgotten last that are gone. */
  readonly #sentTo = new Set<string>()

  constructor(options: RouteCacheOptions) {
    this.#options = options
  }

  get topics(): readonly string[] {
    return [...this.#entries.keys()]
  }

  /** Every address of every broker that some route names. */
  get addresses(): readonly BrokerAddress[] {
    return this.#addresses
  }

  get(topic: string): TopicRoute | undefined {
    return this.#entries.get(topic)
  }

  /**
   * Asks for the route of `topic` again; several callers share one question. A route that was known
   * stays when the name server does not know it any more: its brokers may.
   * @throws {ClientError} as {@link RouteCacheOptions.fetch}
   */
  refresh(topic: string): Promise<TopicRoute | undefined> {
    let refreshing = this.#refreshing.get(topic)
    if (refreshing === undefined) {
      refreshing = this.#refresh(topic).finally(() => this.#refreshing.delete(topic))
      this.#refreshing.set(topic, refreshing)
    }
    return refreshing
  }

  /** The route to send to where it is known and has a queue; undefined otherwise. */
  knownWriteRoute(topic: string): TopicRoute | undefined {
    this.#sentTo.add(topic)
    const known = this.#entries.get(topic)
    return known !== undefined && known.writeQueues.length > 0 ? known : undefined
  }

  /**
   * The route to send to: the known one, or the one that a name server knows, or one after
   * `template`. Undefined when there is none of these.
   * @throws {ClientError} as {@link RouteCacheOptions.fetch}
   */
  async writeRoute(topic: string, template: TopicTemplate): Promise<TopicRoute | undefined> {
    const known = this.knownWriteRoute(topic)
    if (known !== undefined) return known
    const fresh = await this.refresh(topic)
    if (fresh !== undefined && !fresh.isTemplate) return fresh
    const data = await this.#options.fetch(template.topic)
    if (data === undefined) return fresh
    return this.#store(topic, routeFromTemplate(data, template.queueCountMax), true)
  }

  /** The address of a broker's master. */
  masterAddress(brokerName: string): string | undefined {
    return this.address(brokerName, MASTER_ID)
  }

  address(brokerName: string, brokerId: number): string | undefined {
    return this.#addresses.find(
      (entry) => entry.brokerName === brokerName && entry.brokerId === brokerId,
    )?.address
  }

  /** The brokers that have `topic`. */
  brokersOf(topic: string): readonly BrokerAddress[] {
    const data = this.#entries.get(topic)?.data
    return data === undefined ? [] : addressesIn(data)
  }

  /** Forgets a topic that is not in use any more. */
  forget(topic: string): void {
    this.#entries.delete(topic)
    this.#gone.delete(topic)
    this.#addresses = this.#allAddresses()
  }

  /** Forgets the topics that no name server knows any more, but for those that were sent to since
   *  this was called last: a producer of ever new topics does not keep and ask for all of them. */
  forgetGone(): void {
    for (const topic of [...this.#gone]) {
      if (!this.#sentTo.has(topic)) this.forget(topic)
    }
    this.#sentTo.clear()
  }

  async #refresh(topic: string): Promise<TopicRoute | undefined> {
    const data = await this.#options.fetch(topic)
    if (data !== undefined) this.#gone.delete(topic)
    else if (this.#entries.has(topic)) this.#gone.add(topic)
    return data === undefined ? this.#entries.get(topic) : this.#store(topic, data, false)
  }

  #store(topic: string, data: TopicRouteData, isTemplate: boolean): TopicRoute {
    const text = textOf(data, isTemplate)
    const known = this.#entries.get(topic)
    if (known?.text === text) return known
    const writeQueues = writeQueuesOf(topic, data)
    const readQueues = isTemplate ? [] : readQueuesOf(topic, data)
    const entry: Entry = { data, text, writeQueues, readQueues, isTemplate }
    // Behind the others, so that of two routes that disagree about an address the newer one counts.
    this.#entries.delete(topic)
    this.#entries.set(topic, entry)
    this.#addresses = this.#allAddresses()
    this.#options.onChange(topic)
    return entry
  }

  #allAddresses(): readonly BrokerAddress[] {
    const byPlace = new Map<string, BrokerAddress>()
    for (const { data } of this.#entries.values()) {
      for (const entry of addressesIn(data))
        byPlace.set(`${entry.brokerName}/${entry.brokerId}`, entry)
    }
    return [...byPlace.values()]
  }
}

function addressesIn(data: TopicRouteData): readonly BrokerAddress[] {
  return data.brokerDatas.flatMap(({ brokerName, brokerAddrs }) =>
    [...brokerAddrs].map(([brokerId, address]) => ({ brokerName, brokerId, address })),
  )
}

/** What makes two routes differ, whatever the order in which brokers and queues are listed. */
function textOf(data: TopicRouteData, isTemplate: boolean): string {
  const brokers = addressesIn(data).map((entry) => JSON.stringify(entry))
  const queues = data.queueDatas.map((entry) => JSON.stringify(entry))
  const parts = [isTemplate, data.orderTopicConf ?? null, brokers.sort(), queues.sort()]
  return JSON.stringify(parts)
}
