import { setTimeout as sleep } from 'node:timers/promises'
import type { ReceivedMessage } from '../../../../net/client/index.ts'
import type { ReceivedMessage as ReceivedRow } from '../../java-toolbox.ts'
import type { Await } from '../requests.ts'

const POLL_MS = 10

type Row = { -readonly [Name in keyof ReceivedRow]: ReceivedRow[Name] }

/** What a consumer has received so far, in the order of arrival; see ConsumedMessages.java. */
export class ReceivedRows {
  readonly #rows: Row[] = []

  /** Notes what a listener got; the result notes that it is done. */
  add(messages: readonly ReceivedMessage[]): () => void {
    const rows = messages.map((message) => rowOf(message, messages.length))
    this.#rows.push(...rows)
    return () => {
      for (const row of rows) row.endMs = Date.now()
    }
  }

  /** Waits for `count` messages, then for anything that comes beyond them in `quietMs`. */
  async await({ count, quietMs, timeoutMs }: Await): Promise<readonly ReceivedRow[]> {
    const deadlineMs = performance.now() + timeoutMs
    while (this.#rows.length < count && performance.now() < deadlineMs) await sleep(POLL_MS)
    await sleep(quietMs)
    return this.#rows
  }
}

export function rowOf(message: ReceivedMessage, batchSize: number): Row {
  return {
    topic: message.topic,
    brokerName: message.queue.brokerName,
    queueId: message.queue.queueId,
    queueOffset: message.queueOffset,
    msgId: message.messageId,
    offsetMsgId: message.offsetMessageId,
    tags: message.tags ?? null,
    keys: message.keys.length === 0 ? null : message.keys.join(' '),
    body: message.body.toString(),
    flag: message.flag,
    reconsumeTimes: message.reconsumeTimes,
    bornTimestamp: message.bornTimestampMs,
    properties: Object.fromEntries(message.properties),
    batchSize,
    startMs: Date.now(),
    endMs: 0,
  }
}
