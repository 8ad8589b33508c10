/**
 * What a name server knows: brokers in their groups and clusters, and the queues of their topics
 * (Java: RouteInfoManager). Nothing here reads a socket, file or clock: the time is handed in.
 *
 *   group (broker name) ──▶ members by broker id ──▶ address, version of topics, last heard
 *   topic               ──▶ broker name          ──▶ queue counts, permission
 *
 * The cluster table and the filter servers of Java's name server follow from the members, so an
 * address that is gone is gone everywhere.
 */
import type { DataVersion } from '../protocol/data-version.ts'
import { sameDataVersion } from '../protocol/data-version.ts'
import type { TopicConfig } from '../protocol/topic-config.ts'
import type { QueueData, TopicQueueMappingInfo } from '../protocol/topic-route.ts'
import { MASTER_ID, PERMISSION } from '../protocol/topic-route.ts'
import type { BrokerMember, BrokerOwner } from './broker-group.ts'
import { BrokerGroup } from './broker-group.ts'
import { TopicTable } from './topic-table.ts'

/** How long a broker that says nothing of its own is believed alive, in milliseconds (Java:
 *  RouteInfoManager.DEFAULT_BROKER_CHANNEL_EXPIRED_TIME). */
export const HEARTBEAT_TIMEOUT_MS = 120_000

/** What a broker says of itself when it registers. */
export interface BrokerRegistration extends Omit<BrokerMember, 'lastHeardMs' | 'filterServers'> {
  readonly zoneName: string | undefined
  /** Undefined for brokers older than this question. */
  readonly enableActingMaster: boolean | undefined
  readonly topics: readonly TopicConfig[]
  /** Queue mappings of static topics, by topic. */
  readonly mappings: ReadonlyMap<string, TopicQueueMappingInfo>
  /** Undefined keeps those of the last registration. */
  readonly filterServers: readonly string[] | undefined
}

/** The lowest broker id of a group changed: who it is now, and who wants to know. */
export interface MinBrokerIdChange {
  readonly brokerName: string
  readonly minBrokerId: number
  readonly minBrokerAddress: string
  readonly offlineBrokerAddress: string | undefined
  readonly haBrokerAddress: string | undefined
  /** Addresses of the brokers to tell. */
  readonly recipients: readonly string[]
}

export type RegisterOutcome =
  | {
      readonly kind: 'registered'
      /** False when the broker was known already. */
      readonly isNew: boolean
      /** The master, when a slave registered and it is alive. */
      readonly master: BrokerMember | undefined
      readonly minBrokerIdChange: MinBrokerIdChange | undefined
    }
  /** Another address holds this id with a newer state: `holder` stays. */
  | { readonly kind: 'conflict'; readonly holder: BrokerMember }
  /** A single topic came before the first full registration. */
  | { readonly kind: 'premature' }

/** A broker that went, with what its group must hear. */
export interface BrokerDeparture {
  readonly member: BrokerMember
  readonly minBrokerIdChange: MinBrokerIdChange | undefined
}

export class RouteTable {
  readonly topics = new TopicTable()
  readonly #groups = new Map<string, BrokerGroup>()
  readonly #clock: () => number

  /** `clock` gives milliseconds that never go back. */
  constructor(clock: () => number) {
    this.#clock = clock
  }

