/** What clients ask to find brokers. All addresses in the answers are those for the asking peer. */
import {
  BrokerMemberGroupBody,
  ClusterInfo,
  GetBrokerMemberGroupRequestHeader,
} from '../protocol/cluster-info.ts'
import { parseBoolean } from '../protocol/field-value.ts'
import { decodeHeader } from '../protocol/header-table.ts'
import { encodeBody } from '../protocol/json-shape.ts'
import { NAMESPACE_ORDER_TOPIC_CONFIG } from '../protocol/kv-config.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import { GetRouteInfoRequestHeader, TopicRouteData } from '../protocol/topic-route.ts'
import { ZONE_MODE, ZONE_NAME } from '../protocol/zone.ts'
import { createResponse } from '../remoting/remoting-command.ts'
import type { NameServerHandler } from './name-server-context.ts'
import { addressesFor } from './name-server-context.ts'
import { addressesOf, brokerDataOf, routeOf, withinZone } from './route-answer.ts'

/**
 * GET_ROUTEINFO_BY_TOPIC (105). Always standard JSON: the header's `acceptStandardJsonOnly` asks
 * for what every client gets.
 */
export const getRouteInfoByTopic: NameServerHandler = (context, request, connection) => {
  const { extFields } = request
  const { topic } = decodeHeader(GetRouteInfoRequestHeader, extFields)
  const { settings, table, kvConfigs } = context
  if (!context.isReady()) {
    const remark = 'the name server waits for brokers to register'
    return createResponse(request, ResponseCode.SYSTEM_ERROR, { remark })
  }
  const { supportActingMaster, orderMessageEnable } = settings.current
  const addressFor = addressesFor(context, connection)
  const route = routeOf(table, topic, { addressFor, supportActingMaster })
  if (route === undefined) {
    const remark = `no broker has the topic ${topic}`
    return createResponse(request, ResponseCode.TOPIC_NOT_EXIST, { remark })
  }
  const zoneName = extFields.get(ZONE_NAME)?.trim() ?? ''
  const inZone = parseBoolean(extFields.get(ZONE_MODE) ?? '') && zoneName !== ''
  const answer = inZone ? withinZone(route, zoneName) : route
  if (orderMessageEnable) answer.orderTopicConf = kvConfigs.get(NAMESPACE_ORDER_TOPIC_CONFIG, topic)
  const body = encodeBody(TopicRouteData, answer)
  return createResponse(request, ResponseCode.SUCCESS, { body })
}

/** GET_BROKER_CLUSTER_INFO (106). */
export const getBrokerClusterInfo: NameServerHandler = (context, request, connection) => {
  const { table } = context
  const addressFor = addressesFor(context, connection)
  const clusters = [...table.clusters()]
  const body = encodeBody(ClusterInfo, {
    brokerAddrTable: new Map(
      table.groups().map((group) => [group.brokerName, brokerDataOf(group, addressFor)]),
    ),
    clusterAddrTable: new Map(clusters.map(([cluster, names]) => [cluster, [...names]])),
  })
  return createResponse(request, ResponseCode.SUCCESS, { body })
}

/** GET_BROKER_MEMBER_GROUP (901): an unknown group has no members. */
export const getBrokerMemberGroup: NameServerHandler = (context, request, connection) => {
  const header = decodeHeader(GetBrokerMemberGroupRequestHeader, request.extFields)
  const { clusterName, brokerName } = header
  const group = context.table.group(brokerName)
  const brokerAddrs =
    group === undefined
      ? new Map<number, string>()
      : addressesOf(group, addressesFor(context, connection))
  const brokerMemberGroup = { brokerAddrs, brokerName, cluster: clusterName }
  const body = encodeBody(BrokerMemberGroupBody, { brokerMemberGroup })
  return createResponse(request, ResponseCode.SUCCESS, { body })
}
