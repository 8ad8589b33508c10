import { AgenaError } from '../../../engine/base/errors.ts'

/** Codes of {@link LoadError}. */
export type LoadErrorCode =
  /** The broker refused a request for good. */
  | 'LOAD_REFUSED'
  /** No response came for a long time. */
  | 'LOAD_STALLED'
  /** The topic holds no message that could be read. */
  | 'LOAD_TOPIC_EMPTY'
  /** There is no broker to drive. */
  | 'LOAD_NO_BROKER'
  /** There are fewer connections than brokers, so some would be left out. */
  | 'LOAD_CONNECTIONS_TOO_FEW'
  /** The process whose CPU time should be read cannot be seen. */
  | 'LOAD_PROCESS_UNKNOWN'

/** A benchmark that cannot go on. */
export class LoadError extends AgenaError<LoadErrorCode> {
  override readonly name = 'LoadError'
}
