/**
 * Functions of an application that are called along the way of messages. All of them are called at
 * once and not waited for; what a hook throws, or what the promise that it returns rejects with, is
 * logged and changes nothing, except for a {@link CheckForbiddenHook}, whose purpose it is.
 * RocketMQ: `SendMessageHook`, `CheckForbiddenHook`, `ConsumeMessageHook`, `FilterMessageHook`.
 */

import type { Message, ReceivedMessage, SendStatus } from './message.ts'
import type { MessageQueue } from './message-queue.ts'

/** What kind of message is sent. RocketMQ: `MessageType`. */
export type MessageKind = 'normal' | 'delay'

/** One attempt to send: a send that is tried again elsewhere is several of them. */
export interface SendContext {
  /** The producer's group, in its namespace. */
  readonly group: string
  /** The topic, in the producer's namespace. */
  readonly topic: string
  /** What is sent: one message, or those of a batch. */
  readonly messages: readonly Message[]
  readonly kind: MessageKind
  /** Where it goes, in the producer's namespace. */
  readonly queue: MessageQueue
  /** `host:port` of the broker. */
  readonly brokerAddress: string
  /** The address of this host, by the producer's options. */
  readonly clientIp: string
  /** Whether an answer is waited for. */
  readonly isOneway: boolean
  /** How many bytes go over the wire as the body: compressed, and of a batch all together. */
  readonly bodyBytes: number
}

/** How a message was stored, as its broker says. */
export interface SentMessage {
  readonly status: SendStatus
  /** The unique id; of a batch the ids of all its messages, with commas between them. */
  readonly messageId: string
  /** The id that says where it lies; of a batch several, with commas between them. */
  readonly offsetMessageId: string
  /** Place in the queue, in messages; of a batch that of the first. */
  readonly queueOffset: number
  readonly regionId: string
  /** Whether the broker wants messages to be traced (Java: BrokerConfig.traceOn). */
  readonly isTraceOn: boolean
}

/** How an attempt to send ended. A one-way message that is on its way has no `sent`. */
export type SendHookOutcome =
  | { readonly sent: SentMessage | undefined; readonly error?: undefined }
  | { readonly sent?: undefined; readonly error: unknown }

/** Called around each attempt to send. */
export interface SendHook {
  /** Names the hook in the log. */
  readonly name: string
  before?(context: SendContext): void
  /** Gets the very object that `before` got. */
  after?(context: SendContext, outcome: SendHookOutcome): void
}

/** Called before each attempt to send, and before the send hooks: what it throws forbids it. */
export interface CheckForbiddenHook {
  /** Names the hook in the error. */
  readonly name: string
  /** @throws anything, to forbid this attempt; others may be made on other brokers. */
  check(context: SendContext): void
}

/** Messages on their way to the listener, or to whoever polled them. */
export interface ConsumeHookContext {
  /** The consumer's group, in its namespace. */
  readonly group: string
  /** Where they come from, without the namespace. */
  readonly queue: MessageQueue
  readonly messages: readonly ReceivedMessage[]
}

/**
 * How messages were consumed. RocketMQ: `ConsumeReturnType`; `'timeout'` is whatever came after the
 * consumer's `consumeTimeoutMs`, `'nothing'` an answer that is none.
 */
export type ConsumeReturn = 'success' | 'timeout' | 'exception' | 'nothing' | 'failed'

/** How a call of the listener ended. */
export interface ConsumeOutcome {
  /** Whether they are done. */
  readonly isSuccess: boolean
  readonly returned: ConsumeReturn
}

/** Called around each call of the listener; for messages that are polled, twice when they are. */
export interface ConsumeHook {
  /** Names the hook in the log. */
  readonly name: string
  before?(context: ConsumeHookContext): void
  /** Gets the very object that `before` got. */
  after?(context: ConsumeHookContext, outcome: ConsumeOutcome): void
}

/** Sees what was pulled, behind the tags and before the listener. */
export interface FilterHook {
  /** Names the hook in the log. */
  readonly name: string
  /** Whether a message is wanted; what is not counts as consumed. One that throws wants it. */
  wants(message: ReceivedMessage, group: string): boolean
}
