import { performance } from 'node:perf_hooks'
import { describeError } from '../../engine/base/errors.ts'
import type { Logger } from '../../engine/base/logger.ts'
import { LimitedLogger } from '../remoting/limited-logger.ts'
import type { ConsumeSource, Consumption } from './consumption.ts'
import { type ListenerCalls, type ListenerOutcome, oneMoreTime } from './listener-calls.ts'
import { PeriodicTask } from './periodic-task.ts'
import type { PulledMessage } from './pulled-messages.ts'
import type { ConsumeContext } from './push-consumer-options.ts'
import { settledWithin } from './settled-within.ts'
import { WorkInProgress } from './work-in-progress.ts'

/** What a {@link ConcurrentConsumption} works with. */
export interface ConcurrentConsumptionOptions {
  readonly calls: ListenerCalls
  /** How many calls of the listener may be in progress at once. */
  readonly concurrency: number
  /** How many messages one call of the listener gets at most. */
  readonly batchSizeMax: number
  /** How long a call of the listener may take, in milliseconds. */
  readonly consumeTimeoutMs: number
  /** Hands a message back to be delivered later. */
  readonly sendBack: (pulled: PulledMessage, delayLevel: number) => Promise<void>
  readonly logger: Logger
}

/** Messages that the listener gets in one call. */
interface ConsumeTask {
  readonly source: ConsumeSource
  readonly messages: readonly PulledMessage[]
}

/** Messages that wait, those from `next` on: calls of the listener get some of them at a time. */
interface WaitingMessages {
  readonly source: ConsumeSource
  readonly messages: readonly PulledMessage[]
  next: number
}

/** A call of the listener that is in progress. */
interface ConsumeCall {
  readonly task: ConsumeTask
  readonly context: ConsumeContext
  readonly startedMs: number
  /** It took too long: its messages are handed back, and what it answers does not count. */
  isLate: boolean
}

/** Listeners that are quick get so many messages until connections are looked at again: what waits
 *  there is taken, and the next pulls leave. */
const TURN_COUNT_MAX = 256
/** How long until a message that could not be handed back is tried here once more, in ms
 *  (Java: ConsumeMessageConcurrentlyService.submitConsumeRequestLater). */
const RETRY_HERE_MS = 5_000
/** How often calls are looked for that take too long, in milliseconds. */
const LATE_CHECK_MS = 1_000
/** For how long messages of such a call are put off (Java: ProcessQueue.cleanExpiredMsg). */
const LATE_DELAY_LEVEL = 3

/**
 * Calls the listener, for several messages at the same time, in the order in which they came as far
 * as that goes. RocketMQ: `ConsumeMessageConcurrentlyService`.
 */
export class ConcurrentConsumption implements Consumption {
  readonly #options: ConcurrentConsumptionOptions
  readonly #log: LimitedLogger
  /** What waits for its turn, from `#head` on; nothing stands before that, so that no message is
   *  kept that is done with. */
  #waiting: (WaitingMessages | undefined)[] = []
  #head = 0
  /** Calls of the listener, and the handing back of what it did not take. */
  readonly #running = new WorkInProgress()
  /** Those that the listener has answered with a promise. */
  readonly #calls = new Set<ConsumeCall>()
  readonly #lateTask: PeriodicTask
  #isPumpComing = false
  /** Messages that listeners have got since the event loop last came round. */
  #startedCount = 0
  readonly #timers = new Set<NodeJS.Timeout>()
  #isEnding = false

