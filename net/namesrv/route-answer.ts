/** What clients are told of brokers: routes, addresses and groups, taken from the route table. */
import type { BrokerData, QueueData, TopicRouteData } from '../protocol/topic-route.ts'
import { MASTER_ID, PERMISSION } from '../protocol/topic-route.ts'
import type { BrokerGroup } from './broker-group.ts'
import type { RouteTable } from './route-table.ts'

/** Topics by which brokers of one group find each other: they want to see who is really there
 *  (Java: TopicValidator.SYNC_BROKER_MEMBER_GROUP_PREFIX). */
const MEMBER_GROUP_TOPIC_PREFIX = 'rmq_sys_SYNC_BROKER_MEMBER_'

/** The address under which the asking peer reaches a broker. */
export type AddressFor = (brokerAddress: string) => string

export interface RouteQuestion {
  readonly addressFor: AddressFor
  /** Shows the lowest slave of a group without master as its master. */
  readonly supportActingMaster: boolean
}

/** The route of a topic, undefined when no broker has it (Java: pickupTopicRouteData). */
export function routeOf(
  table: RouteTable,
  topic: string,
  { addressFor, supportActingMaster }: RouteQuestion,
): TopicRouteData | undefined {
  const queues = table.topics.queuesOf(topic)
  if (queues === undefined) return undefined
  const groups = [...queues.keys()].flatMap((brokerName) => table.group(brokerName) ?? [])
  if (groups.length === 0) return undefined
  const showActing = supportActingMaster && !topic.startsWith(MEMBER_GROUP_TOPIC_PREFIX)
  const mappings = table.topics.mappingsOf(topic)
  return {
    brokerDatas: groups.map((group) => {
      const data = brokerDataOf(group, addressFor)
      return showActing ? withActingMaster(data, queues.get(group.brokerName)) : data
    }),
    filterServerTable: new Map(groups.flatMap((group) => filterServersOf(group, addressFor))),
    orderTopicConf: undefined,
    queueDatas: [...queues.values()],
    topicQueueMappingByBroker: mappings === undefined ? undefined : new Map(mappings),
  }
}

/** The addresses of a group. */
export function brokerDataOf(group: BrokerGroup, addressFor: AddressFor): BrokerData {
  return {
    brokerAddrs: addressesOf(group, addressFor),
    brokerName: group.brokerName,
    cluster: group.cluster,
    enableActingMaster: group.enableActingMaster,
    zoneName: group.zoneName,
  }
}

/** Addresses by broker id, as the asking peer reaches them. */
export function addressesOf(group: BrokerGroup, addressFor: AddressFor): Map<number, string> {
  return new Map(
    [...group.addresses()].map(([brokerId, address]) => [brokerId, addressFor(address)]),
  )
}

/**
 * Leaves out the brokers of other zones, except groups without a master, whose slaves serve
 * everybody (Java: ZoneRouteRPCHook).
 */
export function withinZone(route: TopicRouteData, zoneName: string): TopicRouteData {
  const wanted = zoneName.toLowerCase()
  const [near, far] = partition(
    route.brokerDatas,
    (data) => !data.brokerAddrs.has(MASTER_ID) || data.zoneName?.toLowerCase() === wanted,
  )
  const farNames = new Set(far.map(({ brokerName }) => brokerName))
  const farAddresses = new Set(far.flatMap(({ brokerAddrs }) => [...brokerAddrs.values()]))
  const filterServers = [...route.filterServerTable].filter(
    ([address]) => !farAddresses.has(address),
  )
  return {
    ...route,
    brokerDatas: near,
    filterServerTable: new Map(filterServers),
    queueDatas: route.queueDatas.filter(({ brokerName }) => !farNames.has(brokerName)),
  }
}

function filterServersOf(group: BrokerGroup, addressFor: AddressFor): [string, string[]][] {
  return group
    .members()
    .filter(({ filterServers }) => filterServers.length > 0)
    .map(({ brokerAddress, filterServers }) => [addressFor(brokerAddress), [...filterServers]])
}

/** A slave stands in only where its topics are read-only already: it must not be written to. */
function withActingMaster(data: BrokerData, queues: QueueData | undefined): BrokerData {
  const { brokerAddrs, enableActingMaster } = data
  if (!enableActingMaster || brokerAddrs.size === 0 || brokerAddrs.has(MASTER_ID)) return data
  if (queues === undefined || (queues.perm & PERMISSION.WRITE) !== 0) return data
  const actingId = Math.min(...brokerAddrs.keys())
  const addresses = [...brokerAddrs].map(([brokerId, address]): [number, string] => [
    brokerId === actingId ? MASTER_ID : brokerId,
    address,
  ])
  return { ...data, brokerAddrs: new Map(addresses) }
}

function partition<T>(items: readonly T[], matches: (item: T) => boolean): [T[], T[]] {
  return [items.filter(matches), items.filter((item) => !matches(item))]
}
