/** Turns what a call to a peer ended with into the client's own errors. */

import { assert } from '../../engine/base/assert.ts'
import { describeError } from '../../engine/base/errors.ts'
import { ProtocolError } from '../protocol/errors.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import { RemotingError } from '../remoting/errors.ts'
import type { RemotingCommand } from '../remoting/remoting-command.ts'
import { ClientError, type ClientErrorCode } from './client-error.ts'

/** `error` as a {@link ClientError}; a broken promise of this code stays what it is. */
export function toClientError(error: unknown, peer: string): Error {
  if (error instanceof ClientError) return error
  if (error instanceof RemotingError) {
    const message = `call to ${peer} failed: ${describeError(error)}`
    return new ClientError(codeOf(error), message, { cause: error })
  }
  if (error instanceof ProtocolError) {
    const message = `the answer of ${peer} cannot be read: ${error.message}`
    return new ClientError('CLIENT_RESPONSE_INVALID', message, { cause: error })
  }
  assert(error instanceof Error, 'only errors are thrown')
  return error
}

/** The error that a response with any code but SUCCESS stands for. */
export function refusal(response: RemotingCommand, peer: string): ClientError {
  assert(response.code !== ResponseCode.SUCCESS, 'a success is no refusal')
  const remark = response.remark ?? 'without a remark'
  const message = `${peer} answered with code ${response.code}: ${remark}`
  return new ClientError('CLIENT_REQUEST_REFUSED', message, { responseCode: response.code })
}

function codeOf(error: RemotingError): ClientErrorCode {
  switch (error.code) {
    case 'REMOTING_TIMEOUT':
      return 'CLIENT_TIMEOUT'
    case 'REMOTING_CLOSED':
      return 'CLIENT_CLOSED'
    case 'REMOTING_HEADER_INVALID':
      return 'CLIENT_MESSAGE_ILLEGAL'
    case 'REMOTING_OPTION_INVALID':
      return 'CLIENT_OPTION_INVALID'
    case 'REMOTING_ADDRESS_INVALID':
    case 'REMOTING_CONNECT_FAILED':
    case 'REMOTING_CONNECTION_CLOSED':
    case 'REMOTING_CONNECTION_IDLE':
    case 'REMOTING_FRAME_INVALID':
    case 'REMOTING_FRAME_TOO_LARGE':
    case 'REMOTING_FRAME_UNFINISHED':
    case 'REMOTING_LISTEN_FAILED':
    case 'REMOTING_OUTPUT_STALLED':
    case 'REMOTING_OVERLOADED':
    case 'REMOTING_TLS_UNSUPPORTED':
      return 'CLIENT_BROKER_UNREACHABLE'
  }
}
