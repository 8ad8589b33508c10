/**
 * The error family. A `code` is stable between major versions, its message is not.
 * Match on `code`; mistakes in arguments are plain `TypeError`s.
 */
export class AgenaError<Code extends string = string> extends Error {
  override readonly name: string = 'AgenaError'
  readonly code: Code

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Codes of {@link StoreError}. */
export type StoreErrorCode =
  /** An option is missing, malformed or out of range. */
  | 'STORE_OPTION_INVALID'
  /** Another process holds the store's lock. */
  | 'STORE_LOCKED'
  /** The directory cannot be created, read or written. */
  | 'STORE_DIRECTORY_UNUSABLE'
  /** The file system does not keep mappings and writes coherent. */
  | 'STORE_MAPPING_INCOHERENT'
  /** A file of the store has a name, length or header that RocketMQ never writes. */
  | 'STORE_FILE_INVALID'
  /** The log is not whole where it was on the disk: messages that were acknowledged are damaged. */
  | 'STORE_LOG_CORRUPT'
  /** A record that was read is not whole. */
  | 'STORE_RECORD_CORRUPT'
  /** A message breaks a size limit: its topic, properties, body or whole record is too long. */
  | 'STORE_MESSAGE_ILLEGAL'
  /** The next segment is not ready yet: try again when the store says so. */
  | 'STORE_NOT_READY'
  /** A write, flush or worker failed before; the store only reads. */
  | 'STORE_READ_ONLY'
  /** The disk has too little room left for more messages: nothing is written until it has. */
  | 'STORE_SPACE_SHORT'
  /** The disk is full. */
  | 'STORE_DISK_FULL'
  /** The operating system refused a read, write or sync. */
  | 'STORE_IO_FAILED'
  /** A worker thread ended unexpectedly. */
  | 'STORE_WORKER_FAILED'
  /** The store is closed or closing. */
  | 'STORE_CLOSED'

/** A failure of the storage engine. */
export class StoreError extends AgenaError<StoreErrorCode> {
  override readonly name = 'StoreError'
}

/** The `code` of a system error (`ENOSPC`, `EIO` …), or undefined for anything else. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** One line that says what went wrong, with the causes appended. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `: ${describeError(error.cause)}`
  return `${messageOf(error)}${cause}`
}

/** Connecting to a name with several addresses fails with an error for each, and none for all. */
function messageOf(error: Error): string {
  if (error.message !== '' || !(error instanceof AggregateError)) return error.message
  return error.errors.map(describeError).join(', ')
}
