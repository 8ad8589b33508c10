/**
 * Heartbeats and who is connected (ClientManageProcessor, ConsumerManageProcessor and the
 * connection lists of AdminBrokerProcessor).
 */
import {
  ConsumerConnection,
  GetConsumerConnectionListRequestHeader,
  GetProducerConnectionListRequestHeader,
  GroupList,
  ProducerConnection,
  QueryTopicConsumeByWhoRequestHeader,
} from '../../protocol/connections.ts'
import { ConsumerList, GetConsumerListByGroupRequestHeader } from '../../protocol/consumer-list.ts'
import { decodeHeader } from '../../protocol/header-table.ts'
import { CheckClientRequestBody, UnregisterClientRequestHeader } from '../../protocol/heartbeat.ts'
import { decodeBody, encodeBody } from '../../protocol/json-shape.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import type { Connection } from '../../remoting/connection.ts'
import { createResponse, type RemotingCommand } from '../../remoting/remoting-command.ts'
import type { RequestHandler } from '../../remoting/request-routes.ts'
import { BrokerError } from '../broker-error.ts'
import { checkEnabled, compileExpression, isTagType } from '../filter/filter-expression.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import type { BrokerConfig } from '../options/broker-options.ts'
import { clientConnectionOf } from './client-member.ts'
import type { ClientRegistry } from './client-registry.ts'
import { HeartbeatHandler, type HeartbeatParts } from './heartbeat-handler.ts'
import { differenceOf } from './subscription-consistency.ts'

export interface ClientRouteParts extends HeartbeatParts {
  readonly offsets: ConsumerOffsets
  readonly config: Pick<BrokerConfig, 'enablePropertyFilter'>
}

export function clientRoutes(
  parts: ClientRouteParts,
): readonly (readonly [number, RequestHandler])[] {
  const { clients, offsets, config } = parts
  const heartbeats = new HeartbeatHandler(parts)
  return [
    [RequestCode.HEART_BEAT, (request, connection) => heartbeats.handle(request, connection)],
    [
      RequestCode.UNREGISTER_CLIENT,
      (request, connection) => unregister(clients, request, connection),
    ],
    [RequestCode.CHECK_CLIENT_CONFIG, (request) => checkClientConfig(config, request)],
    [RequestCode.GET_CONSUMER_LIST_BY_GROUP, (request) => consumerList(clients, request)],
    [RequestCode.GET_CONSUMER_CONNECTION_LIST, (request) => consumers(clients, request)],
    [RequestCode.GET_PRODUCER_CONNECTION_LIST, (request) => producers(clients, request)],
    [RequestCode.QUERY_TOPIC_CONSUME_BY_WHO, (request) => groupsOf(clients, offsets, request)],
  ]
}

function unregister(
  clients: ClientRegistry,
  request: RemotingCommand,
  connection: Connection,
): RemotingCommand {
  const header = decodeHeader(UnregisterClientRequestHeader, request.extFields)
  const { consumerGroup, producerGroup } = header
  if (producerGroup !== undefined) clients.unregisterProducer(producerGroup, connection)
  if (consumerGroup !== undefined) clients.unregisterConsumer(consumerGroup, connection)
  return createResponse(request, ResponseCode.SUCCESS)
}

/** Consumers ask at their start, and fail there when their filter is refused. */
function checkClientConfig(
  config: ClientRouteParts['config'],
  request: RemotingCommand,
): RemotingCommand {
  const { subscriptionData } = decodeBody(CheckClientRequestBody, request.body)
  const { expressionType, subString } = subscriptionData
  checkEnabled(expressionType, config.enablePropertyFilter)
  if (!isTagType(expressionType)) compileExpression(expressionType, subString)
  return createResponse(request, ResponseCode.SUCCESS)
}

function consumerList(clients: ClientRegistry, request: RemotingCommand): RemotingCommand {
  const { consumerGroup } = decodeHeader(GetConsumerListByGroupRequestHeader, request.extFields)
  const consumerIdList = clients.consumerGroup(consumerGroup)?.clientIds
  if (consumerIdList === undefined) {
    const remark = `no consumer for this group, ${consumerGroup}`
    throw new BrokerError(ResponseCode.SYSTEM_ERROR, remark)
  }
  const body = encodeBody(ConsumerList, { consumerIdList })
  return createResponse(request, ResponseCode.SUCCESS, { body })
}

/** The remark, which Java leaves empty, says which consumers of the group differ in what. */
function consumers(clients: ClientRegistry, request: RemotingCommand): RemotingCommand {
  const { consumerGroup } = decodeHeader(GetConsumerConnectionListRequestHeader, request.extFields)
  const group = clients.consumerGroup(consumerGroup)
  if (group === undefined) {
    const remark = `the consumer group[${consumerGroup}] not online`
    throw new BrokerError(ResponseCode.CONSUMER_NOT_ONLINE, remark)
  }
  const { consumeFromWhere, consumeType, messageModel, subscriptions } = group
  const body = encodeBody(ConsumerConnection, {
    connectionSet: [...group.members].map(clientConnectionOf),
    consumeFromWhere,
    consumeType,
    messageModel,
    subscriptionTable: new Map(subscriptions),
  })
  const remark = differenceOf(group)
  return createResponse(request, ResponseCode.SUCCESS, { body, remark })
}

function producers(clients: ClientRegistry, request: RemotingCommand): RemotingCommand {
  const { producerGroup } = decodeHeader(GetProducerConnectionListRequestHeader, request.extFields)
  const members = clients.producers(producerGroup)
  if (members === undefined) {
    const remark = `the producer group[${producerGroup}] not exist`
    throw new BrokerError(ResponseCode.SYSTEM_ERROR, remark)
  }
  const body = encodeBody(ProducerConnection, { connectionSet: members.map(clientConnectionOf) })
  return createResponse(request, ResponseCode.SUCCESS, { body })
}

/** Groups that subscribe to a topic now, or have read of it. */
function groupsOf(
  clients: ClientRegistry,
  offsets: ConsumerOffsets,
  request: RemotingCommand,
): RemotingCommand {
  const { topic } = decodeHeader(QueryTopicConsumeByWhoRequestHeader, request.extFields)
  const groupList = [...new Set([...clients.groupsOf(topic), ...offsets.groupsOf(topic)])]
  const body = encodeBody(GroupList, { groupList })
  return createResponse(request, ResponseCode.SUCCESS, { body })
}