  constructor(options: ConcurrentConsumptionOptions) {
    this.#options = options
    this.#log = new LimitedLogger(options.logger)
    this.#lateTask = new PeriodicTask({
      name: 'handing back of messages whose time is over',
      intervalMs: Math.min(LATE_CHECK_MS, options.consumeTimeoutMs),
      logger: options.logger,
      run: () => this.#handBackLate(),
    })
  }

  add(source: ConsumeSource, messages: readonly PulledMessage[]): void {
    if (messages.length === 0) return
    this.#waiting.push({ source, messages, next: 0 })
    // The next pulls leave first, so that brokers work while listeners do.
    this.#pumpLater()
  }

  /** Whoever gets the queue next gets what is in progress again. */
  finish(source: ConsumeSource): undefined {
    source.processQueue.drop()
  }

  async end(timeoutMs: number): Promise<void> {
    this.#isEnding = true
    for (const timer of this.#timers) clearTimeout(timer)
    await settledWithin([this.#running.ended()], timeoutMs)
    await this.#lateTask.stop()
  }

  #pumpLater(): void {
    if (this.#isPumpComing) return
    this.#isPumpComing = true
    setImmediate(() => {
      this.#isPumpComing = false
      this.#startedCount = 0
      this.#pump()
    })
  }

  #pump(): void {
    while (!this.#isEnding && this.#running.count < this.#options.concurrency) {
      const waiting = this.#waiting[this.#head]
      if (waiting === undefined) break
      if (this.#startedCount >= TURN_COUNT_MAX) {
        this.#pumpLater()
        break
      }
      this.#startNext(waiting)
    }
    // Cut off now and then, so that taking one costs no move of all the others.
    if (this.#head * 2 < this.#waiting.length) return
    this.#waiting = this.#waiting.slice(this.#head)
    this.#head = 0
  }

  #startNext(waiting: WaitingMessages): void {
    const { messages, next, source } = waiting
    const { isDropped } = source.processQueue
    waiting.next = isDropped ? messages.length : next + this.#options.batchSizeMax
    if (waiting.next >= messages.length) {
      this.#waiting[this.#head] = undefined
      this.#head += 1
    }
    if (isDropped) return
    const batch = messages.slice(next, waiting.next)
    this.#startedCount += batch.length
    this.#start({ source, messages: batch })
  }

  #start(task: ConsumeTask): void {
    const { calls } = this.#options
    const context = calls.contextOf(task.source.queue)
    const call: ConsumeCall = { task, context, startedMs: performance.now(), isLate: false }
    this.#running.begin()
    const outcome = calls.call(task.messages, context)
    if (!(outcome instanceof Promise)) {
      this.#conclude(call, outcome)
      return
    }
    this.#calls.add(call)
    void outcome.then((known) => {
      this.#calls.delete(call)
      this.#conclude(call, known)
      this.#pump()
    })
  }

  #conclude({ context, isLate, task }: ConsumeCall, { kind }: ListenerOutcome): void {
    // Somebody else has the queue now and gets these messages again, or they are handed back.
    const isOver = task.source.processQueue.isDropped || isLate
    if (isOver || kind === 'success') {
      if (!isOver) this.#finishWith(task.source, task.messages)
      this.#running.end()
      return
    }
    void this.#handBack(task, context.delayLevel).finally(() => {
      this.#running.end()
      this.#pump()
    })
  }

  #finishWith({ onDone, processQueue }: ConsumeSource, messages: readonly PulledMessage[]): void {
    processQueue.remove(messages)
    onDone()
  }

  /** Hands messages back; what no broker takes is tried here again, the rest is done with. */
  async #handBack(task: ConsumeTask, delayLevel: number): Promise<void> {
    const kept = await this.#sendBackAll(task.messages, delayLevel)
    const done = task.messages.filter((pulled) => !kept.includes(pulled))
    this.#finishWith(task.source, done)
    if (kept.length > 0) this.#retryHere({ ...task, messages: kept.map(oneMoreTime) })
  }

  async #handBackLate(): Promise<void> {
    const { consumeTimeoutMs } = this.#options
    const nowMs = performance.now()
    const late = [...this.#calls].filter(({ startedMs }) => nowMs - startedMs > consumeTimeoutMs)
    for (const call of late) {
      this.#calls.delete(call)
      call.isLate = true
      const { messages, source } = call.task
      if (source.processQueue.isDropped) continue
      this.#log.warn('late', `${messages.length} messages not consumed in ${consumeTimeoutMs} ms`)
      await this.#handBack(call.task, LATE_DELAY_LEVEL)
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
      this.add(task.source, task.messages)
    }, RETRY_HERE_MS)
    this.#timers.add(timer)
  }
}
