import { AgenaError } from '../../engine/base/errors.ts'
import type { BatchSendResult } from './message.ts'

/** Codes of {@link ClientError}. */
export type ClientErrorCode =
  /** An option is missing, malformed or out of range. */
  | 'CLIENT_OPTION_INVALID'
  /** A message cannot be sent: its topic, body, size or properties break a rule of RocketMQ. */
  | 'CLIENT_MESSAGE_ILLEGAL'
  /** A topic, group or filter of a subscription breaks a rule of RocketMQ. */
  | 'CLIENT_SUBSCRIPTION_INVALID'
  /** No name server answered. */
  | 'CLIENT_NAME_SERVER_UNREACHABLE'
  /** The name servers know no queue of the topic, nor of the one that new topics are made from. */
  | 'CLIENT_TOPIC_NOT_FOUND'
  /** The routes name no address of the broker, or none that may be used. */
  | 'CLIENT_BROKER_NOT_FOUND'
  /** A check of the application's own forbids the send: see `cause`. */
  | 'CLIENT_SEND_FORBIDDEN'
  /** A broker could not be reached, or the connection was lost before it answered. */
  | 'CLIENT_BROKER_UNREACHABLE'
  /** A broker or name server answered with an error: see `responseCode`. */
  | 'CLIENT_REQUEST_REFUSED'
  /** An answer lacks what its code promises. */
  | 'CLIENT_RESPONSE_INVALID'
  /** The time that was given ran out. Whether a message was stored is not known. */
  | 'CLIENT_TIMEOUT'
  /** A request is sent, but no reply came in the time that was given. */
  | 'CLIENT_REPLY_TIMEOUT'
  /** The body of a received message cannot be decompressed. */
  | 'CLIENT_BODY_UNREADABLE'
  /** The queue is not assigned to this consumer, or not any more. */
  | 'CLIENT_QUEUE_NOT_ASSIGNED'
  /** The offset lies outside of what the queue holds. */
  | 'CLIENT_OFFSET_OUT_OF_RANGE'
  /** A broadcasting consumer's file of offsets, and its backup, cannot be read. */
  | 'CLIENT_OFFSET_FILE_UNREADABLE'
  /** A broadcasting consumer's file of offsets cannot be written. */
  | 'CLIENT_OFFSET_FILE_UNWRITABLE'
  /** The producer or consumer is closed or closing. */
  | 'CLIENT_CLOSED'

/** Facts that some errors carry. */
export interface ClientErrorFacts {
  /** What the peer answered (Java: ResponseCode). */
  readonly responseCode?: number | undefined
  /** Brokers that were tried, in order. */
  readonly brokersTried?: readonly string[] | undefined
  /** The parts of a batch that were stored before another one failed. */
  readonly batchesStored?: readonly BatchSendResult[] | undefined
  readonly cause?: unknown
}

/** A failure of a producer or consumer. */
export class ClientError extends AgenaError<ClientErrorCode> {
  override readonly name = 'ClientError'
  /** The code with which a broker or name server refused; undefined for every other failure. */
  readonly responseCode: number | undefined
  /** The brokers that a send was tried on, in order; empty for everything else. */
  readonly brokersTried: readonly string[]
  /** The parts of a batch that are stored although it failed, the first messages of the batch;
   *  empty for everything else. What came behind them was not sent, except the part that failed. */
  readonly batchesStored: readonly BatchSendResult[]

  constructor(code: ClientErrorCode, message: string, facts: ClientErrorFacts = {}) {
    super(code, message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.responseCode = facts.responseCode
    this.brokersTried = facts.brokersTried ?? []
    this.batchesStored = facts.batchesStored ?? []
  }
}
