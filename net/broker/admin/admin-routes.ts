/** What the admin tools ask of a broker as a whole (AdminBrokerProcessor). */
import {
  ConsumeStatsList,
  GetConsumeStatsInBrokerRequestHeader,
  QueryConsumeTimeSpanBody,
  QueryConsumeTimeSpanRequestHeader,
} from '../../protocol/consume-progress.ts'
import { decodeHeader } from '../../protocol/header-table.ts'
import { encodeBody } from '../../protocol/json-shape.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { KVTable } from '../../protocol/runtime-info.ts'
import {
  ConsumeStats,
  GetConsumeStatsRequestHeader,
  GetTopicStatsInfoRequestHeader,
  TopicStatsTable,
} from '../../protocol/topic-stats.ts'
import { createResponse, type RemotingCommand } from '../../remoting/remoting-command.ts'
import type { RequestHandler } from '../../remoting/request-routes.ts'
import type { ScheduleService } from '../schedule/schedule-service.ts'
import type { SendHandler } from '../send/send-handler.ts'
import { cleaningRoutes } from './cleaning-routes.ts'
import { allConsumeStats, type ConsumeStatsParts, consumeStats } from './consume-stats.ts'
import { consumeTimeSpans } from './consume-time-span.ts'
import { runtimeTable } from './runtime-table.ts'
import { topicStats } from './topic-stats.ts'

export interface AdminRouteParts extends ConsumeStatsParts {
  readonly schedule: Pick<ScheduleService, 'runtimeRows'>
  readonly send: Pick<SendHandler, 'queue'>
}

export function adminRoutes(
  parts: AdminRouteParts,
): readonly (readonly [number, RequestHandler])[] {
  return [
    [RequestCode.GET_BROKER_RUNTIME_INFO, (request) => showRuntime(parts, request)],
    [RequestCode.GET_TOPIC_STATS_INFO, (request) => showTopic(parts, request)],
    [RequestCode.GET_CONSUME_STATS, (request) => showGroup(parts, request)],
    [RequestCode.GET_BROKER_CONSUME_STATS, (request) => showAllGroups(parts, request)],
    [RequestCode.QUERY_CONSUME_TIME_SPAN, (request) => showTimes(parts, request)],
    ...cleaningRoutes(parts),
  ]
}

async function showRuntime(
  { store, stats, schedule, send }: AdminRouteParts,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const scheduleRows = schedule.runtimeRows()
  const table = await runtimeTable({ store, stats, scheduleRows, sends: send.queue })
  const body = encodeBody(KVTable, { table })
  return createResponse(request, ResponseCode.SUCCESS, { body })
}

async function showTopic(
  parts: AdminRouteParts,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const { topic } = decodeHeader(GetTopicStatsInfoRequestHeader, request.extFields)
  const body = encodeBody(TopicStatsTable, await topicStats(parts, topic))
  return createResponse(request, ResponseCode.SUCCESS, { body })
}

async function showGroup(
  parts: AdminRouteParts,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const asked = decodeHeader(GetConsumeStatsRequestHeader, request.extFields)
  const body = encodeBody(ConsumeStats, await consumeStats(parts, asked))
  return createResponse(request, ResponseCode.SUCCESS, { body })
}

async function showAllGroups(
  parts: AdminRouteParts,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const { isOrder } = decodeHeader(GetConsumeStatsInBrokerRequestHeader, request.extFields)
  const body = encodeBody(ConsumeStatsList, await allConsumeStats(parts, isOrder))
  return createResponse(request, ResponseCode.SUCCESS, { body })
}

async function showTimes(
  parts: AdminRouteParts,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const asked = decodeHeader(QueryConsumeTimeSpanRequestHeader, request.extFields)
  const consumeTimeSpanSet = await consumeTimeSpans(parts, asked)
  const body = encodeBody(QueryConsumeTimeSpanBody, { consumeTimeSpanSet })
  return createResponse(request, ResponseCode.SUCCESS, { body })
}