  groups(): readonly BrokerGroup[] {
    return [...this.#groups.values()]
  }

  group(brokerName: string): BrokerGroup | undefined {
    return this.#groups.get(brokerName)
  }

  /** Broker names by cluster. */
  clusters(): Map<string, Set<string>> {
    const clusters = new Map<string, Set<string>>()
    for (const { clusterName, brokerName } of this.#members()) {
      const brokerNames = clusters.get(clusterName) ?? new Set()
      clusters.set(clusterName, brokerNames.add(brokerName))
    }
    return clusters
  }

  /** The version of the topics that a broker registered, undefined for an unknown broker. */
  dataVersionOf(broker: BrokerAddress): DataVersion | undefined {
    return this.#find(broker)?.dataVersion
  }

  /** Takes note that a broker is alive. */
  touch(broker: BrokerAddress): void {
    const member = this.#find(broker)
    if (member !== undefined) member.lastHeardMs = this.#clock()
  }

  /**
   * Registers a broker with its topics. Slaves' topics count only while a slave is the lowest of
   * its group. With `dropMissingTopics`, topics that are not in the registration are forgotten.
   */
  register(registration: BrokerRegistration, dropMissingTopics: boolean): RegisterOutcome {
    const { clusterName, brokerName, brokerId, brokerAddress, topics, dataVersion } = registration
    const known = this.#groups.get(brokerName)
    if (known?.memberWithId(brokerId) === undefined && topics.length === 1) {
      return { kind: 'premature' }
    }
    const group = known ?? new BrokerGroup(clusterName, brokerName)
    this.#groups.set(brokerName, group)
    group.enableActingMaster = registration.enableActingMaster ?? false
    group.zoneName = registration.zoneName
    const minBefore = group.brokerIdMin
    // Its last registration, also when it has changed its id since: a slave that became master.
    const previous = group.memberAt(clusterName, brokerAddress)
    group.removeAddress(brokerAddress, brokerId)
    const holder = group.memberWithId(brokerId)
    if (holder !== undefined && holder.brokerAddress !== brokerAddress) {
      if (holder.dataVersion.stateVersion > dataVersion.stateVersion) {
        return { kind: 'conflict', holder }
      }
    }
    group.add(memberOf(registration, previous, this.#clock()))
    const changed = previous === undefined || !sameDataVersion(previous.dataVersion, dataVersion)
    this.#takeTopics(registration, group, {
      all: changed || holder === undefined,
      dropMissing: dropMissingTopics,
    })
    const isLower = minBefore !== undefined && brokerId < minBefore
    return {
      kind: 'registered',
      isNew: previous === undefined,
      master: brokerId === MASTER_ID ? undefined : group.master,
      minBrokerIdChange: isLower
        ? minChange(group, { ha: registration.haServerAddress })
        : undefined,
    }
  }

  /** Forgets a broker that says farewell; undefined when it is unknown. */
  unregister(brokerName: string, brokerAddress: string): BrokerDeparture | undefined {
    const group = this.#groups.get(brokerName)
    if (group === undefined) return undefined
    const minBefore = group.brokerIdMin
    const [member] = group.removeAddress(brokerAddress)
    if (member === undefined) return undefined
    if (group.size === 0) {
      this.#groups.delete(brokerName)
      this.topics.removeBroker(brokerName)
      return { member, minBrokerIdChange: undefined }
    }
    if (!group.enableActingMaster) return { member, minBrokerIdChange: undefined }
    // Whoever stands in for the master serves reads only.
    if (!group.hasMaster) this.topics.wipeWritePermission(brokerName)
    const wasMin = member.brokerId === minBefore
    const minBrokerIdChange = wasMin ? minChange(group, { offline: brokerAddress }) : undefined
    return { member, minBrokerIdChange }
  }

  /** Forgets all brokers that registered over a connection that is gone. */
  ownerGone(owner: BrokerOwner): BrokerDeparture[] {
    return this.#forgetWhere((member) => member.owner === owner)
  }

  /** Forgets all brokers that were not heard of for their timeout. */
  expire(): BrokerDeparture[] {
    const nowMs = this.#clock()
    return this.#forgetWhere(
      ({ lastHeardMs, heartbeatTimeoutMs }) => lastHeardMs + heartbeatTimeoutMs < nowMs,
    )
  }

  /** True when a broker that is alive registered over `owner`. */
  hasBrokerOf(owner: BrokerOwner): boolean {
    return this.#members().some((member) => member.owner === owner)
  }

