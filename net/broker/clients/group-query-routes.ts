/** What admin tools ask about groups and who is in them (AdminBrokerProcessor). */
import { QueryTopicsByConsumerRequestHeader } from '../../protocol/connections.ts'
import {
  ProducerTableInfo,
  QuerySubscriptionRequestHeader,
  QuerySubscriptionResponseBody,
} from '../../protocol/group-query.ts'
import { decodeHeader } from '../../protocol/header-table.ts'
import { encodeBody } from '../../protocol/json-shape.ts'
import { TopicList } from '../../protocol/name-server-topic.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { createResponse, type RemotingCommand } from '../../remoting/remoting-command.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import type { Route } from '../routes.ts'
import type { ClientRegistry } from './client-registry.ts'

export interface GroupQueryParts {
  /** `host:port` under which the broker is registered. */
  readonly brokerAddress: string
  readonly clients: ClientRegistry
  readonly offsets: ConsumerOffsets
}

export function groupQueryRoutes(parts: GroupQueryParts): readonly Route[] {
  const { clients } = parts
  return [
    [RequestCode.QUERY_TOPICS_BY_CONSUMER, (request) => topicsOfGroup(parts, request)],
    [RequestCode.QUERY_SUBSCRIPTION_BY_CONSUMER, (request) => subscription(clients, request)],
    [RequestCode.GET_ALL_PRODUCER_INFO, (request) => allProducers(clients, request)],
  ]
}

function topicsOfGroup(
  { brokerAddress, offsets }: GroupQueryParts,
  request: RemotingCommand,
): RemotingCommand {
  const { group } = decodeHeader(QueryTopicsByConsumerRequestHeader, request.extFields)
  const topicList = offsets.topicsOf(group)
  const body = encodeBody(TopicList, { brokerAddr: brokerAddress, topicList })
  return createResponse(request, ResponseCode.SUCCESS, { body })
}

function subscription(clients: ClientRegistry, request: RemotingCommand): RemotingCommand {
  const { group, topic } = decodeHeader(QuerySubscriptionRequestHeader, request.extFields)
  const subscriptionData = clients.subscriptionOf(group, topic ?? '')
  const body = encodeBody(QuerySubscriptionResponseBody, { group, subscriptionData, topic })
  return createResponse(request, ResponseCode.SUCCESS, { body })
}

function allProducers(clients: ClientRegistry, request: RemotingCommand): RemotingCommand {
  const data: ProducerTableInfo['data'] = new Map()
  for (const group of clients.producerGroups) {
    const members = clients.producers(group) ?? []
    const rows = members.map(({ connection, clientId, language, version, seenMs }) => {
      const remoteIP = `/${connection.remoteAddress}`
      return { clientId, language, lastUpdateTimestamp: seenMs, remoteIP, version }
    })
    data.set(group, rows)
  }
  const body = encodeBody(ProducerTableInfo, { data })
  return createResponse(request, ResponseCode.SUCCESS, { body })
}
