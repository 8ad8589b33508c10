import { performance } from 'node:perf_hooks'
import { describeError } from '../../engine/base/errors.ts'
import { ClientError, type ClientErrorCode } from './client-error.ts'
import type { SendResult } from './message.ts'
import type { MessageQueue } from './message-queue.ts'
import type { OutgoingMessage } from './outgoing-message.ts'
import { brokerWishes, type RoundRobin } from './queue-choice.ts'
import type { ReceiptWaiter, SendAttempts, SenderConfig } from './send-attempt.ts'

/** What a {@link MessageSend} works with. */
export interface MessageSendParts {
  readonly attempts: SendAttempts
  readonly config: SenderConfig
  readonly message: OutgoingMessage
  /** For all attempts together, in milliseconds. */
  readonly timeoutMs: number
  /** How it ended, one of the two. */
  readonly onStored: (receipt: SendResult) => void
  readonly onFailed: (error: Error) => void
}

/** Failures without an answer that say nothing about other brokers. */
const TRY_ELSEWHERE: ReadonlySet<ClientErrorCode> = new Set([
  'CLIENT_BROKER_NOT_FOUND',
  'CLIENT_SEND_FORBIDDEN',
])
const NO_BROKERS: readonly string[] = Object.freeze([])
const NO_QUEUES: readonly MessageQueue[] = Object.freeze([])

/**
 * A message on its way to one queue after the other, until one takes it. It makes no promise of its
 * own: a producer has many of these at the same time, and what each one holds is moved by the
 * garbage collector while it waits.
 */
export class MessageSend implements ReceiptWaiter {
  readonly #parts: MessageSendParts
  readonly #deadlineMs: number
  #queues: readonly MessageQueue[] = NO_QUEUES
  #turn: RoundRobin | undefined
  /** The brokers of the attempts that have failed, and that of the present one. */
  #tried = NO_BROKERS
  #brokerName = ''
  #lastError: ClientError | undefined
  #unsafe: SendResult | undefined

  constructor(parts: MessageSendParts) {
    this.#parts = parts
    this.#deadlineMs = performance.now() + parts.timeoutMs
  }

  /** Tries one of `queues` in `turn`, and others behind it. */
  begin(queues: readonly MessageQueue[], turn: RoundRobin): void {
    this.#queues = queues
    this.#turn = turn
    this.#next()
  }

  stored(receipt: SendResult): void {
    const { config, onStored } = this.#parts
    if (receipt.status === 'SEND_OK' || !config.retryWhenNotSafe) {
      onStored(receipt)
      return
    }
    this.#unsafe = receipt
    this.#tryElsewhere()
  }

  failed(error: Error): void {
    const isKnown = error instanceof ClientError
    if (!isKnown || !this.#isWorthRetrying(error)) {
      if (isKnown && this.#unsafe !== undefined) this.#parts.onStored(this.#unsafe)
      else this.#parts.onFailed(error)
      return
    }
    this.#lastError = error
    this.#tryElsewhere()
  }

  #tryElsewhere(): void {
    this.#tried = [...this.#tried, this.#brokerName]
    // An attempt can fail before its start returns, and there may be very many.
    queueMicrotask(() => this.#next())
  }

  #next(): void {
    const { attempts, config, message } = this.#parts
    const leftMs = this.#deadlineMs - performance.now()
    if (this.#tried.length > config.retryCountMax || leftMs <= 0) {
      this.#giveUp()
      return
    }
    const queue = this.#turn!.next(this.#queues, brokerWishes(this.#tried, attempts.faults))
    this.#brokerName = queue.brokerName
    attempts.start(queue, message, this.#attemptMs(leftMs), this)
  }

  #giveUp(): void {
    const { message, onFailed, onStored, timeoutMs } = this.#parts
    if (this.#unsafe !== undefined) onStored(this.#unsafe)
    else onFailed(allFailed(message.topic, this.#tried, timeoutMs, this.#lastError))
  }

  /** How long one attempt may take: all the time that is left when it is the last one. */
  #attemptMs(leftMs: number): number {
    const { attemptTimeoutMs, retryCountMax } = this.#parts.config
    const isLast = this.#tried.length >= retryCountMax
    return isLast || attemptTimeoutMs === 0 ? leftMs : Math.min(leftMs, attemptTimeoutMs)
  }

  /** Whether another broker may take what this one did not. */
  #isWorthRetrying(error: ClientError): boolean {
    if (TRY_ELSEWHERE.has(error.code)) return true
    return this.#parts.attempts.outcomeOf(error) !== 'answered'
  }
}

function allFailed(
  topic: string,
  brokersTried: readonly string[],
  timeoutMs: number,
  cause: ClientError | undefined,
): ClientError {
  const code = cause?.code ?? 'CLIENT_TIMEOUT'
  const why = cause === undefined ? `no time left of ${timeoutMs} ms` : describeError(cause)
  const message = `send to ${topic} failed ${brokersTried.length} times: ${why}`
  return new ClientError(code, message, { responseCode: cause?.responseCode, brokersTried, cause })
}
