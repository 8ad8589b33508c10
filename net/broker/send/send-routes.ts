import { RequestCode } from '../../protocol/request-code.ts'
import type { Route } from '../routes.ts'
import type { SendHandler } from './send-handler.ts'

/** The codes that the send handler answers. */
export const SEND_CODES: ReadonlySet<number> = new Set([
  RequestCode.SEND_MESSAGE,
  RequestCode.SEND_MESSAGE_V2,
  RequestCode.SEND_BATCH_MESSAGE,
])

/** The generic way of sends that the scanner declined. */
export function sendRoutes(send: SendHandler): readonly Route[] {
  return [...SEND_CODES].map((code) => [
    code,
    (request, connection) => send.handle(request, connection),
  ])
}
