/** QUERY_CONSUMER_OFFSET (14), UPDATE_CONSUMER_OFFSET (15), GET_ALL_CONSUMER_OFFSET (43). */
import { decodeMessage } from '../../../engine/format/stored-message.ts'
import type { ThreadedStore } from '../../../workers/threaded-store.ts'
import {
  ConsumerOffsetTable,
  QueryConsumerOffsetRequestHeader,
  QueryConsumerOffsetResponseHeader,
  UpdateConsumerOffsetRequestHeader,
} from '../../protocol/consumer-offset.ts'
import { decodeHeader, encodeHeaderFields } from '../../protocol/header-table.ts'
import { encodeBody } from '../../protocol/json-shape.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import type { Connection } from '../../remoting/connection.ts'
import { createResponse, type RemotingCommand } from '../../remoting/remoting-command.ts'
import { BrokerError } from '../broker-error.ts'
import type { Route } from '../routes.ts'
import type { SubscriptionGroups } from '../subscriptions/subscription-groups.ts'
import type { TopicConfigs } from '../topics/topic-configs.ts'
import type { ConsumerOffsets } from './consumer-offsets.ts'

export interface OffsetRouteParts {
  readonly offsets: ConsumerOffsets
  readonly groups: SubscriptionGroups
  readonly topics: TopicConfigs
  readonly store: ThreadedStore
}

export function offsetRoutes(parts: OffsetRouteParts): readonly Route[] {
  return [
    [RequestCode.QUERY_CONSUMER_OFFSET, (request) => queryOffset(parts, request)],
    [
      RequestCode.UPDATE_CONSUMER_OFFSET,
      (request, connection) => updateOffset(parts, request, connection),
    ],
    [RequestCode.GET_ALL_CONSUMER_OFFSET, (request) => allOffsets(parts.offsets, request)],
  ]
}

async function queryOffset(
  parts: OffsetRouteParts,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const header = decodeHeader(QueryConsumerOffsetRequestHeader, request.extFields)
  const { consumerGroup, topic, queueId } = header
  const offset = parts.offsets.get(consumerGroup, topic, queueId)
  if (offset >= 0) return offsetResponse(request, offset)
  if (header.setZeroIfNotFound === false) {
    const remark = 'Not found, do not set to zero, maybe this group boot first'
    throw new BrokerError(ResponseCode.QUERY_NOT_FOUND, remark)
  }
  if (await startsInMemory(parts, topic, queueId)) return offsetResponse(request, 0)
  const remark = 'Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first'
  throw new BrokerError(ResponseCode.QUERY_NOT_FOUND, remark)
}

/**
 * Whether the queue is so young that its first message is still in memory: a new group then begins
 * with it even when it asked for the end, so that the first messages of a topic are never lost.
 */
async function startsInMemory(
  { topics, store }: OffsetRouteParts,
  topic: string,
  queueId: number,
): Promise<boolean> {
  // The store would begin a queue for whatever it is asked for.
  if (topics.find(topic)?.hasQueue(queueId) !== true) return false
  if (store.maxQueueOffset(topic, queueId) === 0) return false
  if (store.minQueueOffset(topic, queueId) > 0) return false
  const first = await store.read(topic, queueId, { queueOffset: 0, messageCountMax: 1 })
  // The first message is so new that reput has not built its unit.
  if (first.messageCount === 0) return true
  const { physicalOffset } = decodeMessage(first.records)
  return store.reader.isCountedAsHot(physicalOffset)
}

function updateOffset(
  { offsets, groups, topics }: OffsetRouteParts,
  request: RemotingCommand,
  connection: Connection,
): RemotingCommand {
  const header = decodeHeader(UpdateConsumerOffsetRequestHeader, request.extFields)
  const { consumerGroup, topic, queueId, commitOffset } = header
  if (groups.get(consumerGroup) === undefined) {
    const remark = `Group ${consumerGroup} not exist!`
    throw new BrokerError(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, remark)
  }
  if (topics.find(topic) === undefined) {
    throw new BrokerError(ResponseCode.TOPIC_NOT_EXIST, `Topic ${topic} not exist!`)
  }
  if (offsets.isReset(consumerGroup, topic, queueId)) {
    const remark = 'Offset has been previously reset'
    return createResponse(request, ResponseCode.SUCCESS, { remark })
  }
  offsets.commit(consumerGroup, topic, queueId, commitOffset, connection.remoteAddress)
  return createResponse(request, ResponseCode.SUCCESS)
}

function allOffsets(offsets: ConsumerOffsets, request: RemotingCommand): RemotingCommand {
  const body = encodeBody(ConsumerOffsetTable, offsets.table())
  return createResponse(request, ResponseCode.SUCCESS, { body })
}

function offsetResponse(request: RemotingCommand, offset: number): RemotingCommand {
  const extFields = encodeHeaderFields(QueryConsumerOffsetResponseHeader, { offset })
  return createResponse(request, ResponseCode.SUCCESS, { extFields })
}
