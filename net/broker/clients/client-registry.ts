/**
 * Who is connected: consumers and producers by their groups (Java: ConsumerManager,
 * ProducerManager).
 */
import type { ConsumerData, SubscriptionData } from '../../protocol/heartbeat.ts'
import type { Connection } from '../../remoting/connection.ts'
import { RemotingError } from '../../remoting/errors.ts'
import type { ClientMember } from './client-member.ts'
import { ConsumerGroupInfo } from './consumer-group-info.ts'

/** Hears that members or topics of a consumer group changed. The group may be empty by now. */
export type GroupChangeListener = (group: ConsumerGroupInfo) => void

/** Hears that a group wants other messages of a topic than before. */
export type SubscriptionChangeListener = (group: string, topic: string) => void

export interface ClientRegistryParts {
  /** Silence after which a client is taken for gone (Java: channelExpiredTimeout). */
  readonly clientExpiryMs: number
  readonly onGroupChange: GroupChangeListener
  /** @default nobody hears of it */
  readonly onSubscriptionChange?: SubscriptionChangeListener | undefined
  /** Hears that a member has said what it wants. @default nobody hears of it */
  readonly onSubscriptions?: ((group: ConsumerGroupInfo) => void) | undefined
}

/** The groups of one connection. */
interface Memberships {
  readonly consumerGroups: Set<string>
  readonly producerGroups: Set<string>
}

export class ClientRegistry {
  readonly #consumers = new Map<string, ConsumerGroupInfo>()
  readonly #producers = new Map<string, Map<Connection, ClientMember>>()
  /** By client id, the connection that came last. */
  readonly #producersById = new Map<string, ClientMember>()
  readonly #memberships = new Map<Connection, Memberships>()
  readonly #clientExpiryMs: number
  readonly #onGroupChange: GroupChangeListener
  readonly #onSubscriptionChange: SubscriptionChangeListener | undefined
  readonly #onSubscriptions: ((group: ConsumerGroupInfo) => void) | undefined

  constructor(parts: ClientRegistryParts) {
    this.#clientExpiryMs = parts.clientExpiryMs
    this.#onGroupChange = parts.onGroupChange
    this.#onSubscriptionChange = parts.onSubscriptionChange
    this.#onSubscriptions = parts.onSubscriptions
  }

  get consumerGroups(): Iterable<ConsumerGroupInfo> {
    return this.#consumers.values()
  }

  /** Names of all producer groups. */
  get producerGroups(): Iterable<string> {
    return this.#producers.keys()
  }

  /** Undefined when none of the group's consumers is connected. */
  consumerGroup(group: string): ConsumerGroupInfo | undefined {
    return this.#consumers.get(group)
  }

  subscriptionOf(group: string, topic: string): SubscriptionData | undefined {
    return this.#consumers.get(group)?.subscriptions.get(topic)
  }

