/** GET_ALL_DELAY_OFFSET (45): AdminBrokerProcessor.getAllDelayOffset. */
import { DelayOffsetTable } from '../../protocol/delay-offset.ts'
import { encodeBody } from '../../protocol/json-shape.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { createResponse } from '../../remoting/remoting-command.ts'
import type { Route } from '../routes.ts'
import type { ScheduleService } from './schedule-service.ts'

export function scheduleRoutes({
  schedule,
}: {
  readonly schedule: ScheduleService
}): readonly Route[] {
  return [
    [
      RequestCode.GET_ALL_DELAY_OFFSET,
      (request) => {
        const body = encodeBody(DelayOffsetTable, schedule.table())
        return createResponse(request, ResponseCode.SUCCESS, { body })
      },
    ],
  ]
}