  /** Adds queues to a topic on behalf of an administrator; false when a broker is unknown. */
  registerTopic(topic: string, queues: readonly QueueData[]): boolean {
    if (!queues.every(({ brokerName }) => this.#groups.has(brokerName))) return false
    for (const row of queues) this.topics.put(topic, row)
    return true
  }

  /** Forgets a topic, in one cluster if one is named. */
  deleteTopic(topic: string, clusterName: string | undefined): void {
    if (clusterName === undefined) this.topics.remove(topic)
    else this.topics.remove(topic, this.clusters().get(clusterName) ?? [])
  }

  #members(): BrokerMember[] {
    return this.groups().flatMap((group) => group.members())
  }

  #find({ clusterName, brokerName, brokerAddress }: BrokerAddress): BrokerMember | undefined {
    return this.#groups.get(brokerName)?.memberAt(clusterName, brokerAddress)
  }

  #forgetWhere(matches: (member: BrokerMember) => boolean): BrokerDeparture[] {
    return this.#members()
      .filter(matches)
      .flatMap(({ brokerName, brokerAddress }) => this.unregister(brokerName, brokerAddress) ?? [])
  }

  #takeTopics(
    registration: BrokerRegistration,
    group: BrokerGroup,
    take: { readonly all: boolean; readonly dropMissing: boolean },
  ): void {
    const { brokerName, brokerId, enableActingMaster, topics, mappings } = registration
    const isMaster = brokerId === MASTER_ID
    const isPrimeSlave =
      !isMaster && enableActingMaster !== undefined && brokerId === group.brokerIdMin
    if (!isMaster && !isPrimeSlave) return
    if (take.dropMissing && mappings.size === 0) {
      this.topics.removeBroker(brokerName, new Set(topics.map(({ topicName }) => topicName)))
    }
    const readOnly = isPrimeSlave && group.enableActingMaster
    for (const topic of topics) {
      const isKnown = this.topics.queuesOf(topic.topicName)?.has(brokerName) ?? false
      if (isKnown && !take.all) continue
      this.topics.put(topic.topicName, queuesOf(brokerName, topic, readOnly))
    }
    if (!take.all) return
    for (const [topic, mapping] of mappings) {
      this.topics.putMapping(topic, mapping.bname ?? brokerName, mapping)
    }
  }
}

/** A broker as its requests name it. */
export interface BrokerAddress {
  readonly clusterName: string
  readonly brokerName: string
  readonly brokerAddress: string
}

function memberOf(
  registration: BrokerRegistration,
  previous: BrokerMember | undefined,
  nowMs: number,
): BrokerMember {
  const { clusterName, brokerName, brokerId, brokerAddress, haServerAddress } = registration
  return {
    clusterName,
    brokerName,
    brokerId,
    brokerAddress,
    haServerAddress,
    dataVersion: registration.dataVersion,
    filterServers: registration.filterServers ?? previous?.filterServers ?? [],
    heartbeatTimeoutMs: registration.heartbeatTimeoutMs,
    lastHeardMs: nowMs,
    owner: registration.owner,
  }
}

function queuesOf(brokerName: string, topic: TopicConfig, readOnly: boolean): QueueData {
  return {
    brokerName,
    readQueueNums: topic.readQueueNums,
    writeQueueNums: topic.writeQueueNums,
    perm: readOnly ? topic.perm & ~PERMISSION.WRITE : topic.perm,
    topicSysFlag: topic.topicSysFlag,
  }
}

/** Whom to tell: all who are left when one went, all but the new one when one came. */
function minChange(
  group: BrokerGroup,
  cause: { readonly offline: string } | { readonly ha: string },
): MinBrokerIdChange | undefined {
  const minBrokerId = group.brokerIdMin
  const min = minBrokerId === undefined ? undefined : group.memberWithId(minBrokerId)
  if (min === undefined) return undefined
  const offlineBrokerAddress = 'offline' in cause ? cause.offline : undefined
  const recipients = group
    .members()
    .filter((member) => offlineBrokerAddress !== undefined || group.size === 1 || member !== min)
    .map(({ brokerAddress }) => brokerAddress)
  return {
    brokerName: group.brokerName,
    minBrokerId: min.brokerId,
    minBrokerAddress: min.brokerAddress,
    offlineBrokerAddress,
    haBrokerAddress: 'ha' in cause ? cause.ha : undefined,
    recipients,
  }
}
