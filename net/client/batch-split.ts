/**
 * A batch of any size, sent as the requests that it takes. RocketMQ's `MessageBatch` is one
 * request, and refused when it is too large: its users split by hand.
 */

import { describeError } from '../../engine/base/errors.ts'
import { ClientError } from './client-error.ts'
import type { BatchSendResult, Message, SendResult } from './message.ts'
import { type BatchEntry, batchOf, type OutgoingMessage } from './outgoing-message.ts'

/** Sends one part within `timeoutMs`. */
export type SendPart = (part: OutgoingMessage, timeoutMs: number) => Promise<SendResult>

/** What a batch is sent with. */
export interface BatchSend {
  /** The first of the batch's messages. */
  readonly first: Message
  readonly timeoutMs: number
  readonly send: SendPart
}

/** The answer names each message by an id of up to 57 bytes, and a header has at most 1 MiB. */
const BATCH_MESSAGES_MAX = 16_000

/** `entries` in their order, in runs of at most `bytesMax` and of no more than an answer names. */
export function splitBatch(
  entries: readonly BatchEntry[],
  bytesMax: number,
): readonly (readonly BatchEntry[])[] {
  const parts: BatchEntry[][] = []
  let roomBytes = 0
  for (const entry of entries) {
    roomBytes -= entry.bytes.length
    const isFull = roomBytes < 0 || parts.at(-1)?.length === BATCH_MESSAGES_MAX
    if (parts.length === 0 || isFull) {
      parts.push([])
      roomBytes = bytesMax - entry.bytes.length
    }
    parts.at(-1)!.push(entry)
  }
  return parts
}

/**
 * Sends part after part, so that a failure leaves the messages before it stored and no others sent.
 * @throws {ClientError} as `send`; with several parts it has `batchesStored`
 */
export async function sendParts(
  parts: readonly (readonly BatchEntry[])[],
  { first, timeoutMs, send }: BatchSend,
): Promise<readonly BatchSendResult[]> {
  const deadlineMs = performance.now() + timeoutMs
  const results: BatchSendResult[] = []
  for (const entries of parts) {
    const part = batchOf(first, entries)
    try {
      const leftMs = Math.max(0, deadlineMs - performance.now())
      const { messageId: _, offsetMessageId, ...place } = await send(part, leftMs)
      const offsetMessageIds = offsetMessageId.split(',')
      results.push({ messageIds: part.messageIds, offsetMessageIds, ...place })
    } catch (error) {
      if (parts.length === 1 || !(error instanceof ClientError)) throw error
      throw partFailed(error, parts.length, results)
    }
  }
  return results
}

function partFailed(
  cause: ClientError,
  partCount: number,
  batchesStored: readonly BatchSendResult[],
): ClientError {
  const part = batchesStored.length + 1
  const message = `part ${part} of ${partCount} of a batch: ${describeError(cause)}`
  const { brokersTried, code, responseCode } = cause
  return new ClientError(code, message, { batchesStored, brokersTried, cause, responseCode })
}
