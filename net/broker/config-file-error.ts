import { AgenaError } from '../../engine/base/errors.ts'

/** Codes of {@link ConfigFileError}. */
export type ConfigFileErrorCode =
  /** Neither a table's file nor its backup can be read. */
  'BROKER_TABLE_UNREADABLE'

/** A table of the broker that cannot be read. The broker does not start, so nothing is replaced. */
export class ConfigFileError extends AgenaError<ConfigFileErrorCode> {
  override readonly name = 'ConfigFileError'
}
