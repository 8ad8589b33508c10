import type { QueueData, TopicQueueMappingInfo } from '../protocol/topic-route.ts'
import { PERMISSION } from '../protocol/topic-route.ts'

/** Which queues each topic has on which broker (Java: RouteInfoManager.topicQueueTable). */
export class TopicTable {
  /** By topic, then by broker name. A topic without a broker is not here. */
  readonly #queues = new Map<string, Map<string, QueueData>>()
  /** Static topics only: which logical queue lies in which queue of the broker. */
  readonly #mappings = new Map<string, Map<string, TopicQueueMappingInfo>>()

  /** All topics, in the order in which they came. */
  topics(): string[] {
    return [...this.#queues.keys()]
  }

  /** Topics with queues on one of `brokerNames`. */
  topicsOn(brokerNames: ReadonlySet<string>): string[] {
    return this.#topicsWhere((queues) => [...queues.keys()].some((name) => brokerNames.has(name)))
  }

  /** Topics whose flags, as their first broker told them, match (Java: TopicSysFlag). */
  topicsWithFlags(matches: (topicSysFlag: number) => boolean): string[] {
    return this.#topicsWhere((queues) => {
      const [first] = queues.values()
      return first !== undefined && matches(first.topicSysFlag)
    })
  }

  /** The topic's queues by broker name, undefined for an unknown topic. */
  queuesOf(topic: string): ReadonlyMap<string, QueueData> | undefined {
    return this.#queues.get(topic)
  }

  /** The topic's mappings by broker name, undefined for all but static topics. */
  mappingsOf(topic: string): ReadonlyMap<string, TopicQueueMappingInfo> | undefined {
    return this.#mappings.get(topic)
  }

  /** Adds or replaces the queues of `topic` on the broker that `queues` names. */
  put(topic: string, queues: QueueData): void {
    putNested(this.#queues, topic, queues.brokerName, Object.freeze({ ...queues }))
  }

  putMapping(topic: string, brokerName: string, mapping: TopicQueueMappingInfo): void {
    putNested(this.#mappings, topic, brokerName, mapping)
  }

  /** Forgets `topic` on the named brokers, or everywhere. */
  remove(topic: string, brokerNames: Iterable<string> = this.#brokersOf(topic)): void {
    for (const brokerName of [...brokerNames]) {
      removeNested(this.#queues, topic, brokerName)
      removeNested(this.#mappings, topic, brokerName)
    }
  }

  /** Forgets every topic of a broker except those that are `kept`. */
  removeBroker(brokerName: string, kept: ReadonlySet<string> = new Set()): void {
    for (const topic of this.topics()) {
      if (!kept.has(topic)) this.remove(topic, [brokerName])
    }
  }

  /** Makes the broker's topics read-only until it registers a change; returns their number. */
  wipeWritePermission(brokerName: string): number {
    return this.#changePermission(brokerName, (perm) => perm & ~PERMISSION.WRITE)
  }

  /** Makes the broker's topics readable and writable; returns their number. */
  addWritePermission(brokerName: string): number {
    return this.#changePermission(brokerName, () => PERMISSION.READ | PERMISSION.WRITE)
  }

  #brokersOf(topic: string): Set<string> {
    const mapped = this.#mappings.get(topic)?.keys() ?? []
    return new Set([...(this.#queues.get(topic)?.keys() ?? []), ...mapped])
  }

  #topicsWhere(matches: (queues: ReadonlyMap<string, QueueData>) => boolean): string[] {
    return [...this.#queues].filter(([, queues]) => matches(queues)).map(([topic]) => topic)
  }

  #changePermission(brokerName: string, change: (perm: number) => number): number {
    let topicCount = 0
    for (const [topic, byBroker] of this.#queues) {
      const queues = byBroker.get(brokerName)
      if (queues === undefined) continue
      this.put(topic, { ...queues, perm: change(queues.perm) })
      topicCount += 1
    }
    return topicCount
  }
}

function putNested<T>(
  table: Map<string, Map<string, T>>,
  outer: string,
  inner: string,
  value: T,
): void {
  const row = table.get(outer) ?? new Map<string, T>()
  row.set(inner, value)
  table.set(outer, row)
}

function removeNested<T>(table: Map<string, Map<string, T>>, outer: string, inner: string): void {
  const row = table.get(outer)
  row?.delete(inner)
  if (row?.size === 0) table.delete(outer)
}
