import { RequestCode } from '../../protocol/request-code.ts'
import type { Route } from '../routes.ts'
import type { PullHandler } from './pull-handler.ts'

/** The codes that the pull handler answers. */
export const PULL_CODES: ReadonlySet<number> = new Set([
  RequestCode.PULL_MESSAGE,
  RequestCode.LITE_PULL_MESSAGE,
])

/** The generic way of pulls that the scanner declined. */
export function pullRoutes(pull: PullHandler): readonly Route[] {
  return [...PULL_CODES].map((code) => [
    code,
    (request, connection) => pull.handle(request, connection),
  ])
}
