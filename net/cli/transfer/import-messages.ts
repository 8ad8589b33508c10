/** Appends exported messages to a store. */
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { describeError } from '../../../engine/base/errors.ts'
import { type LogMessage, openStore } from '../../../workers/index.ts'
import { existingSizes } from './existing-sizes.ts'
import { importedMessage } from './exported-message.ts'
import { TransferError } from './transfer-error.ts'

/** Messages of one append: they share a write. */
const BATCH_COUNT = 256

/**
 * Reads a line of JSON a message from `input`, in order, and appends it.
 * @returns how many were appended, all of them on the disk
 * @throws {TransferError} `TRANSFER_LINE_INVALID` with the line's number: those before are appended
 * @throws {StoreError} as {@link openStore} and `append`
 */
export async function importMessages(
  input: Readable,
  directory: string,
  topic: string | undefined,
): Promise<number> {
  await using store = await openStore(directory, existingSizes(directory))
  let lineNumber = 0
  let count = 0
  let batch: LogMessage[] = []
  const appendBatch = async (): Promise<void> => {
    await store.appendBatch(batch)
    count += batch.length
    batch = []
  }
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    lineNumber += 1
    if (line.trim() === '') continue
    try {
      batch.push(importedMessage(line, topic))
    } catch (error) {
      await appendBatch()
      await store.flush()
      throw onLine(lineNumber, count, error)
    }
    if (batch.length === BATCH_COUNT) await appendBatch()
  }
  await appendBatch()
  await store.flush()
  return count
}

function onLine(lineNumber: number, count: number, cause: unknown): TransferError {
  const appended = `${count} messages before it are appended`
  const message = `line ${lineNumber}: ${describeError(cause)}; ${appended}`
  return new TransferError('TRANSFER_LINE_INVALID', message)
}
