import { setTimeout as sleep } from 'node:timers/promises'
import { describeError } from '../../engine/base/errors.ts'
import type { Logger } from '../../engine/base/logger.ts'
import { LimitedLogger } from '../remoting/limited-logger.ts'
import { CallSlots } from './call-slots.ts'
import type { ConsumeSource, Consumption } from './consumption.ts'
import { type ListenerCalls, type ListenerOutcome, oneMoreTime } from './listener-calls.ts'
import { type MessageQueue, queueKey } from './message-queue.ts'
import type { PulledMessage } from './pulled-messages.ts'
import { SUSPEND_MS_MAX, SUSPEND_MS_MIN } from './push-consumer-options.ts'
import { settledWithin } from './settled-within.ts'

/** What an {@link OrderlyConsumption} works with. */
export interface OrderlyConsumptionOptions {
  readonly calls: ListenerCalls
  /** How many queues may have a call of the listener in progress at once. */
  readonly concurrency: number
  /** How many messages one call of the listener gets at most. */
  readonly batchSizeMax: number
  /** How long a queue pauses whose listener put messages off, in milliseconds. */
  readonly suspendMs: number
  /** How often a message is tried in place before it is handed over. */
  readonly reconsumeTimesMax: number
  /** Whether this member may consume the queue at the moment. */
  readonly isHeld: (queue: MessageQueue) => boolean
  /** Hands a message over that was tried in place often enough. */
  readonly handOver: (pulled: PulledMessage) => Promise<void>
  readonly logger: Logger
}

/** A queue's messages, one call of the listener after the other. */
interface Lane {
  waiting: readonly PulledMessage[]
  /** What the listener has got and decides about later, in order (`autoCommit` is false). */
  undecided: readonly PulledMessage[]
  running: Promise<void> | undefined
  /** Ends the lane, and its pause when it is in one. */
  readonly ending: AbortController
}

/** Answers after which nothing of a batch is tried again in place. */
const DONE: ReadonlySet<ListenerOutcome['kind']> = new Set(['success', 'commit', 'rollback'])

/**
 * Calls the listener for one message, or one batch, of a queue after the other. What it puts off is
 * tried again in place after a pause, and nothing behind it is delivered before. RocketMQ:
 * `ConsumeMessageOrderlyService`.
 *
 * A queue that is given up is given up between two calls: the one in progress counts, so whoever
 * has the queue next begins behind it. A queue whose lock is in doubt stands still until its member
 * starts it anew.
 */
export class OrderlyConsumption implements Consumption {
  readonly #options: OrderlyConsumptionOptions
  readonly #log: LimitedLogger
  readonly #slots: CallSlots
  readonly #lanes = new Map<ConsumeSource, Lane>()
  /** The call in progress by queue, whichever lane began it: there is never another one. */
  readonly #calls = new Map<string, Promise<void>>()

  constructor(options: OrderlyConsumptionOptions) {
    this.#options = options
    this.#log = new LimitedLogger(options.logger)
    this.#slots = new CallSlots(options.concurrency)
  }

