/** GET_BROKER_CLUSTER_INFO (106) and GET_BROKER_MEMBER_GROUP (901). */

import type { HeaderOf } from './header-table.ts'
import { required } from './header-table.ts'
import type { ShapeOf } from './json-shape.ts'
import { list, numberMap, object, optional, text, textMap } from './json-shape.ts'
import { BrokerData } from './topic-route.ts'

/** The body of code 106's response (Java: ClusterInfo). */
export const ClusterInfo = object({
  /** Broker name to its addresses. */
  brokerAddrTable: textMap(BrokerData),
  /** Cluster name to broker names. */
  clusterAddrTable: textMap(list(text)),
})
export type ClusterInfo = ShapeOf<typeof ClusterInfo>

/** Java: GetBrokerMemberGroupRequestHeader. */
export const GetBrokerMemberGroupRequestHeader = {
  clusterName: required('string'),
  brokerName: required('string'),
} as const
export type GetBrokerMemberGroupRequestHeader = HeaderOf<typeof GetBrokerMemberGroupRequestHeader>

/** Java: BrokerMemberGroup. */
export const BrokerMemberGroup = object({
  /** Broker id to `host:port`. */
  brokerAddrs: numberMap(text),
  brokerName: text,
  cluster: text,
})
export type BrokerMemberGroup = ShapeOf<typeof BrokerMemberGroup>

/** The body of code 901's response (Java: GetBrokerMemberGroupResponseBody). */
export const BrokerMemberGroupBody = object({ brokerMemberGroup: optional(BrokerMemberGroup) })
export type BrokerMemberGroupBody = ShapeOf<typeof BrokerMemberGroupBody>
