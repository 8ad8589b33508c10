import { performance } from 'node:perf_hooks'
import { describeError } from '../../engine/base/errors.ts'
import type { Logger } from '../../engine/base/logger.ts'
import { LimitedLogger } from '../remoting/limited-logger.ts'
import type { ConsumeStats } from './consume-stats.ts'
import type { ConsumeHooks } from './hook-calls.ts'
import type { ConsumeHookContext, ConsumeReturn } from './hooks.ts'
import type { ReceivedMessage } from './message.ts'
import type { MessageQueue } from './message-queue.ts'
import { unwrapMessage, unwrapQueue } from './namespace.ts'
import type { PulledMessage } from './pulled-messages.ts'
import type { ConsumeContext, ConsumeResult, MessageListener } from './push-consumer-options.ts'

/**
 * How a call of the listener ended: as it said, without a word, with an error, or not at all since
 * a body could not be read.
 */
export type ListenerOutcome =
  | { readonly kind: ConsumeResult | 'nothing' }
  | { readonly kind: 'failed' | 'unreadable'; readonly error: unknown }

type Outcome = ListenerOutcome | Promise<ListenerOutcome>

/** What {@link ListenerCalls} work with. */
export interface ListenerCallsOptions {
  readonly group: string
  readonly namespace: string
  readonly onMessage: MessageListener
  /** Whether the listener may commit and roll back. */
  readonly isOrderly: boolean
  /** What is said to have taken too long, in milliseconds. */
  readonly consumeTimeoutMs: number
  readonly stats: ConsumeStats
  readonly hooks: ConsumeHooks
  readonly logger: Logger
}

/** Every answer that a listener can give, and whether it needs order. */
const RESULTS: ReadonlyMap<unknown, boolean> = new Map<ConsumeResult, boolean>([
  ['success', false],
  ['later', false],
  ['commit', true],
  ['rollback', true],
])

/** Calls the listener and takes note of how that ends. */
export class ListenerCalls {
  readonly #options: ListenerCallsOptions
  readonly #log: LimitedLogger

  constructor(options: ListenerCallsOptions) {
    this.#options = options
    this.#log = new LimitedLogger(options.logger)
  }

  /** What a listener gets along when it has not set anything yet. */
  contextOf(queue: MessageQueue): ConsumeContext {
    const { namespace } = this.#options
    return { queue: unwrapQueue(namespace, queue), delayLevel: 0, suspendMs: -1, autoCommit: true }
  }

  /** Never rejects or throws; a promise only where the listener has answered with one. */
  call(messages: readonly PulledMessage[], context: ConsumeContext): Outcome {
    const { consumeTimeoutMs, group, hooks } = this.#options
    if (hooks.isEmpty || this.#isUnreadable(messages)) return this.callDirectly(messages, context)
    const hookContext: ConsumeHookContext = {
      group,
      queue: context.queue,
      messages: this.#received(messages),
    }
    hooks.before(hookContext)
    const startedMs = performance.now()
    return whenKnown(this.callDirectly(messages, context), (outcome) => {
      const isLate = performance.now() - startedMs >= consumeTimeoutMs
      hooks.after(hookContext, { isSuccess: isDone(outcome), returned: returnOf(outcome, isLate) })
      return outcome
    })
  }

  /** A {@link call} that no hook is told of. */
  callDirectly(messages: readonly PulledMessage[], context: ConsumeContext): Outcome {
    const unreadable = messages.find(({ failure }) => failure !== undefined)
    if (unreadable !== undefined) {
      this.#log.error('unreadable', `not delivered: ${describeError(unreadable.failure)}`)
      return { kind: 'unreadable', error: unreadable.failure }
    }
    const startedMs = performance.now()
    return whenKnown(this.#listen(this.#received(messages), context), (outcome) => {
      const { topic } = messages[0]!.message.queue
      const tookMs = performance.now() - startedMs
      this.#options.stats.noteCall(topic, messages.length, tookMs, isDone(outcome))
      return outcome
    })
  }

  #received(messages: readonly PulledMessage[]): readonly ReceivedMessage[] {
    const { namespace } = this.#options
    return messages.map(({ message }) => unwrapMessage(namespace, message))
  }

  #isUnreadable(messages: readonly PulledMessage[]): boolean {
    return messages.some(({ failure }) => failure !== undefined)
  }

  #listen(messages: readonly ReceivedMessage[], context: ConsumeContext): Outcome {
    try {
      const result: unknown = this.#options.onMessage(messages, context)
      return isThenable(result) ? this.#promised(result) : this.#outcomeOf(result)
    } catch (error) {
      return this.#failed(error)
    }
  }

  async #promised(result: PromiseLike<unknown>): Promise<ListenerOutcome> {
    try {
      return this.#outcomeOf(await result)
    } catch (error) {
      return this.#failed(error)
    }
  }

  #outcomeOf(result: unknown): ListenerOutcome {
    const needsOrder = RESULTS.get(result)
    const isKnown = needsOrder !== undefined && (this.#options.isOrderly || !needsOrder)
    return { kind: isKnown ? (result as ConsumeResult) : 'nothing' }
  }

  #failed(error: unknown): ListenerOutcome {
    this.#log.warn('listener', `the listener failed: ${describeError(error)}`)
    return { kind: 'failed', error }
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function'
}

function whenKnown(
  outcome: Outcome,
  conclude: (outcome: ListenerOutcome) => ListenerOutcome,
): Outcome {
  return outcome instanceof Promise ? outcome.then(conclude) : conclude(outcome)
}

/** A message that was delivered in vain once more. */
export function oneMoreTime(pulled: PulledMessage): PulledMessage {
  const { bodyBytes, compressionFlags, failure, message, queueOffset } = pulled
  const again = { ...message, reconsumeTimes: message.reconsumeTimes + 1 }
  return { bodyBytes, compressionFlags, failure, message: again, queueOffset }
}

function isDone({ kind }: ListenerOutcome): boolean {
  return kind === 'success' || kind === 'commit'
}

/** Java says of what was rolled back that it returned well, since it did not fail. */
function returnOf({ kind }: ListenerOutcome, isLate: boolean): ConsumeReturn {
  if (kind === 'failed' || kind === 'unreadable') return 'exception'
  if (kind === 'nothing') return 'nothing'
  if (isLate) return 'timeout'
  return kind === 'later' ? 'failed' : 'success'
}
