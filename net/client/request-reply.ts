/**
 * A message that is answered: whoever sends it waits until a consumer has sent a reply, which a
 * broker pushes to that one client. RocketMQ: `DefaultMQProducerImpl.request`, `MessageUtil`,
 * `RequestFutureHolder`, `ClientRemotingProcessor.receiveReplyMessage`.
 */

import { randomUUID } from 'node:crypto'
import { type Deferred, deferred } from '../../engine/base/deferred.ts'
import { describeError } from '../../engine/base/errors.ts'
import type { Logger } from '../../engine/base/logger.ts'
import { KEY_SEPARATOR, PropertyName } from '../../engine/format/message-const.ts'
import { propertiesFromString } from '../../engine/format/properties-codec.ts'
import { decodeHeader } from '../protocol/header-table.ts'
import { ReplyMessageRequestHeader } from '../protocol/reply-message.ts'
import { RequestCode } from '../protocol/request-code.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import { LimitedLogger } from '../remoting/limited-logger.ts'
import { createResponse, type RemotingCommand } from '../remoting/remoting-command.ts'
import type { RequestHandler } from '../remoting/request-routes.ts'
import { ClientError } from './client-error.ts'
import { decompress } from './decompress.ts'
import type { Message, ReceivedMessage, SendOptions } from './message.ts'
import { withSystemProperties } from './system-properties.ts'

/** How a request is sent. */
export interface RequestOptions extends SendOptions {
  /** Time for everything, the reply included, in milliseconds.
   *  @default the producer's `sendTimeoutMs` */
  readonly timeoutMs?: number | undefined
}

/** What came back for a request. */
export interface ReplyMessage
  extends Pick<
    ReceivedMessage,
    | 'topic'
    | 'messageId'
    | 'body'
    | 'tags'
    | 'keys'
    | 'properties'
    | 'flag'
    | 'bornTimestampMs'
    | 'bornHost'
    | 'storeTimestampMs'
    | 'storeHost'
  > {
  /** The queue of `topic` in which brokers keep the reply that are told to. */
  readonly queueId: number
}

/** The value of MSG_TYPE that makes a message a reply (Java: MixAll.REPLY_MESSAGE_FLAG). */
export const REPLY_TYPE = 'reply'
/** Java: MixAll.REPLY_TOPIC_POSTFIX. */
const REPLY_TOPIC_SUFFIX = '_REPLY_TOPIC'
/** What a reply takes over from its request. */
const CARRIED_PROPERTIES = [
  PropertyName.CORRELATION_ID,
  PropertyName.MESSAGE_REPLY_TO_CLIENT,
  PropertyName.MESSAGE_TTL,
] as const

/**
 * The reply to `request`, with `body`, for any producer to send. It goes to the client that asked;
 * that client gets the first reply of those that come in time. Tags, keys and properties may be
 * added to a copy. RocketMQ: `MessageUtil.createReplyMessage`.
 * @throws {ClientError} `CLIENT_MESSAGE_ILLEGAL` when `request` does not say who asked
 */
export function createReply(
  request: Pick<ReceivedMessage, 'messageId' | 'properties'>,
  body: Uint8Array | string,
): Message {
  const { messageId, properties } = request
  const carried = CARRIED_PROPERTIES.flatMap((name) => {
    const value = properties.get(name)
    return value === undefined ? [] : [[name, value] as const]
  })
  const cluster = properties.get(PropertyName.CLUSTER)
  if (cluster === undefined || carried.length < CARRIED_PROPERTIES.length) {
    const names = [PropertyName.CLUSTER, ...CARRIED_PROPERTIES].join(', ')
    const message = `${messageId} was not sent as a request: a reply needs its ${names}`
    throw new ClientError('CLIENT_MESSAGE_ILLEGAL', message)
  }
  const reply: Message = { topic: cluster + REPLY_TOPIC_SUFFIX, body }
  return withSystemProperties(reply, [...carried, [PropertyName.MESSAGE_TYPE, REPLY_TYPE]])
}

/** The requests of one producer that wait for their replies. */
export class PendingReplies {
  readonly #log: LimitedLogger
  readonly #waiting = new Map<string, Deferred<ReplyMessage>>()

