import { RequestCode } from '../../protocol/request-code.ts'
import type { Route } from '../routes.ts'
import type { SendHandler } from './send-handler.ts'

/** The generic way of sends that the scanner declined. */
export function sendRoutes(send: SendHandler): readonly Route[] {
  const codes = [
    RequestCode.SEND_MESSAGE,
    RequestCode.SEND_MESSAGE_V2,
    RequestCode.SEND_BATCH_MESSAGE,
  ]
  return codes.map((code) => [code, (request, connection) => send.handle(request, connection)])
}