  /** Names of the connected groups that subscribe to a topic. */
  groupsOf(topic: string): string[] {
    const groups = [...this.#consumers.values()]
    return groups.filter(({ subscriptions }) => subscriptions.has(topic)).map(({ name }) => name)
  }

  /** Undefined when none of the group's producers is connected. */
  producers(group: string): ClientMember[] | undefined {
    const members = this.#producers.get(group)
    return members === undefined ? undefined : [...members.values()]
  }

  /** A connected producer by its client id (ProducerManager.findChannel). */
  producerOf(clientId: string): ClientMember | undefined {
    return this.#producersById.get(clientId)
  }

  /**
   * Takes a consumer's heartbeat for one of its groups.
   * @param subscriptions undefined when the heartbeat leaves them out as unchanged
   * @returns true when the group's members or topics changed
   */
  registerConsumer(
    member: ClientMember,
    data: ConsumerData,
    subscriptions: readonly SubscriptionData[] | undefined,
  ): boolean {
    let group = this.#consumers.get(data.groupName)
    if (group === undefined) {
      group = new ConsumerGroupInfo(data.groupName)
      this.#consumers.set(data.groupName, group)
    }
    const isNew = group.join(member, data)
    this.#membershipsOf(member.connection).consumerGroups.add(group.name)
    const isChanged =
      subscriptions !== undefined && this.#subscribe(group, member.connection, subscriptions)
    if (isNew || isChanged) this.#onGroupChange(group)
    return isNew || isChanged
  }

  /**
   * Takes what a member says between its heartbeats. Its last heartbeat may be younger than that:
   * topics and later versions are added, and none is dropped.
   * @returns its group; undefined when it has left that, or when nothing is new
   */
  renewSubscriptions(
    groupName: string,
    connection: Connection,
    subscriptions: readonly SubscriptionData[],
  ): ConsumerGroupInfo | undefined {
    const group = this.#consumers.get(groupName)
    if (group?.has(connection) !== true) return undefined
    const topicCount = group.subscriptions.size
    if (!group.raise(subscriptions, this.#renewalListener(group))) return undefined
    group.raiseWish(connection, subscriptions)
    this.#onSubscriptions?.(group)
    if (group.subscriptions.size > topicCount) {
      // The topic may be one that the client has left: its next heartbeat is to name them all.
      group.fingerprint = undefined
      this.#onGroupChange(group)
    }
    return group
  }

  registerProducer(group: string, member: ClientMember): void {
    let members = this.#producers.get(group)
    if (members === undefined) {
      members = new Map()
      this.#producers.set(group, members)
    }
    members.set(member.connection, member)
    this.#producersById.set(member.clientId, member)
    this.#membershipsOf(member.connection).producerGroups.add(group)
  }

  unregisterConsumer(groupName: string, connection: Connection): void {
    const group = this.#consumers.get(groupName)
    if (group?.leave(connection) !== true) return
    if (group.isEmpty) this.#consumers.delete(groupName)
    else this.#onSubscriptions?.(group)
    this.#memberships.get(connection)?.consumerGroups.delete(groupName)
    this.#onGroupChange(group)
  }

  unregisterProducer(groupName: string, connection: Connection): void {
    const members = this.#producers.get(groupName)
    const member = members?.get(connection)
    if (members === undefined || member === undefined) return
    members.delete(connection)
    if (members.size === 0) this.#producers.delete(groupName)
    const left = this.#memberships.get(connection)?.producerGroups
    left?.delete(groupName)
    const isLast = left === undefined || left.size === 0
    if (isLast && this.#producersById.get(member.clientId)?.connection === connection) {
      this.#producersById.delete(member.clientId)
    }
  }

  /** The clients of a connection and their groups, for the log; undefined when it has none. */
  nameOf(connection: Connection): string | undefined {
    const memberships = this.#memberships.get(connection)
    if (memberships === undefined) return undefined
    const { consumerGroups, producerGroups } = memberships
    const consumers = [...consumerGroups].map((name) => {
      const clientId = this.#consumers.get(name)?.memberOf(connection)?.clientId
      return `consumer ${clientId} of ${name}`
    })
    const producers = [...producerGroups].map((name) => {
      return `producer ${this.#producers.get(name)?.get(connection)?.clientId} of ${name}`
    })
    return [...consumers, ...producers].join(', ')
  }

  /** Takes a connection out of all its groups. */
  onConnectionClosed(connection: Connection): void {
    const memberships = this.#memberships.get(connection)
    if (memberships === undefined) return
    for (const group of [...memberships.consumerGroups]) this.unregisterConsumer(group, connection)
    for (const group of [...memberships.producerGroups]) this.unregisterProducer(group, connection)
    this.#memberships.delete(connection)
  }

  /** Ends the connections of clients that sent no heartbeat for `clientExpiryMs`. */
  expire(nowMs: number): void {
    const beforeMs = nowMs - this.#clientExpiryMs
    const silent = new Set<Connection>()
    for (const group of this.#consumers.values()) {
      for (const { connection } of group.silentSince(beforeMs)) silent.add(connection)
    }
    for (const members of this.#producers.values()) {
      for (const { connection, seenMs } of members.values()) {
        if (seenMs < beforeMs) silent.add(connection)
      }
    }
    for (const connection of silent) {
      const message = `${connection.remoteAddress} sent no heartbeat for ${this.#clientExpiryMs} ms`
      this.onConnectionClosed(connection)
      void connection.destroy(new RemotingError('REMOTING_CONNECTION_IDLE', message))
    }
  }

  /** @returns true when the group's topics changed */
  #subscribe(
    group: ConsumerGroupInfo,
    connection: Connection,
    subscriptions: readonly SubscriptionData[],
  ): boolean {
    const isChanged = group.subscribe(subscriptions, this.#renewalListener(group))
    group.noteWish(connection, subscriptions)
    this.#onSubscriptions?.(group)
    return isChanged
  }

  #renewalListener({ name }: ConsumerGroupInfo): (topic: string) => void {
    return (topic) => this.#onSubscriptionChange?.(name, topic)
  }

  #membershipsOf(connection: Connection): Memberships {
    const known = this.#memberships.get(connection)
    if (known !== undefined) return known
    const memberships = { consumerGroups: new Set<string>(), producerGroups: new Set<string>() }
    this.#memberships.set(connection, memberships)
    return memberships
  }
}