  constructor(logger: Logger) {
    this.#log = new LimitedLogger(logger)
  }

  /**
   * Sends `message` as a request of the client `clientId` and resolves with the first reply.
   * @throws {ClientError} `CLIENT_REPLY_TIMEOUT` when it is sent and no reply came in time,
   *   `CLIENT_TIMEOUT` when it was not sent in time, or the failure of `send`
   */
  async ask(
    message: Message,
    clientId: string,
    timeoutMs: number,
    send: (request: Message) => Promise<unknown>,
  ): Promise<ReplyMessage> {
    const correlationId = randomUUID()
    const request = withSystemProperties(message, [
      [PropertyName.CORRELATION_ID, correlationId],
      [PropertyName.MESSAGE_REPLY_TO_CLIENT, clientId],
      [PropertyName.MESSAGE_TTL, String(timeoutMs)],
    ])
    const reply = deferred<ReplyMessage>()
    this.#waiting.set(correlationId, reply)
    let isSent = false
    const timer = setTimeout(
      () => reply.reject(tooLate(message.topic, timeoutMs, isSent)),
      timeoutMs,
    )
    // A reply can be faster than the broker's answer to the send.
    void send(request).then(() => {
      isSent = true
    }, reply.reject)
    try {
      return await reply.promise
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(correlationId)
    }
  }

  /** The handler of a request code; undefined for everything but pushed replies. */
  handlerOf(code: number): RequestHandler | undefined {
    if (code !== RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT) return undefined
    return (push) => this.#receive(push)
  }

  /** Fails everything that waits. */
  abort(reason: Error): void {
    for (const reply of this.#waiting.values()) reply.reject(reason)
  }

  /** A reply that nobody waits for, or not any more, is taken too: the broker has done its part. */
  async #receive(push: RemotingCommand): Promise<RemotingCommand> {
    const header = decodeHeader(ReplyMessageRequestHeader, push.extFields)
    const properties = new Map(propertiesFromString(header.properties ?? ''))
    properties.set(PropertyName.REPLY_MESSAGE_ARRIVE_TIME, String(Date.now()))
    const correlationId = properties.get(PropertyName.CORRELATION_ID) ?? ''
    const waiting = this.#waiting.get(correlationId)
    if (waiting === undefined) {
      this.#log.warn('unasked', `nobody waits for the reply ${correlationId} of ${header.bornHost}`)
      return createResponse(push, ResponseCode.SUCCESS)
    }
    try {
      const body = await decompress(push.body, header.sysFlag)
      waiting.resolve(replyOf(header, properties, body))
      return createResponse(push, ResponseCode.SUCCESS)
    } catch (error) {
      waiting.reject(error instanceof Error ? error : new Error(String(error)))
      this.#log.warn('unreadable', `reply ${correlationId}: ${describeError(error)}`)
      const remark = 'process reply message fail'
      return createResponse(push, ResponseCode.SYSTEM_ERROR, { remark })
    }
  }
}

function replyOf(
  header: ReplyMessageRequestHeader,
  properties: ReadonlyMap<string, string>,
  body: Buffer,
): ReplyMessage {
  const keys = properties.get(PropertyName.KEYS)
  return {
    topic: header.topic,
    queueId: header.queueId,
    messageId: properties.get(PropertyName.UNIQ_CLIENT_MESSAGE_ID_KEYIDX) ?? '',
    body,
    tags: properties.get(PropertyName.TAGS),
    keys: keys === undefined ? [] : keys.split(KEY_SEPARATOR).filter((key) => key !== ''),
    properties,
    flag: header.flag,
    bornTimestampMs: header.bornTimestamp,
    bornHost: header.bornHost,
    storeTimestampMs: header.storeTimestamp,
    storeHost: header.storeHost,
  }
}

function tooLate(topic: string, timeoutMs: number, isSent: boolean): ClientError {
  if (!isSent) {
    return new ClientError('CLIENT_TIMEOUT', `request to ${topic} not sent in ${timeoutMs} ms`)
  }
  const message = `request to ${topic} is sent, but no reply came in ${timeoutMs} ms`
  return new ClientError('CLIENT_REPLY_TIMEOUT', message)
}
