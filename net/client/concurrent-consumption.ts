import { describeError } from '../../engine/base/errors.ts'
import type { Logger } from '../../engine/base/logger.ts'
import { LimitedLogger } from '../remoting/limited-logger.ts'
import type { ConsumeSource, Consumption } from './consumption.ts'
import { type ListenerCalls, oneMoreTime } from './listener-calls.ts'
import type { PulledMessage } from './pulled-messages.ts'
import { contextOf } from './push-consumer-options.ts'
import { settledWithin } from './settled-within.ts'

/** What a {@link ConcurrentConsumption} works with. */
export interface ConcurrentConsumptionOptions {
  readonly calls: ListenerCalls
  /** How many calls of the listener may be in progress at once. */
  readonly concurrency: number
  /** How many messages one call of the listener gets at most. */
  readonly batchSizeMax: number
  /** Hands a message back to be delivered later. */
  readonly sendBack: (pulled: PulledMessage, delayLevel: number) => Promise<void>
  readonly logger: Logger
}

/** Messages that the listener gets in one call. */
interface ConsumeTask {
  readonly source: ConsumeSource
  readonly messages: readonly PulledMessage[]
}

/** How long until a message that could not be handed back is tried here once more, in ms
 *  (Java: ConsumeMessageConcurrentlyService.submitConsumeRequestLater). */
const RETRY_HERE_MS = 5_000

/**
 * Calls the listener, for several messages at the same time, in the order in which they came as far
 * as that goes. RocketMQ: `ConsumeMessageConcurrentlyService`.
 */
export class ConcurrentConsumption implements Consumption {
  readonly #options: ConcurrentConsumptionOptions
  readonly #log: LimitedLogger
  /** What waits for its turn, from `#head` on. */
  #tasks: ConsumeTask[] = []
  #head = 0
  readonly #running = new Set<Promise<void>>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #isEnding = false

  constructor(options: ConcurrentConsumptionOptions) {
    this.#options = options
    this.#log = new LimitedLogger(options.logger)
  }

  add(source: ConsumeSource, messages: readonly PulledMessage[]): void {
    const { batchSizeMax } = this.#options
    for (let at = 0; at < messages.length; at += batchSizeMax) {
      this.#tasks.push({ source, messages: messages.slice(at, at + batchSizeMax) })
    }
    this.#pump()
  }

  /** Whoever gets the queue next gets what is in progress again. */
  finish(source: ConsumeSource): undefined {
    source.processQueue.drop()
  }

  async end(timeoutMs: number): Promise<void> {
    this.#isEnding = true
    for (const timer of this.#timers) clearTimeout(timer)
    await settledWithin(this.#running, timeoutMs)
  }

  #pump(): void {
    while (!this.#isEnding && this.#running.size < this.#options.concurrency) {
      const task = this.#tasks[this.#head]
      if (task === undefined) break
      this.#head += 1
      if (!task.source.processQueue.isDropped) this.#start(task)
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
    const { onDone, processQueue, queue } = task.source
    const context = contextOf(queue)
    const { kind } = await this.#options.calls.call(task.messages, context)
    // Somebody else has the queue now and gets these messages again.
    if (processQueue.isDropped) return
    const failed = kind === 'success' ? [] : task.messages
    const kept = await this.#sendBackAll(failed, context.delayLevel)
    const done = task.messages.filter((pulled) => !kept.includes(pulled))
    processQueue.remove(done.map(({ message }) => message))
    onDone()
    if (kept.length > 0) this.#retryHere({ ...task, messages: kept.map(oneMoreTime) })
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
      this.#tasks.push(task)
      this.#pump()
    }, RETRY_HERE_MS)
    this.#timers.add(timer)
  }
}
