/**
 * Properties that the client itself gives to a message, under names that applications may not use.
 * They stay with a message that is copied with `{ ...message }`. RocketMQ: `MessageAccessor`.
 */

import type { Message } from './message.ts'

const SYSTEM_PROPERTIES: unique symbol = Symbol('system properties')
const NO_PROPERTIES: ReadonlyMap<string, string> = new Map()

interface MarkedMessage extends Message {
  readonly [SYSTEM_PROPERTIES]?: ReadonlyMap<string, string>
}

/** A copy of `message` with these properties besides those that it has. */
export function withSystemProperties(
  message: Message,
  properties: Iterable<readonly [string, string]>,
): Message {
  const marked: MarkedMessage = {
    ...message,
    [SYSTEM_PROPERTIES]: new Map([...systemPropertiesOf(message), ...properties]),
  }
  return marked
}

/** What {@link withSystemProperties} gave to `message`. */
export function systemPropertiesOf(message: MarkedMessage): ReadonlyMap<string, string> {
  return message[SYSTEM_PROPERTIES] ?? NO_PROPERTIES
}
