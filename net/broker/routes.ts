/** Which request code goes where: every capability's rows, in one table. */
import { assert } from '../../engine/base/assert.ts'
import type { RequestHandler } from '../remoting/request-routes.ts'

export type Route = readonly [code: number, handler: RequestHandler]

/** One table of all rows; no code is answered twice. */
export function routeTable(
  ...capabilities: readonly (readonly Route[])[]
): Map<number, RequestHandler> {
  const table = new Map<number, RequestHandler>()
  for (const [code, handler] of capabilities.flat()) {
    assert(!table.has(code), `request code ${code} has one handler`)
    table.set(code, handler)
  }
  return table
}
