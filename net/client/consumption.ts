import type { MessageQueue } from './message-queue.ts'
import type { ProcessQueue } from './process-queue.ts'
import type { PulledMessage } from './pulled-messages.ts'

/** One queue's share of a {@link Consumption}, from the time it is taken until it is given up. */
export interface ConsumeSource {
  readonly queue: MessageQueue
  readonly processQueue: ProcessQueue
  /** Called when some of its messages are done with. */
  readonly onDone: () => void
}

/** How pulled messages come to the listener. RocketMQ: `ConsumeMessageService`. */
export interface Consumption {
  /** Takes what one pull brought, in the order of offsets. */
  add(source: ConsumeSource, messages: readonly PulledMessage[]): void
  /** Resolves when what has been begun of a queue counts, and nothing more of it will begin;
   *  undefined when it does not count any more and nobody needs to wait. */
  finish(source: ConsumeSource): Promise<void> | undefined
  /** Begins nothing more; resolves when everything in progress has ended, or after `timeoutMs`. */
  end(timeoutMs: number): Promise<void>
}
