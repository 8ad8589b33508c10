import { isUtf8 } from 'node:buffer'
import { once } from 'node:events'
import process from 'node:process'
import type { ReceivedMessage } from '../client/index.ts'

/**
 * Prints a message on standard output: its body as it is, or all of it, and `more`, as JSON. Waits
 * for a reader that is slower than the broker.
 */
export async function printMessage(
  message: ReceivedMessage,
  isJson: boolean,
  more: object = {},
): Promise<void> {
  const line = isJson ? jsonLine(message, more) : message.body
  const isRoomLeft = process.stdout.write(line)
  if (!process.stdout.write('\n') || !isRoomLeft) await once(process.stdout, 'drain')
}

function jsonLine(message: ReceivedMessage, more: object): string {
  const { queue, body, properties, bornTimestampMs, storeTimestampMs, ...rest } = message
  const { brokerName, queueId } = queue
  return JSON.stringify({
    ...rest,
    ...more,
    brokerName,
    queueId,
    bornTime: new Date(bornTimestampMs).toISOString(),
    storeTime: new Date(storeTimestampMs).toISOString(),
    properties: Object.fromEntries(properties),
    ...(isUtf8(body) ? { body: body.toString('utf8') } : { bodyBase64: body.toString('base64') }),
  })
}
