/**
 * GET_ROUTEINFO_BY_TOPIC (105). Written as standard JSON with quoted keys, which clients in every
 * language read; fastjson's bare keys are read too.
 */

import type { HeaderOf } from './header-table.ts'
import { optional, required } from './header-table.ts'
import type { ShapeOf } from './json-shape.ts'
import {
  boolean,
  int32,
  int64,
  list,
  numberMap,
  object,
  optional as optionalMember,
  text,
  textMap,
  withDefault,
} from './json-shape.ts'

/** The broker id of a master (Java: MixAll.MASTER_ID). */
export const MASTER_ID = 0

/** Java: GetRouteInfoRequestHeader. */
export const GetRouteInfoRequestHeader = {
  topic: required('string'),
  acceptStandardJsonOnly: optional('boolean'),
} as const
export type GetRouteInfoRequestHeader = HeaderOf<typeof GetRouteInfoRequestHeader>

/** Java: BrokerData. */
export const BrokerData = object({
  /** Broker id to `host:port`. */
  brokerAddrs: numberMap(text),
  brokerName: text,
  cluster: withDefault(text, ''),
  enableActingMaster: boolean,
  zoneName: optionalMember(text),
})
export type BrokerData = ShapeOf<typeof BrokerData>

/** Java: QueueData. */
export const QueueData = object({
  brokerName: text,
  /** Bits of {@link PERMISSION}. */
  perm: int32,
  readQueueNums: int32,
  topicSysFlag: int32,
  writeQueueNums: int32,
})
export type QueueData = ShapeOf<typeof QueueData>

/** Queues of a static topic on one broker (Java: TopicQueueMappingInfo). */
export const TopicQueueMappingInfo = object({
  bname: optionalMember(text),
  /** Logical to physical queue id. */
  currIdMap: numberMap(int32),
  dirty: boolean,
  /** Time of the last remapping, in milliseconds. */
  epoch: int64,
  scope: optionalMember(text),
  topic: optionalMember(text),
  totalQueues: int32,
})
export type TopicQueueMappingInfo = ShapeOf<typeof TopicQueueMappingInfo>

/** The body of the response (Java: TopicRouteData). */
export const TopicRouteData = object({
  brokerDatas: list(BrokerData),
  /** Broker address to addresses of filter servers; always there, always empty. */
  filterServerTable: textMap(list(text)),
  /** `broker:queues;broker:queues` of an ordered topic. */
  orderTopicConf: optionalMember(text),
  queueDatas: list(QueueData),
  topicQueueMappingByBroker: optionalMember(textMap(TopicQueueMappingInfo)),
})
export type TopicRouteData = ShapeOf<typeof TopicRouteData>

/** Bits of a topic's permission (Java: PermName). */
export const PERMISSION = Object.freeze({
  INHERIT: 1 << 0,
  WRITE: 1 << 1,
  READ: 1 << 2,
  PRIORITY: 1 << 3,
} as const)
