import type { MessageQueue } from './message-queue.ts'

/** A message to send. */
export interface Message {
  /** At most 127 characters of `a-z A-Z 0-9 _ - | %`. */
  readonly topic: string
  /** The payload, not empty; text is sent as UTF-8. Bytes stay unchanged until the send is done. */
  readonly body: Uint8Array | string
  /** What consumers filter by. */
  readonly tags?: string | undefined
  /** What the message can be found by; a key holds no space, since spaces separate several. */
  readonly keys?: string | readonly string[] | undefined
  /** The application's own properties. Names that RocketMQ uses itself are refused. */
  readonly properties?: Readonly<Record<string, string>> | undefined
  /** A number of the application's own, 32 bits. @default 0 */
  readonly flag?: number | undefined
  /** Whether the broker answers only when the message is as safe as it is configured for (flushed,
   *  replicated). @default true */
  readonly waitForStore?: boolean | undefined
  /** Deliver later, by the broker's table of delays: 1 is the shortest (1 s by default).
   *  @default 0, at once */
  readonly delayLevel?: number | undefined
}

/** Chooses the queue that a message goes to. `queues` is never empty. */
export type QueueSelector = (queues: readonly MessageQueue[], message: Message) => MessageQueue

/** How one message is sent. */
export interface SendOptions {
  /** Time for everything, retries included, in milliseconds.
   *  @default the producer's `sendTimeoutMs` */
  readonly timeoutMs?: number | undefined
  /** Chooses the queue; such a send is not tried again elsewhere, since order would be lost.
   *  @default the queues in turn */
  readonly selector?: QueueSelector | undefined
  /** Messages with the same key go to the same queue, as long as the topic's queues stay the same;
   *  like `selector`, not tried again. Not to be given together with `selector` or `queue`.
   *  @default the queues in turn */
  readonly shardingKey?: string | undefined
  /** The very queue to send to, one of the message's topic; like `selector`, not tried again. Not
   *  to be given together with `selector` or `shardingKey`.
   *  @default the queues in turn */
  readonly queue?: MessageQueue | undefined
}

/**
 * How safe a stored message is. Only `SEND_OK` is as safe as the broker is configured for; with the
 * others the message is stored, but
 * `FLUSH_DISK_TIMEOUT`: the disk has not confirmed it in time;
 * `FLUSH_SLAVE_TIMEOUT`: a replica has not confirmed it in time;
 * `SLAVE_NOT_AVAILABLE`: there is no replica that could.
 */
export type SendStatus =
  | 'SEND_OK'
  | 'FLUSH_DISK_TIMEOUT'
  | 'FLUSH_SLAVE_TIMEOUT'
  | 'SLAVE_NOT_AVAILABLE'

/** Where a message is stored. */
export interface SendResult {
  readonly status: SendStatus
  /** The unique id that the client gave the message (property UNIQ_KEY). */
  readonly messageId: string
  /** The id that says where the message lies (Java: offsetMsgId). */
  readonly offsetMessageId: string
  readonly queue: MessageQueue
  /** Place in the queue, in messages. */
  readonly queueOffset: number
  /** Region of the broker. @default DefaultRegion */
  readonly regionId: string
  /** Whether the broker wants messages to be traced (Java: `traceOn`). */
  readonly isTraceOn: boolean
}

/** Where the messages of a part of a batch are stored: one after the other in one queue. */
export interface BatchSendResult {
  readonly status: SendStatus
  /** The unique ids, in the order of the messages. */
  readonly messageIds: readonly string[]
  /** The ids that say where the messages lie, in the same order. */
  readonly offsetMessageIds: readonly string[]
  readonly queue: MessageQueue
  /** Place of the first message in the queue. */
  readonly queueOffset: number
  /** Region of the broker. @default DefaultRegion */
  readonly regionId: string
  /** Whether the broker wants messages to be traced (Java: `traceOn`). */
  readonly isTraceOn: boolean
}

/** A message that a consumer gets. */
export interface ReceivedMessage {
  /** The topic it was sent to, also when it comes back through the group's retry topic. */
  readonly topic: string
  /** The queue it was pulled from: one of the retry topic when it comes back. */
  readonly queue: MessageQueue
  /** Place in that queue, in messages. */
  readonly queueOffset: number
  /** The unique id that the sender gave it, or else the offset message id. */
  readonly messageId: string
  /** The id that says where the message lies. */
  readonly offsetMessageId: string
  /** The payload, decompressed. Owned by the receiver; it may share memory with other messages of
   *  the same pull, so copy what is kept for long. */
  readonly body: Buffer
  readonly tags: string | undefined
  readonly keys: readonly string[]
  /** All properties, RocketMQ's own included. */
  readonly properties: ReadonlyMap<string, string>
  /** The sender's own number. */
  readonly flag: number
  /** How often it was delivered to this group before: 0 at first. */
  readonly reconsumeTimes: number
  /** When it was made, by the sender's clock, in ms since 1970. */
  readonly bornTimestampMs: number
  /** `ip:port` of the sender. */
  readonly bornHost: string
  /** When it was stored, by the broker's clock, in ms since 1970. */
  readonly storeTimestampMs: number
  /** `ip:port` of the broker that stored it. */
  readonly storeHost: string
  /** Place in that broker's commit log, in bytes. */
  readonly physicalOffset: number
}
