import type { ConsumerData, SubscriptionData } from '../../protocol/heartbeat.ts'
import type { Connection } from '../../remoting/connection.ts'
import type { ClientMember } from './client-member.ts'
import type { Wish } from './subscription-consistency.ts'

/** `messageModel` of a group whose consumers each get every message (Java: MessageModel). */
const BROADCASTING = 'BROADCASTING'

/** One consumer group with its connected members (Java: ConsumerGroupInfo). */
export class ConsumerGroupInfo {
  readonly name: string
  /** CONSUME_PASSIVELY, CONSUME_ACTIVELY or CONSUME_POP. */
  consumeType = ''
  /** CLUSTERING or BROADCASTING. */
  messageModel = ''
  consumeFromWhere = ''
  /** What the last full heartbeat of version 2 hashed its subscriptions to; 0 of version 1. */
  fingerprint: number | undefined
  readonly #members = new Map<Connection, ClientMember>()
  readonly #subscriptions = new Map<string, SubscriptionData>()
  /** What each member said last that it wants. */
  readonly #wishes = new Map<Connection, readonly SubscriptionData[]>()

  constructor(name: string) {
    this.name = name
  }

  get isBroadcasting(): boolean {
    return this.messageModel === BROADCASTING
  }

  get isEmpty(): boolean {
    return this.#members.size === 0
  }

  get members(): Iterable<ClientMember> {
    return this.#members.values()
  }

  get connections(): Iterable<Connection> {
    return this.#members.keys()
  }

  /** By topic. */
  get subscriptions(): ReadonlyMap<string, SubscriptionData> {
    return this.#subscriptions
  }

  /**
   * The members' ids, each once: a client that came back before its old connection was noticed to
   * be gone must not count twice when queues are shared out.
   */
  get clientIds(): string[] {
    return [...new Set([...this.#members.values()].map(({ clientId }) => clientId))]
  }

  memberOf(connection: Connection): ClientMember | undefined {
    return this.#members.get(connection)
  }

  has(connection: Connection): boolean {
    return this.#members.has(connection)
  }

  /** Takes a member or its sign of life. @returns true when it is new */
  join(member: ClientMember, data: ConsumerData): boolean {
    this.consumeType = data.consumeType
    this.messageModel = data.messageModel
    this.consumeFromWhere = data.consumeFromWhere
    const isNew = !this.#members.has(member.connection)
    this.#members.set(member.connection, member)
    return isNew
  }

  /** What the members want, each by its last whole heartbeat, those who came first first. */
  get wishes(): Wish[] {
    const wishes: Wish[] = []
    for (const [connection, { clientId }] of this.#members) {
      const subscriptions = this.#wishes.get(connection)
      if (subscriptions !== undefined) wishes.push({ clientId, subscriptions })
    }
    return wishes
  }

  noteWish(connection: Connection, subscriptions: readonly SubscriptionData[]): void {
    this.#wishes.set(connection, subscriptions)
  }

  /** Takes later versions and more topics into what a member wants. */
  raiseWish(connection: Connection, subscriptions: readonly SubscriptionData[]): void {
    const wish = new Map(this.#wishes.get(connection)?.map((one) => [one.topic, one]))
    for (const subscription of subscriptions) {
      if (isNewer(subscription, wish.get(subscription.topic))) {
        wish.set(subscription.topic, subscription)
      }
    }
    this.#wishes.set(connection, [...wish.values()])
  }

  /** @returns false when it was no member */
  leave(connection: Connection): boolean {
    this.#wishes.delete(connection)
    return this.#members.delete(connection)
  }

  /**
   * Takes the subscriptions of a heartbeat, which are those of the whole group: newer versions
   * replace older ones, and topics that are not in it are dropped.
   * @param onRenewed hears of topics of which other messages are wanted than before
   * @returns true when a topic was added or dropped
   */
  subscribe(
    subscriptions: readonly SubscriptionData[],
    onRenewed: (topic: string) => void,
  ): boolean {
    const known = this.#subscriptions
    const topicCount = known.size
    this.raise(subscriptions, onRenewed)
    let isChanged = known.size > topicCount
    const topics = new Set(subscriptions.map(({ topic }) => topic))
    for (const topic of known.keys()) {
      if (topics.has(topic)) continue
      known.delete(topic)
      isChanged = true
    }
    return isChanged
  }

  /** As {@link subscribe}, but drops nothing. @returns true when a topic or version is new */
  raise(subscriptions: readonly SubscriptionData[], onRenewed: (topic: string) => void): boolean {
    let isRaised = false
    for (const subscription of subscriptions) {
      const { topic } = subscription
      const old = this.#subscriptions.get(topic)
      // The object of an unchanged version is kept: readers keep what they made of it.
      if (!isNewer(subscription, old)) continue
      this.#subscriptions.set(topic, subscription)
      isRaised = true
      if (old !== undefined && isOther(old, subscription)) onRenewed(topic)
    }
    return isRaised
  }

  /** Members that showed no sign of life since `beforeMs`. */
  silentSince(beforeMs: number): ClientMember[] {
    return [...this.#members.values()].filter((member) => member.seenMs < beforeMs)
  }
}

function isNewer(now: SubscriptionData, old: SubscriptionData | undefined): boolean {
  return old === undefined || now.subVersion > old.subVersion
}

function isOther(old: SubscriptionData, now: SubscriptionData): boolean {
  return old.subString !== now.subString || old.expressionType !== now.expressionType
}
