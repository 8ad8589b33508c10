/** What administrators ask about topics, and do to their entries in the name server. */
import { decodeHeader, encodeHeaderFields } from '../protocol/header-table.ts'
import { decodeBody, encodeBody } from '../protocol/json-shape.ts'
import {
  AddWritePermOfBrokerResponseHeader,
  DeleteTopicFromNamesrvRequestHeader,
  GetTopicsByClusterRequestHeader,
  RegisterTopicBody,
  RegisterTopicRequestHeader,
  TopicList,
  WipeWritePermOfBrokerResponseHeader,
  WritePermOfBrokerRequestHeader,
} from '../protocol/name-server-topic.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import type { RemotingCommand } from '../remoting/remoting-command.ts'
import { createResponse } from '../remoting/remoting-command.ts'
import type { NameServerContext, NameServerHandler } from './name-server-context.ts'
import { addressesFor } from './name-server-context.ts'

/** Bits of a topic's system flag (Java: TopicSysFlag). */
const FLAG_UNIT = 1 << 0
const FLAG_UNIT_SUB = 1 << 1

/** GET_ALL_TOPIC_LIST_FROM_NAMESERVER (206). */
export const getAllTopicList: NameServerHandler = ({ settings, table }, request) => {
  if (!settings.current.enableAllTopicList) return switchedOff(request)
  return topicList(request, table.topics.topics())
}

/** GET_TOPICS_BY_CLUSTER (224): none for an unknown cluster. */
export const getTopicsByCluster: NameServerHandler = (context, request) => {
  const { cluster } = decodeHeader(GetTopicsByClusterRequestHeader, request.extFields)
  const { table } = context
  return listIfEnabled(context, request, () =>
    table.topics.topicsOn(table.clusters().get(cluster) ?? new Set()),
  )
}

/** GET_SYSTEM_TOPIC_LIST_FROM_NS (304): names of clusters and brokers, which are topics too, and
 *  the address of a broker that knows the other system topics. */
export const getSystemTopicList: NameServerHandler = (context, request, connection) => {
  const { table } = context
  const names = [...table.clusters()].flatMap(([cluster, brokers]) => [cluster, ...brokers])
  const address = table.groups()[0]?.members()[0]?.brokerAddress
  const addressFor = addressesFor(context, connection)
  return topicList(request, names, address === undefined ? undefined : addressFor(address))
}

/** GET_UNIT_TOPIC_LIST (311). */
export const getUnitTopicList: NameServerHandler = (context, request) =>
  listWithFlags(context, request, (flags) => (flags & FLAG_UNIT) !== 0)

/** GET_HAS_UNIT_SUB_TOPIC_LIST (312). */
export const getHasUnitSubTopicList: NameServerHandler = (context, request) =>
  listWithFlags(context, request, (flags) => (flags & FLAG_UNIT_SUB) !== 0)

/** GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST (313). */
export const getHasUnitSubUnUnitTopicList: NameServerHandler = (context, request) =>
  listWithFlags(
    context,
    request,
    (flags) => (flags & (FLAG_UNIT | FLAG_UNIT_SUB)) === FLAG_UNIT_SUB,
  )

/** REGISTER_TOPIC_IN_NAMESRV (217): ignored when it names a broker that is not registered. */
export const registerTopic: NameServerHandler = ({ settings, table }, request) => {
  const { topic } = decodeHeader(RegisterTopicRequestHeader, request.extFields)
  const queues =
    request.body.length === 0 ? [] : decodeBody(RegisterTopicBody, request.body).queueDatas
  if (!table.registerTopic(topic, queues)) {
    settings.current.logger.warn(`topic ${topic} is not registered: it names an unknown broker`)
  }
  return createResponse(request, ResponseCode.SUCCESS)
}

/** DELETE_TOPIC_IN_NAMESRV (216). */
export const deleteTopic: NameServerHandler = ({ table }, request) => {
  const header = decodeHeader(DeleteTopicFromNamesrvRequestHeader, request.extFields)
  const { topic, clusterName } = header
  table.deleteTopic(topic, clusterName === '' ? undefined : clusterName)
  return createResponse(request, ResponseCode.SUCCESS)
}

/** WIPE_WRITE_PERM_OF_BROKER (205). */
export const wipeWritePermission: NameServerHandler = (
  { settings, table },
  request,
  connection,
) => {
  const { brokerName } = decodeHeader(WritePermOfBrokerRequestHeader, request.extFields)
  const wipeTopicCount = table.topics.wipeWritePermission(brokerName)
  const { logger } = settings.current
  logger.info(
    `${connection.remoteAddress} made ${wipeTopicCount} topics of ${brokerName} read-only`,
  )
  const extFields = encodeHeaderFields(WipeWritePermOfBrokerResponseHeader, { wipeTopicCount })
  return createResponse(request, ResponseCode.SUCCESS, { extFields })
}

/** ADD_WRITE_PERM_OF_BROKER (327). */
export const addWritePermission: NameServerHandler = ({ settings, table }, request, connection) => {
  const { brokerName } = decodeHeader(WritePermOfBrokerRequestHeader, request.extFields)
  const addTopicCount = table.topics.addWritePermission(brokerName)
  const { logger } = settings.current
  logger.info(`${connection.remoteAddress} made ${addTopicCount} topics of ${brokerName} writable`)
  const extFields = encodeHeaderFields(AddWritePermOfBrokerResponseHeader, { addTopicCount })
  return createResponse(request, ResponseCode.SUCCESS, { extFields })
}

function listWithFlags(
  context: NameServerContext,
  request: RemotingCommand,
  matches: (topicSysFlag: number) => boolean,
): RemotingCommand {
  return listIfEnabled(context, request, () => context.table.topics.topicsWithFlags(matches))
}

function listIfEnabled(
  { settings }: NameServerContext,
  request: RemotingCommand,
  list: () => string[],
): RemotingCommand {
  return settings.current.enableTopicList ? topicList(request, list()) : switchedOff(request)
}

function topicList(
  request: RemotingCommand,
  topics: string[],
  brokerAddress?: string,
): RemotingCommand {
  const body = encodeBody(TopicList, { brokerAddr: brokerAddress, topicList: [...new Set(topics)] })
  return createResponse(request, ResponseCode.SUCCESS, { body })
}

function switchedOff(request: RemotingCommand): RemotingCommand {
  const remark = 'topic lists are switched off in this name server'
  return createResponse(request, ResponseCode.SYSTEM_ERROR, { remark })
}
