/** How a read by queue offset ended (GetMessageStatus). */
export const GetStatus = {
  FOUND: 'FOUND',
  NO_MATCHED_MESSAGE: 'NO_MATCHED_MESSAGE',
  MESSAGE_WAS_REMOVING: 'MESSAGE_WAS_REMOVING',
  OFFSET_FOUND_NULL: 'OFFSET_FOUND_NULL',
  OFFSET_OVERFLOW_BADLY: 'OFFSET_OVERFLOW_BADLY',
  OFFSET_OVERFLOW_ONE: 'OFFSET_OVERFLOW_ONE',
  OFFSET_TOO_SMALL: 'OFFSET_TOO_SMALL',
  NO_MATCHED_LOGIC_QUEUE: 'NO_MATCHED_LOGIC_QUEUE',
  NO_MESSAGE_IN_QUEUE: 'NO_MESSAGE_IN_QUEUE',
  /** Not the store's: the broker sends the reader elsewhere. */
  OFFSET_RESET: 'OFFSET_RESET',
  /** Not RocketMQ's: the answer waits for the disk. Warm `coldRanges`, then ask again. */
  COLD: 'COLD',
} as const

export type GetStatus = (typeof GetStatus)[keyof typeof GetStatus]
