import { describeError } from '../../engine/base/errors.ts'
import type { Logger } from '../../engine/base/logger.ts'
import { LimitedLogger } from '../remoting/limited-logger.ts'
import { ClientError } from './client-error.ts'
import type {
  CheckForbiddenHook,
  ConsumeHook,
  ConsumeHookContext,
  ConsumeOutcome,
  FilterHook,
  SendContext,
  SendHook,
  SendHookOutcome,
} from './hooks.ts'
import type { ReceivedMessage } from './message.ts'

/** Calls hooks: none of them can break what it watches. */
class HookCalls {
  readonly #log: LimitedLogger

  constructor(logger: Logger) {
    this.#log = new LimitedLogger(logger)
  }

  protected call(name: string, hook: () => unknown): void {
    try {
      const result = hook()
      // A hook should not be async; one that is must not end the process either.
      if (result instanceof Promise) result.catch((error: unknown) => this.failed(name, error))
    } catch (error) {
      this.failed(name, error)
    }
  }

  protected failed(name: string, error: unknown): void {
    this.#log.warn(name, `the hook ${name} failed: ${describeError(error)}`)
  }
}

/** The hooks of a producer. */
export class SendHooks extends HookCalls {
  readonly #hooks: readonly SendHook[]
  readonly #checks: readonly CheckForbiddenHook[]

  constructor(hooks: readonly SendHook[], checks: readonly CheckForbiddenHook[], logger: Logger) {
    super(logger)
    this.#hooks = hooks
    this.#checks = checks
  }

  get isEmpty(): boolean {
    return this.#hooks.length === 0 && this.#checks.length === 0
  }

  /** @throws {ClientError} `CLIENT_SEND_FORBIDDEN` when a check says so */
  before(context: SendContext): void {
    for (const check of this.#checks) {
      try {
        check.check(context)
      } catch (error) {
        const message = `${check.name} forbids a send to ${context.topic}: ${describeError(error)}`
        throw new ClientError('CLIENT_SEND_FORBIDDEN', message, { cause: error })
      }
    }
    for (const hook of this.#hooks) this.call(hook.name, () => hook.before?.(context))
  }

  after(context: SendContext, outcome: SendHookOutcome): void {
    for (const hook of this.#hooks) this.call(hook.name, () => hook.after?.(context, outcome))
  }
}

/** The hooks of a consumer around its listener. */
export class ConsumeHooks extends HookCalls {
  readonly #hooks: readonly ConsumeHook[]

  constructor(hooks: readonly ConsumeHook[], logger: Logger) {
    super(logger)
    this.#hooks = hooks
  }

  get isEmpty(): boolean {
    return this.#hooks.length === 0
  }

  before(context: ConsumeHookContext): void {
    for (const hook of this.#hooks) this.call(hook.name, () => hook.before?.(context))
  }

  after(context: ConsumeHookContext, outcome: ConsumeOutcome): void {
    for (const hook of this.#hooks) this.call(hook.name, () => hook.after?.(context, outcome))
  }
}

/** The hooks of a consumer between a pull and the listener. */
export class FilterHooks extends HookCalls {
  readonly #hooks: readonly FilterHook[]

  constructor(hooks: readonly FilterHook[], logger: Logger) {
    super(logger)
    this.#hooks = hooks
  }

  get isEmpty(): boolean {
    return this.#hooks.length === 0
  }

  wants(message: ReceivedMessage, group: string): boolean {
    return this.#hooks.every((hook) => {
      let isWanted: unknown = true
      this.call(hook.name, () => {
        isWanted = hook.wants(message, group)
      })
      return isWanted !== false
    })
  }
}
