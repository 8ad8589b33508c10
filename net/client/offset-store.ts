import type { MessageQueue } from './message-queue.ts'

/** Everything of `queue` before `offset` is consumed. */
export interface QueueOffset {
  readonly queue: MessageQueue
  readonly offset: number
}

/** How far a group, or one member of it, has come in its queues. RocketMQ: `OffsetStore`. */
export interface OffsetStore {
  /** What will be stored at the next time. */
  readonly known: readonly QueueOffset[]
  /** Reads what is kept on this side. @throws {ClientError} `CLIENT_OFFSET_FILE_UNREADABLE` */
  load(): Promise<void>
  /** The offset that will be stored for `queue`; undefined when nothing is known here. */
  get(queue: MessageQueue): number | undefined
  set(queue: MessageQueue, offset: number): void
  /** Forgets a queue that is somebody else's now. */
  remove(queue: MessageQueue): void
  /**
   * What is stored; undefined when nothing. With `zeroIfRecent` a broker answers 0 instead of
   * nothing for a queue so new that its first message is still in memory, so that whoever starts at
   * the end does not miss what was sent just before.
   * @throws {ClientError}
   */
  fetch(queue: MessageQueue, zeroIfRecent: boolean): Promise<number | undefined>
  /** Stores every offset. Failures are logged: the next time tries again. */
  persistAll(): Promise<void>
  /** Stores the offset of one queue. Failures are logged, and told by false. */
  persist(queue: MessageQueue): Promise<boolean>
  /** Stores every offset. @throws {ClientError} */
  commitAll(): Promise<void>
}
