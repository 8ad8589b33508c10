/** What the hooks of the trace take note of. RocketMQ: `SendMessageTraceHookImpl`,
 *  `ConsumeMessageTraceHookImpl`. */

import { KEY_SEPARATOR, PropertyName } from '../../../engine/format/message-const.ts'
import type { ConsumeHook, ConsumeHookContext, SendContext, SendHook } from '../hooks.ts'
import type { Message, ReceivedMessage } from '../message.ts'
import { withoutNamespace } from '../namespace.ts'
import type { BeforeConsumeEvent, TraceEvent } from './trace-record.ts'

type Append = (event: TraceEvent) => void

/** Takes note of each send that was answered, unless its broker wants no traces. */
export function sendTraceHook(traceTopic: string, append: Append): SendHook {
  const startedAtMs = new WeakMap<SendContext, number>()
  return {
    name: 'message trace',
    before: (context) => {
      startedAtMs.set(context, Date.now())
    },
    after: (context, { sent }) => {
      const timestampMs = startedAtMs.get(context)
      if (sent === undefined || timestampMs === undefined || !sent.isTraceOn) return
      if (context.topic.startsWith(traceTopic)) return
      // Java's batch is a message without tags and keys.
      const [message] = context.messages.length === 1 ? context.messages : []
      append({
        type: 'Pub',
        timestampMs,
        regionId: sent.regionId,
        group: withoutNamespace(context.group),
        topic: withoutNamespace(context.topic),
        messageId: sent.messageId,
        tags: message?.tags,
        keys: message === undefined ? undefined : keysOf(message),
        brokerAddress: context.brokerAddress,
        bodyBytes: context.bodyBytes,
        costMs: Date.now() - timestampMs,
        kind: context.kind,
        offsetMessageId: sent.offsetMessageId,
        isSuccess: sent.status === 'SEND_OK',
      })
    },
  }
}

/** Takes note of each call of a listener, before and after, but not of messages whose brokers want
 *  no traces. */
export function consumeTraceHook(nextId: () => string, append: Append): ConsumeHook {
  const begun = new WeakMap<ConsumeHookContext, BeforeConsumeEvent>()
  return {
    name: 'message trace',
    before: (context) => {
      const traced = context.messages.filter(
        ({ properties }) => properties.get(PropertyName.TRACE_SWITCH) !== 'false',
      )
      const last = traced.at(-1)
      const regionId = last?.properties.get(PropertyName.MSG_REGION)
      // A broker that stamps no region is one that knows no traces.
      if (last === undefined || regionId === undefined) return
      const event: BeforeConsumeEvent = {
        type: 'SubBefore',
        timestampMs: Date.now(),
        regionId,
        group: withoutNamespace(context.group),
        topic: withoutNamespace(traced[0]!.topic),
        requestId: nextId(),
        messages: traced.map(consumedOf),
      }
      begun.set(context, event)
      append(event)
    },
    after: (context, { isSuccess, returned }) => {
      const before = begun.get(context)
      if (before === undefined) return
      const nowMs = Date.now()
      append({
        ...before,
        type: 'SubAfter',
        timestampMs: nowMs,
        costMs: Math.floor((nowMs - before.timestampMs) / context.messages.length),
        isSuccess,
        returned,
      })
    },
  }
}

function keysOf({ keys }: Message): string | undefined {
  const text = typeof keys === 'object' ? keys.join(KEY_SEPARATOR) : keys
  return text === '' ? undefined : text
}

function consumedOf(message: ReceivedMessage): BeforeConsumeEvent['messages'][number] {
  const { messageId, properties, reconsumeTimes } = message
  return { messageId, reconsumeTimes, keys: properties.get(PropertyName.KEYS) }
}
