import { AgenaError } from '../../engine/base/errors.ts'

/** Codes of {@link RemotingError}. */
export type RemotingErrorCode =
  /** An option is missing, malformed or out of range. */
  | 'REMOTING_OPTION_INVALID'
  /** An address is not `host:port` or `[v6]:port`. */
  | 'REMOTING_ADDRESS_INVALID'
  /** The server cannot listen on its address. */
  | 'REMOTING_LISTEN_FAILED'
  /** No connection to the address could be made. */
  | 'REMOTING_CONNECT_FAILED'
  /** No response came before the deadline. */
  | 'REMOTING_TIMEOUT'
  /** A frame contradicts itself: its length words cannot be true. */
  | 'REMOTING_FRAME_INVALID'
  /** A frame announces more bytes than this side accepts. */
  | 'REMOTING_FRAME_TOO_LARGE'
  /** A frame was begun and not ended within the idle time. */
  | 'REMOTING_FRAME_UNFINISHED'
  /** A frame's header is not a command header, or a command cannot be written as one. */
  | 'REMOTING_HEADER_INVALID'
  /** The peer speaks TLS, which this server does not. */
  | 'REMOTING_TLS_UNSUPPORTED'
  /** The connection ended, or was ended by its owner. */
  | 'REMOTING_CONNECTION_CLOSED'
  /** Nothing was received or sent for the idle time. */
  | 'REMOTING_CONNECTION_IDLE'
  /** The peer took no output for the stall time. */
  | 'REMOTING_OUTPUT_STALLED'
  /** A bound on bytes or connections is reached. */
  | 'REMOTING_OVERLOADED'
  /** The client or server is closed or closing. */
  | 'REMOTING_CLOSED'

/** A failure between two peers: of a connection, a frame or a call. */
export class RemotingError extends AgenaError<RemotingErrorCode> {
  override readonly name = 'RemotingError'
}
