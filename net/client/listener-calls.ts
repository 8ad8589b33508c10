import { describeError } from '../../engine/base/errors.ts'
import type { Logger } from '../../engine/base/logger.ts'
import { LimitedLogger } from '../remoting/limited-logger.ts'
import type { ConsumeStats } from './consume-stats.ts'
import type { PulledMessage } from './pulled-messages.ts'
import type { ConsumeContext, MessageListener } from './push-consumer-options.ts'

/**
 * How a call of the listener ended: as it said, without a word, with an error, or not at all since
 * a body could not be read.
 */
export type ListenerOutcome =
  | { readonly kind: 'success' | 'later' | 'nothing' }
  | { readonly kind: 'failed' | 'unreadable'; readonly error: unknown }

/** Calls the listener and takes note of how that ends. */
export class ListenerCalls {
  readonly #onMessage: MessageListener
  readonly #stats: ConsumeStats
  readonly #log: LimitedLogger

  constructor(onMessage: MessageListener, stats: ConsumeStats, logger: Logger) {
    this.#onMessage = onMessage
    this.#stats = stats
    this.#log = new LimitedLogger(logger)
  }

  /** Never rejects. */
  async call(
    messages: readonly PulledMessage[],
    context: ConsumeContext,
  ): Promise<ListenerOutcome> {
    const unreadable = messages.find(({ failure }) => failure !== undefined)
    if (unreadable !== undefined) {
      this.#log.error('unreadable', `not delivered: ${describeError(unreadable.failure)}`)
      return { kind: 'unreadable', error: unreadable.failure }
    }
    const startedMs = performance.now()
    const outcome = await this.#outcomeOf(messages, context)
    const { topic } = context.queue
    const isSuccess = outcome.kind === 'success'
    this.#stats.noteCall(topic, messages.length, performance.now() - startedMs, isSuccess)
    return outcome
  }

  async #outcomeOf(
    messages: readonly PulledMessage[],
    context: ConsumeContext,
  ): Promise<ListenerOutcome> {
    try {
      const result: unknown = await this.#onMessage(
        messages.map(({ message }) => message),
        context,
      )
      return { kind: result === 'success' || result === 'later' ? result : 'nothing' }
    } catch (error) {
      this.#log.warn('listener', `the listener failed: ${describeError(error)}`)
      return { kind: 'failed', error }
    }
  }
}

/** A message that was delivered in vain once more. */
export function oneMoreTime(pulled: PulledMessage): PulledMessage {
  const { message } = pulled
  return { ...pulled, message: { ...message, reconsumeTimes: message.reconsumeTimes + 1 } }
}
