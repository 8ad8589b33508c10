/**
 * What a broker tells a name server: REGISTER_BROKER (103), UNREGISTER_BROKER (104),
 * QUERY_DATA_VERSION (322), BROKER_HEARTBEAT (904).
 */
import { DataVersion } from './data-version.ts'
import type { HeaderOf } from './header-table.ts'
import { optional, required, withDefault } from './header-table.ts'
import type { ShapeOf } from './json-shape.ts'
import { list, object, optional as optionalMember, text, textMap } from './json-shape.ts'
import { TopicConfig } from './topic-config.ts'
import { TopicQueueMappingInfo } from './topic-route.ts'

/** Java: RegisterBrokerRequestHeader. The broker's zone is an ext field of its own, see zone.ts. */
export const RegisterBrokerRequestHeader = {
  brokerName: required('string'),
  brokerAddr: required('string'),
  clusterName: required('string'),
  haServerAddr: required('string'),
  brokerId: required('int64'),
  heartbeatTimeoutMillis: optional('int64'),
  enableActingMaster: optional('boolean'),
  /** The body is deflated, see register-broker-body.ts. */
  compressed: withDefault('boolean', false),
  /** CRC32 of the body as it is sent; 0 is not checked. */
  bodyCrc32: withDefault('int32', 0),
} as const
export type RegisterBrokerRequestHeader = HeaderOf<typeof RegisterBrokerRequestHeader>

/** Java: RegisterBrokerResponseHeader. The body may be a `KVTable` of ordered topics. */
export const RegisterBrokerResponseHeader = {
  haServerAddr: optional('string'),
  masterAddr: optional('string'),
} as const
export type RegisterBrokerResponseHeader = HeaderOf<typeof RegisterBrokerResponseHeader>

/** All topics of a broker (Java: TopicConfigAndMappingSerializeWrapper). */
export const TopicConfigAndMapping = object({
  dataVersion: optionalMember(DataVersion),
  mappingDataVersion: optionalMember(DataVersion),
  topicConfigTable: textMap(TopicConfig),
  /** Static topics: Java reads it back, name servers do not use it. */
  topicQueueMappingDetailMap: textMap(object({})),
  topicQueueMappingInfoMap: textMap(TopicQueueMappingInfo),
})
export type TopicConfigAndMapping = ShapeOf<typeof TopicConfigAndMapping>

/** Java: RegisterBrokerBody. */
export const RegisterBrokerBody = object({
  filterServerList: list(text),
  topicConfigSerializeWrapper: TopicConfigAndMapping,
})
export type RegisterBrokerBody = ShapeOf<typeof RegisterBrokerBody>

/** Java: UnRegisterBrokerRequestHeader. */
export const UnregisterBrokerRequestHeader = {
  brokerName: required('string'),
  brokerAddr: required('string'),
  clusterName: required('string'),
  brokerId: required('int64'),
} as const
export type UnregisterBrokerRequestHeader = HeaderOf<typeof UnregisterBrokerRequestHeader>

/** Java: QueryDataVersionRequestHeader. The body is a `DataVersion`, also of the response. */
export const QueryDataVersionRequestHeader = UnregisterBrokerRequestHeader
export type QueryDataVersionRequestHeader = UnregisterBrokerRequestHeader

/** Java: QueryDataVersionResponseHeader. */
export const QueryDataVersionResponseHeader = { changed: required('boolean') } as const
export type QueryDataVersionResponseHeader = HeaderOf<typeof QueryDataVersionResponseHeader>

/** Java: BrokerHeartbeatRequestHeader. */
export const BrokerHeartbeatRequestHeader = {
  clusterName: required('string'),
  brokerAddr: required('string'),
  brokerName: required('string'),
  brokerId: optional('int64'),
  epoch: optional('int32'),
  maxOffset: optional('int64'),
  confirmOffset: optional('int64'),
  /** Java's own spelling. */
  heartbeatTimeoutMills: optional('int64'),
  electionPriority: optional('int32'),
} as const
export type BrokerHeartbeatRequestHeader = HeaderOf<typeof BrokerHeartbeatRequestHeader>
