import type { ReceivedMessage } from '../java-toolbox.ts'

/** What differs by run, and what is the client's own. */
const VARYING: ReadonlySet<string> = new Set([
  'UNIQ_KEY',
  'MAX_OFFSET',
  'MIN_OFFSET',
  'CONSUME_START_TIME',
  'ORIGIN_MESSAGE_ID',
  'DLQ_ORIGIN_MESSAGE_ID',
])

/** Of a message what must be the same whoever sent it, kept it and got it. */
export function contents(message: ReceivedMessage) {
  const { body, flag, keys, queueId, reconsumeTimes, tags, topic } = message
  const properties = Object.entries(message.properties).filter(([name]) => !VARYING.has(name))
  return {
    ...{ body, flag, keys, queueId, reconsumeTimes, tags, topic },
    properties: Object.fromEntries(properties.sort(([left], [right]) => (left < right ? -1 : 1))),
  }
}
