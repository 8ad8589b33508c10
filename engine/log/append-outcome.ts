/** What became of an append. Everything but `APPENDED` leaves the log untouched. */
export const AppendOutcome = {
  /** The message has its offsets; it is in the file when the turn ends. */
  APPENDED: 0,
  /** The next segment is still being made: hold the message and try again when told. */
  NOT_READY: 1,
  /** The body is over the limit (`maxMessageSize`). */
  MESSAGE_TOO_LARGE: 2,
  TOPIC_TOO_LONG: 3,
  PROPERTIES_TOO_LONG: 4,
  /** A write, flush or worker failed before; `CommitLog.refusal` says what. */
  READ_ONLY: 5,
  /** The disk is full, or short of room: `CommitLog.obstacle` says which; it may get better. */
  DISK_FULL: 6,
  /** What has to lie together, a record or a batch, is longer than a segment. */
  SEGMENT_TOO_SMALL: 7,
} as const

export type AppendOutcome = (typeof AppendOutcome)[keyof typeof AppendOutcome]
