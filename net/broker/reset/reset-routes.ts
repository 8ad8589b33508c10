/**
 * Putting a group's offsets elsewhere: INVOKE_BROKER_TO_RESET_OFFSET (222), CLONE_GROUP_OFFSET
 * (314), and QUERY_CORRECTION_OFFSET (308), by which tools look for where (AdminBrokerProcessor).
 */
import { decodeHeader } from '../../protocol/header-table.ts'
import { encodeBody } from '../../protocol/json-shape.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import {
  CloneGroupOffsetRequestHeader,
  NO_CORRECTION,
  QueryCorrectionOffsetBody,
  QueryCorrectionOffsetRequestHeader,
  ResetOffsetBody,
  ResetOffsetRequestHeader,
} from '../../protocol/reset-offset.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { createResponse, type RemotingCommand } from '../../remoting/remoting-command.ts'
import type { Route } from '../routes.ts'
import { savedResponse } from '../saved-response.ts'
import { resetInBroker } from './broker-reset.ts'
import { resetInClients } from './client-reset.ts'
import type { ResetParts } from './reset-parts.ts'

/** How clients in C++ name their language (Java: LanguageCode). */
const LANGUAGE_C = 'CPP'
const GROUP_SEPARATOR = ','

export function resetRoutes(parts: ResetParts): readonly Route[] {
  return [
    [RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, (request) => resetOffsets(parts, request)],
    [RequestCode.CLONE_GROUP_OFFSET, (request) => cloneOffsets(parts, request)],
    [RequestCode.QUERY_CORRECTION_OFFSET, (request) => correctionOffsets(parts, request)],
  ]
}

async function resetOffsets(parts: ResetParts, request: RemotingCommand): Promise<RemotingCommand> {
  const asked = decodeHeader(ResetOffsetRequestHeader, request.extFields)
  const offsetTable = parts.config.useServerSideResetOffset
    ? await resetInBroker(parts, asked)
    : await resetInClients(parts, asked, request.language === LANGUAGE_C)
  const response = await savedResponse(request, parts.offsets)
  response.body = encodeBody(ResetOffsetBody, { offsetTable })
  return response
}

/** Unlike Java's broker, which clones nothing then, takes all topics when none is named. */
function cloneOffsets(parts: ResetParts, request: RemotingCommand): Promise<RemotingCommand> {
  const { offsets, topics, clients } = parts
  const header = decodeHeader(CloneGroupOffsetRequestHeader, request.extFields)
  const { srcGroup, destGroup, topic = '', offline } = header
  const asked = topic.trim() === '' ? offsets.topicsOf(srcGroup) : [topic]
  const subscribed = clients.consumerGroup(srcGroup)?.subscriptions
  const isConnected = subscribed !== undefined && subscribed.size > 0
  for (const name of asked) {
    if (topics.find(name) === undefined) continue
    if (!offline && isConnected && !subscribed.has(name)) continue
    offsets.clone(srcGroup, destGroup, name)
  }
  return savedResponse(request, offsets)
}

/**
 * How far the slowest group is in each queue, where that is not behind the group that is compared
 * (queryMinOffsetInAllGroup). Unlike Java's broker, which deletes their offsets, leaves the groups
 * that do not count as they are.
 */
function correctionOffsets(parts: ResetParts, request: RemotingCommand): RemotingCommand {
  const { offsets, store, topics } = parts
  const header = decodeHeader(QueryCorrectionOffsetRequestHeader, request.extFields)
  const { topic, compareGroup, filterGroups = '' } = header
  const leftOut = new Set(filterGroups.split(GROUP_SEPARATOR))
  const least = new Map<number, number>()
  for (const group of offsets.groupsOf(topic)) {
    if (leftOut.has(group)) continue
    for (const [queueId, offset] of offsets.queuesOf(group, topic)) {
      if (topics.find(topic)?.hasQueue(queueId) !== true) continue
      if (offset < store.minQueueOffset(topic, queueId)) continue
      least.set(queueId, Math.min(offset, least.get(queueId) ?? offset))
    }
  }
  const compared = offsets.queuesOf(compareGroup, topic)
  const corrections = [...least].map(([queueId, offset]): [number, string] => {
    const isAhead = offset > (compared.get(queueId) ?? offset)
    return [queueId, isAhead ? NO_CORRECTION : String(offset)]
  })
  const body = encodeBody(QueryCorrectionOffsetBody, { correctionOffsets: new Map(corrections) })
  return createResponse(request, ResponseCode.SUCCESS, { body })
}
