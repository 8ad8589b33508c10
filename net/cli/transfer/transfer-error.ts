import { AgenaError } from '../../../engine/base/errors.ts'

/** Codes of {@link TransferError}. */
export type TransferErrorCode =
  /** A line is no exported message. */
  | 'TRANSFER_LINE_INVALID'
  /** The store has no such topic or queue. */
  | 'TRANSFER_TOPIC_UNKNOWN'

/** What was given to an export or import cannot be used. */
export class TransferError extends AgenaError<TransferErrorCode> {
  override readonly name = 'TransferError'
}
