/**
 * Look-ups: by key (12), by id (33), offsets of a queue by time and at its ends (29-32), and its
 * units (321) (QueryMessageProcessor, AdminBrokerProcessor).
 */
import { indexKeyHash, indexTagHash } from '../../../engine/format/index-format.ts'
import { decodeMessage } from '../../../engine/format/stored-message.ts'
import type { ThreadedStore } from '../../../workers/threaded-store.ts'
import { decodeHeader, encodeHeaderFields } from '../../protocol/header-table.ts'
import {
  GetEarliestMsgStoretimeRequestHeader,
  GetEarliestMsgStoretimeResponseHeader,
  GetMaxOffsetRequestHeader,
  GetMinOffsetRequestHeader,
  QueueOffsetResponseHeader,
  SearchOffsetRequestHeader,
} from '../../protocol/queue-offset.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import {
  QueryMessageRequestHeader,
  QueryMessageResponseHeader,
  ViewMessageRequestHeader,
} from '../../protocol/view-message.ts'
import { createResponse, type RemotingCommand } from '../../remoting/remoting-command.ts'
import { BrokerError } from '../broker-error.ts'
import type { Route } from '../routes.ts'
import { offsetAtTime } from './offset-at-time.ts'
import { type QueueUnitParts, queryQueueUnits } from './queue-unit-query.ts'
import { ReputWait } from './reput-wait.ts'

/** Most messages of a query by unique key (`defaultQueryMaxNum`). */
const UNIQUE_KEY_COUNT_MAX = 32
/** Most messages of any query (`maxMsgsNumBatch`). */
const QUERY_COUNT_MAX = 64
const INDEX_TYPE_TAG = 'T'
const NOT_FOUND = -1

export type QueryRouteParts = QueueUnitParts

export function queryRoutes(parts: QueryRouteParts): readonly Route[] {
  const { store } = parts
  const reputWait = new ReputWait(store)
  return [
    [
      RequestCode.QUERY_MESSAGE,
      async (request) => {
        await reputWait.caughtUp()
        return queryMessage(store, request)
      },
    ],
    [RequestCode.VIEW_MESSAGE_BY_ID, (request) => viewMessage(store, request)],
    [RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, (request) => searchOffset(parts, request)],
    [RequestCode.GET_MAX_OFFSET, (request) => maxOffset(parts, request)],
    [RequestCode.GET_MIN_OFFSET, (request) => minOffset(parts, request)],
    [RequestCode.GET_EARLIEST_MSG_STORETIME, (request) => earliestTime(parts, request)],
    [RequestCode.QUERY_CONSUME_QUEUE, (request) => queryQueueUnits(parts, request)],
  ]
}

async function queryMessage(
  store: ThreadedStore,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const header = decodeHeader(QueryMessageRequestHeader, request.extFields)
  const { topic, key, beginTimestamp, endTimestamp } = header
  const isTag = header.indexType === INDEX_TYPE_TAG
  const countMax = header._UNIQUE_KEY_QUERY ? UNIQUE_KEY_COUNT_MAX : header.maxNum
  const matches = await store.queries.findByKey({
    keyHash: isTag ? indexTagHash(topic, key) : indexKeyHash(topic, key),
    beginTimestampMs: beginTimestamp,
    endTimestampMs: endTimestamp,
    countMax: Math.max(0, Math.min(countMax, QUERY_COUNT_MAX)),
  })
  const records: Buffer[] = []
  for (const offset of matches.physicalOffsets.sort((left, right) => left - right)) {
    const record = await store.readRecord(offset)
    if (record !== undefined) records.push(record)
  }
  const extFields = encodeHeaderFields(QueryMessageResponseHeader, {
    indexLastUpdateTimestamp: matches.endTimestampMs,
    indexLastUpdatePhyoffset: matches.endPhysicalOffset,
  })
  if (records.length > 0) {
    return createResponse(request, ResponseCode.SUCCESS, {
      extFields,
      body: Buffer.concat(records),
    })
  }
  const remark = 'can not find message, maybe time range not correct'
  return createResponse(request, ResponseCode.QUERY_NOT_FOUND, { extFields, remark })
}

async function viewMessage(
  store: ThreadedStore,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const { offset } = decodeHeader(ViewMessageRequestHeader, request.extFields)
  const record = await store.readRecord(offset)
  if (record !== undefined) return createResponse(request, ResponseCode.SUCCESS, { body: record })
  throw new BrokerError(ResponseCode.SYSTEM_ERROR, `can not find message by the offset, ${offset}`)
}

/** Queues that no topic has are answered as RocketMQ answers them, and nothing is kept of them. */
function hasQueue({ topics }: QueryRouteParts, topic: string, queueId: number): boolean {
  return topics.find(topic)?.hasQueue(queueId) === true
}

async function searchOffset(
  parts: QueryRouteParts,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const header = decodeHeader(SearchOffsetRequestHeader, request.extFields)
  const { topic, queueId, timestamp } = header
  if (!hasQueue(parts, topic, queueId)) return offsetResponse(request, 0)
  const boundary = header.boundaryType?.toLowerCase() === 'upper' ? 'upper' : 'lower'
  const offset = await offsetAtTime(parts.store, { topic, queueId }, timestamp, boundary)
  return offsetResponse(request, offset)
}

function maxOffset(parts: QueryRouteParts, request: RemotingCommand): RemotingCommand {
  const { topic, queueId } = decodeHeader(GetMaxOffsetRequestHeader, request.extFields)
  if (!hasQueue(parts, topic, queueId)) return offsetResponse(request, 0)
  return offsetResponse(request, parts.store.maxQueueOffset(topic, queueId))
}

function minOffset(parts: QueryRouteParts, request: RemotingCommand): RemotingCommand {
  const { topic, queueId } = decodeHeader(GetMinOffsetRequestHeader, request.extFields)
  if (!hasQueue(parts, topic, queueId)) return offsetResponse(request, NOT_FOUND)
  return offsetResponse(request, parts.store.minQueueOffset(topic, queueId))
}

async function earliestTime(
  parts: QueryRouteParts,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const header = decodeHeader(GetEarliestMsgStoretimeRequestHeader, request.extFields)
  const { topic, queueId } = header
  const isKnown = hasQueue(parts, topic, queueId)
  const timestamp = isKnown ? await earliestTimestampMs(parts.store, topic, queueId) : NOT_FOUND
  const extFields = encodeHeaderFields(GetEarliestMsgStoretimeResponseHeader, { timestamp })
  return createResponse(request, ResponseCode.SUCCESS, { extFields })
}

async function earliestTimestampMs(
  store: ThreadedStore,
  topic: string,
  queueId: number,
): Promise<number> {
  const queueOffset = store.minQueueOffset(topic, queueId)
  const found = await store.read(topic, queueId, { queueOffset, messageCountMax: 1 })
  return found.messageCount === 0 ? NOT_FOUND : decodeMessage(found.records).storeTimestampMs
}

function offsetResponse(request: RemotingCommand, offset: number): RemotingCommand {
  const extFields = encodeHeaderFields(QueueOffsetResponseHeader, { offset })
  return createResponse(request, ResponseCode.SUCCESS, { extFields })
}
