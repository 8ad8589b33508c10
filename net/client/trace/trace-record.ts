/**
 * What is told of one event in the life of messages, as text. Fields are separated by U+0001,
 * events end with U+0002:
 *
 *     Pub        time region group topic id tags keys broker bodyBytes costMs kind offsetId
 *                isSuccess
 *     SubBefore  time region group requestId id retryTimes keys                    for each message
 *     SubAfter   requestId id costMs isSuccess keys returned time group            for each message
 *
 * What a message has not (tags, keys) is the word `null`. RocketMQ: `TraceDataEncoder`,
 * `TraceContext`, `TraceBean`, `TraceConstants`.
 */

import { KEY_SEPARATOR } from '../../../engine/format/message-const.ts'
import type { ConsumeReturn, MessageKind } from '../hooks.ts'

const FIELD_END = '\u0001'
const EVENT_END = '\u0002'
const NOTHING = 'null'

/** A message was sent, or was not. */
export interface PublishEvent {
  readonly type: 'Pub'
  readonly timestampMs: number
  readonly regionId: string
  readonly group: string
  readonly topic: string
  /** Of a batch the ids of all messages, with commas between them. */
  readonly messageId: string
  readonly tags: string | undefined
  readonly keys: string | undefined
  /** `host:port`. */
  readonly brokerAddress: string
  readonly bodyBytes: number
  readonly costMs: number
  readonly kind: MessageKind
  readonly offsetMessageId: string
  readonly isSuccess: boolean
}

/** What is told of a consumed message. */
export interface ConsumedMessage {
  readonly messageId: string
  readonly reconsumeTimes: number
  readonly keys: string | undefined
}

/** What both events of a call of the listener tell. */
interface ConsumeEvent {
  readonly timestampMs: number
  readonly regionId: string
  readonly group: string
  readonly topic: string
  /** Ties the two events of one call together. */
  readonly requestId: string
  readonly messages: readonly ConsumedMessage[]
}

/** Messages go to the listener. */
export interface BeforeConsumeEvent extends ConsumeEvent {
  readonly type: 'SubBefore'
}

/** The listener is done with them. */
export interface AfterConsumeEvent extends ConsumeEvent {
  readonly type: 'SubAfter'
  /** For one message of the call, on average. */
  readonly costMs: number
  readonly isSuccess: boolean
  readonly returned: ConsumeReturn
}

export type TraceEvent = PublishEvent | BeforeConsumeEvent | AfterConsumeEvent

/** An event as it is sent. */
export interface TraceRecord {
  readonly text: string
  /** What it can be found by: the ids and the keys of the messages. */
  readonly keys: readonly string[]
}

/** Ordinals of Java's MessageType. */
const KINDS: Readonly<Record<MessageKind, number>> = { normal: 0, delay: 3 }
/** Ordinals of Java's ConsumeReturnType. */
const RETURNS: Readonly<Record<ConsumeReturn, number>> = {
  success: 0,
  timeout: 1,
  exception: 2,
  nothing: 3,
  failed: 4,
}

export function encodeTrace(event: TraceEvent): TraceRecord {
  const messages = event.type === 'Pub' ? [event] : event.messages
  const keys = messages.flatMap(({ keys: own = '', messageId }) => [
    messageId,
    ...own.split(KEY_SEPARATOR).filter((key) => key !== ''),
  ])
  return { text: textOf(event), keys }
}

function textOf(event: TraceEvent): string {
  switch (event.type) {
    case 'Pub':
      return publishText(event)
    case 'SubBefore':
      return event.messages.map((message) => beforeText(event, message)).join('')
    case 'SubAfter':
      return event.messages.map((message) => afterText(event, message)).join('')
  }
}

function publishText(event: PublishEvent): string {
  return eventText([
    event.type,
    event.timestampMs,
    event.regionId,
    event.group,
    event.topic,
    event.messageId,
    event.tags ?? NOTHING,
    event.keys ?? NOTHING,
    event.brokerAddress,
    event.bodyBytes,
    event.costMs,
    KINDS[event.kind],
    event.offsetMessageId,
    event.isSuccess,
  ])
}

function beforeText(event: BeforeConsumeEvent, message: ConsumedMessage): string {
  return eventText([
    event.type,
    event.timestampMs,
    event.regionId,
    event.group,
    event.requestId,
    message.messageId,
    message.reconsumeTimes,
    message.keys ?? NOTHING,
  ])
}

function afterText(event: AfterConsumeEvent, message: ConsumedMessage): string {
  return eventText([
    event.type,
    event.requestId,
    message.messageId,
    event.costMs,
    event.isSuccess,
    message.keys ?? NOTHING,
    RETURNS[event.returned],
    event.timestampMs,
    event.group,
  ])
}

function eventText(fields: readonly (string | number | boolean)[]): string {
  return fields.join(FIELD_END) + EVENT_END
}
