import { describeError } from '../../engine/base/errors.ts'
import type { Connection } from './connection.ts'
import type { ConnectionHost } from './connection-host.ts'
import { CODE_MAX } from './header-binary.ts'
import type { RemotingCommand } from './remoting-command.ts'
import { createResponse, isOneway } from './remoting-command.ts'

/** Response codes of the remoting layer itself (Java: RemotingSysResponseCode). */
export const SYSTEM_ERROR = 1
export const REQUEST_CODE_NOT_SUPPORTED = 3

/** Longest remark that is made of an error, in characters. */
const REMARK_CHARS_MAX = 512

/** Runs the handler of `request` and sends what it answers. `frameBytes` count while it runs. */
export function dispatchRequest(
  host: ConnectionHost,
  connection: Connection,
  request: RemotingCommand,
  frameBytes: number,
): void {
  const handler = host.routes.route(request.code)
  if (handler === undefined) {
    const remark = ` request type ${request.code} not supported`
    answer(
      host,
      connection,
      request,
      createResponse(request, REQUEST_CODE_NOT_SUPPORTED, { remark }),
    )
    return
  }
  let result: ReturnType<typeof handler>
  try {
    result = handler(request, connection)
  } catch (error) {
    answerError(host, connection, request, error)
    return
  }
  if (!(result instanceof Promise)) {
    answer(host, connection, request, result)
    return
  }
  host.inflight.add(connection, frameBytes)
  result
    .then(
      (response) => answer(host, connection, request, response),
      (error: unknown) => answerError(host, connection, request, error),
    )
    .finally(() => {
      host.inflight.remove(connection, frameBytes)
      connection.noteHandled()
    })
}

function answer(
  host: ConnectionHost,
  connection: Connection,
  request: RemotingCommand,
  response: RemotingCommand | undefined,
): void {
  if (response === undefined || isOneway(request)) return
  try {
    connection.send(response)
  } catch (error) {
    // The response's own header cannot be written: say so instead of leaving the peer to wait.
    answerError(host, connection, request, error)
  }
}

function answerError(
  host: ConnectionHost,
  connection: Connection,
  request: RemotingCommand,
  error: unknown,
): void {
  const given = responseCodeOf(error)
  const text = describeError(error)
  if (given === undefined) {
    const kind = error instanceof Error ? error.name : typeof error
    const message = `request ${request.code} from ${connection.remoteAddress} failed: ${text}`
    host.log.error(`${kind} in ${request.code}`, message)
  }
  if (isOneway(request)) return
  const remark = text.replaceAll(/\s+/g, ' ').slice(0, REMARK_CHARS_MAX)
  connection.send(createResponse(request, given ?? SYSTEM_ERROR, { remark }))
}

function responseCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('responseCode' in error)) return undefined
  const { responseCode } = error
  const fits = Number.isInteger(responseCode) && Math.abs(Number(responseCode)) <= CODE_MAX
  return fits ? Number(responseCode) : undefined
}
