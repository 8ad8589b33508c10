import type { Connection } from './connection.ts'
import type { RawFrame } from './frame-splitter.ts'
import type { RemotingCommand } from './remoting-command.ts'

/**
 * Answers one request. Nothing is sent for undefined, nor for a one-way request. The request and
 * its body belong to the handler.
 *
 * A thrown error becomes a response with the code in its numeric `responseCode` property, or
 * SYSTEM_ERROR (1), and its message as the remark.
 */
export type RequestHandler = (
  request: RemotingCommand,
  connection: Connection,
) => RemotingCommand | undefined | Promise<RemotingCommand | undefined>

/** What a {@link HotHandler} did with a frame. */
export const HotOutcome = Object.freeze({
  /** Done, or taken over: a response is or will be built on the connection. */
  HANDLED: 0,
  /** Not for this handler: the frame takes the generic path. */
  DECLINED: 1,
  /**
   * Cannot be taken now. The connection keeps the frame and everything behind it and reads no
   * further, until {@link Connection.retryHeld}.
   */
  HELD: 2,
} as const)
export type HotOutcome = (typeof HotOutcome)[keyof typeof HotOutcome]

/**
 * Sees every frame first, responses included, as bytes that are valid only during the call.
 * It must not throw for what a peer can send.
 */
export type HotHandler = (frame: RawFrame, connection: Connection) => HotOutcome

/** What a server or client does with what arrives. */
export interface RequestRoutes {
  /** The handler of a request code; undefined is answered with REQUEST_CODE_NOT_SUPPORTED. */
  route(code: number): RequestHandler | undefined
  readonly hot?: HotHandler
  /** Who the peer of a connection is, for the log, besides its address. */
  nameOf?(connection: Connection): string | undefined
  onConnect?(connection: Connection): void
  /** Called once when the connection is gone, with the reason when it was not a plain close. */
  onClose?(connection: Connection, reason: Error | undefined): void
}
