import { describeError } from '../../engine/base/errors.ts'
import type { Logger } from '../../engine/base/logger.ts'
import { LimitedLogger } from '../remoting/limited-logger.ts'
import type { MessageQueue } from './message-queue.ts'
import type { ProcessQueue } from './process-queue.ts'
import type { PulledMessage } from './pulled-messages.ts'
import type { ConsumeContext, MessageListener } from './push-consumer-options.ts'

/** What a {@link Consumption} works with. */
export interface ConsumptionOptions {
  readonly onMessage: MessageListener
  /** How many calls of the listener may be in progress at once. */
  readonly concurrency: number
  /** Hands a message back to be delivered later. */
  readonly sendBack: (pulled: PulledMessage, delayLevel: number) => Promise<void>
  readonly logger: Logger
}

/** Messages that the listener gets in one call. */
export interface ConsumeTask {
  readonly queue: MessageQueue
  readonly processQueue: ProcessQueue
  readonly messages: readonly PulledMessage[]
  /** Called when these messages are done with. */
  readonly onDone: () => void
}

/** How long until a message that could not be handed back is tried here once more, in ms
 *  (Java: ConsumeMessageConcurrentlyService.submitConsumeRequestLater). */
const RETRY_HERE_MS = 5_000

/**
 * Calls the listener, for several messages at the same time, in the order in which they came as far
 * as that goes. RocketMQ: `ConsumeMessageConcurrentlyService`.
 */
export class Consumption {
  readonly #options: ConsumptionOptions
  readonly #log: LimitedLogger
  /** What waits for its turn, from `#head` on. */
  #tasks: ConsumeTask[] = []
  #head = 0
  readonly #running = new Set<Promise<void>>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #isEnding = false

  constructor(options: ConsumptionOptions) {
    this.#options = options
    this.#log = new LimitedLogger(options.logger)
  }

  submit(task: ConsumeTask): void {
    this.#tasks.push(task)
    this.#pump()
  }

  /** Begins nothing more; resolves when everything in progress has ended, or after `timeoutMs`. */
  async end(timeoutMs: number): Promise<void> {
    this.#isEnding = true
    for (const timer of this.#timers) clearTimeout(timer)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs)
    })
    await Promise.race([Promise.all(this.#running), late])
    clearTimeout(timer)
  }

  #pump(): void {
    while (!this.#isEnding && this.#running.size < this.#options.concurrency) {
      const task = this.#tasks[this.#head]
      if (task === undefined) break
      this.#head += 1
      if (!task.processQueue.isDropped) this.#start(task)
    }
    // Cut off now and then, so that taking one costs no move of all the others.
    if (this.#head * 2 < this.#tasks.length) return
    this.#tasks = this.#tasks.slice(this.#head)
    this.#head = 0
  }

  #start(task: ConsumeTask): void {
    const running = this.#consume(task).finally(() => {
      this.#running.delete(running)
      this.#pump()
    })
    this.#running.add(running)
  }

  async #consume(task: ConsumeTask): Promise<void> {
    const context: ConsumeContext = { queue: task.queue, delayLevel: 0 }
    const isConsumed = await this.#callListener(task, context)
    // Somebody else has the queue now and gets these messages again.
    if (task.processQueue.isDropped) return
    const failed = isConsumed ? [] : task.messages
    const kept = await this.#sendBackAll(failed, context.delayLevel)
    const done = task.messages.filter((pulled) => !kept.includes(pulled))
    task.processQueue.remove(done.map(({ message }) => message))
    task.onDone()
    if (kept.length > 0) this.#retryHere({ ...task, messages: kept.map(oneMoreTime) })
  }

  async #callListener(task: ConsumeTask, context: ConsumeContext): Promise<boolean> {
    const { onMessage } = this.#options
    const unreadable = task.messages.find(({ failure }) => failure !== undefined)
    if (unreadable !== undefined) {
      this.#log.error('unreadable', `not delivered: ${describeError(unreadable.failure)}`)
      return false
    }
    try {
      const result = await onMessage(
        task.messages.map(({ message }) => message),
        context,
      )
      return result === 'success'
    } catch (error) {
      this.#log.warn('listener', `the listener failed: ${describeError(error)}`)
      return false
    }
  }

  /** Hands messages back and returns those that no broker took. */
  async #sendBackAll(
    messages: readonly PulledMessage[],
    delayLevel: number,
  ): Promise<readonly PulledMessage[]> {
    const kept: PulledMessage[] = []
    for (const pulled of messages) {
      try {
        await this.#options.sendBack(pulled, delayLevel)
      } catch (error) {
        const { messageId } = pulled.message
        this.#log.error('kept', `${messageId} not handed back: ${describeError(error)}`)
        kept.push(pulled)
      }
    }
    return kept
  }

  #retryHere(task: ConsumeTask): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.submit(task)
    }, RETRY_HERE_MS)
    this.#timers.add(timer)
  }
}

function oneMoreTime(pulled: PulledMessage): PulledMessage {
  const { message } = pulled
  return { ...pulled, message: { ...message, reconsumeTimes: message.reconsumeTimes + 1 } }
}
