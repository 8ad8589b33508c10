import { RequestCode } from '../../protocol/request-code.ts'
import type { Route } from '../routes.ts'
import type { PullHandler } from './pull-handler.ts'

/** The generic way of pulls that the scanner declined. */
export function pullRoutes(pull: PullHandler): readonly Route[] {
  const codes = [RequestCode.PULL_MESSAGE, RequestCode.LITE_PULL_MESSAGE]
  return codes.map((code) => [code, (request, connection) => pull.handle(request, connection)])
}