  add(source: ConsumeSource, messages: readonly PulledMessage[]): void {
    const lane = this.#laneOf(source)
    lane.waiting = [...lane.waiting, ...messages]
    if (lane.running !== undefined || lane.waiting.length === 0) return
    lane.running = this.#run(source, lane).finally(() => {
      lane.running = undefined
    })
  }

  finish(source: ConsumeSource): Promise<void> | undefined {
    const lane = this.#lanes.get(source)
    this.#lanes.delete(source)
    lane?.ending.abort()
    return lane?.running
  }

  async end(timeoutMs: number): Promise<void> {
    const running = [...this.#lanes.values()].map((lane) => lane.running)
    for (const source of this.#lanes.keys()) void this.finish(source)
    const calls = [...running, ...this.#calls.values()].filter((call) => call !== undefined)
    await settledWithin(calls, timeoutMs)
  }

  /** Whether a call of the listener is in progress for a queue. */
  isBusy(queue: MessageQueue): boolean {
    return this.#calls.has(queueKey(queue))
  }

  #laneOf(source: ConsumeSource): Lane {
    let lane = this.#lanes.get(source)
    if (lane === undefined) {
      lane = { waiting: [], undecided: [], running: undefined, ending: new AbortController() }
      this.#lanes.set(source, lane)
    }
    return lane
  }

  /** Never rejects. */
  async #run(source: ConsumeSource, lane: Lane): Promise<void> {
    const { signal } = lane.ending
    while (lane.waiting.length > 0 && !isOver(source, lane)) {
      // A lane before this one may still be in its last call.
      await this.#calls.get(queueKey(source.queue))
      if (!(await this.#slots.take(signal))) return
      let pauseMs = 0
      try {
        if (isOver(source, lane) || !this.#options.isHeld(source.queue)) return
        pauseMs = await this.#track(source.queue, this.#step(source, lane))
      } finally {
        this.#slots.free()
      }
      if (pauseMs > 0) await pause(pauseMs, signal)
    }
  }

  async #track(queue: MessageQueue, step: Promise<number>): Promise<number> {
    const key = queueKey(queue)
    const call = step.then(() => undefined)
    this.#calls.set(key, call)
    try {
      return await step
    } finally {
      this.#calls.delete(key)
    }
  }

  /** Calls the listener once and returns for how long to pause then, in milliseconds. */
  async #step(source: ConsumeSource, lane: Lane): Promise<number> {
    const { batchSizeMax, calls, suspendMs } = this.#options
    const batch = lane.waiting.slice(0, batchSizeMax)
    const context = calls.contextOf(source.queue)
    const outcome = await calls.call(batch, context)
    // Somebody else has the queue now and gets these messages again.
    if (source.processQueue.isDropped) return 0
    // A listener that was not called could not say that it decides later.
    const isUnasked = outcome.kind === 'unreadable' && lane.undecided.length > 0
    const autoCommit = context.autoCommit && !isUnasked
    const isRolledBack = outcome.kind === 'rollback' && !autoCommit
    const kept = isRolledBack ? [...lane.undecided, ...batch] : await this.#keptOf(batch, outcome)
    const keptOffsets = new Set(kept.map(({ queueOffset }) => queueOffset))
    const given = batch.filter(({ queueOffset }) => !keptOffsets.has(queueOffset))
    const gone = isRolledBack ? [] : [...lane.undecided, ...given]
    lane.waiting = [...kept, ...lane.waiting.slice(batch.length)]
    const isCommitted = autoCommit ? given.length > 0 : outcome.kind === 'commit'
    lane.undecided = isCommitted ? [] : gone
    if (isCommitted) {
      source.processQueue.remove(gone)
      source.onDone()
    }
    if (kept.length === 0) return 0
    const wantedMs = context.suspendMs < 0 ? suspendMs : context.suspendMs
    return Math.min(Math.max(wantedMs, SUSPEND_MS_MIN), SUSPEND_MS_MAX)
  }

  /** What of a batch that failed is to be tried again in place, in order. */
  async #keptOf(
    batch: readonly PulledMessage[],
    outcome: ListenerOutcome,
  ): Promise<readonly PulledMessage[]> {
    if (DONE.has(outcome.kind)) return []
    const { reconsumeTimesMax } = this.#options
    const wasDelivered = outcome.kind !== 'unreadable'
    const kept: PulledMessage[] = []
    for (const pulled of batch) {
      const isSpent = wasDelivered
        ? pulled.message.reconsumeTimes >= reconsumeTimesMax
        : pulled.failure !== undefined
      if (isSpent && (await this.#tryHandOver(pulled))) continue
      kept.push(wasDelivered ? oneMoreTime(pulled) : pulled)
    }
    return kept
  }

  async #tryHandOver(pulled: PulledMessage): Promise<boolean> {
    try {
      await this.#options.handOver(pulled)
      return true
    } catch (error) {
      const { messageId } = pulled.message
      this.#log.error('kept', `${messageId} not handed over: ${describeError(error)}`)
      return false
    }
  }
}

function isOver(source: ConsumeSource, lane: Lane): boolean {
  return lane.ending.signal.aborted || source.processQueue.isDropped
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
