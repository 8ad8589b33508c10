import {
  BrokerStatsData,
  type BrokerStatsItem,
  ViewBrokerStatsDataRequestHeader,
} from '../../protocol/broker-stats-data.ts'
import { decodeHeader } from '../../protocol/header-table.ts'
import { encodeBody } from '../../protocol/json-shape.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { createResponse } from '../../remoting/remoting-command.ts'
import type { RequestHandler } from '../../remoting/request-routes.ts'
import { BrokerError } from '../broker-error.ts'
import type { BrokerStats } from './broker-stats.ts'
import type { PeriodStats } from './stats-item.ts'

/** VIEW_BROKER_STATS_DATA (AdminBrokerProcessor.ViewBrokerStatsData). */
export function statsRoutes(parts: {
  readonly stats: BrokerStats
}): readonly (readonly [number, RequestHandler])[] {
  const viewStats: RequestHandler = (request) => {
    const header = decodeHeader(ViewBrokerStatsDataRequestHeader, request.extFields)
    const item = parts.stats.item(header.statsName, header.statsKey)
    if (item === undefined) {
      const remark = `The stats <${header.statsName}> <${header.statsKey}> not exist`
      throw new BrokerError(ResponseCode.SYSTEM_ERROR, remark)
    }
    const body = encodeBody(BrokerStatsData, {
      statsMinute: statsOf(item.minute),
      statsHour: statsOf(item.hour),
      statsDay: statsOf(item.day),
    })
    return createResponse(request, ResponseCode.SUCCESS, { body })
  }
  return [[RequestCode.VIEW_BROKER_STATS_DATA, viewStats]]
}

function statsOf({ sum, tps, averagePerTime }: PeriodStats): BrokerStatsItem {
  return { sum, tps, avgpt: averagePerTime }
}
