import type { Logger } from '../../engine/base/logger.ts'

const QUIET_MS = 60_000
const KINDS_MAX = 256

/** Logs the first event of a kind at once and then at most one a minute, with their number. */
export class LimitedLogger {
  readonly #logger: Logger
  readonly #kinds = new Map<string, { loggedAtMs: number; unloggedCount: number }>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** `kind` must come from a bounded set: a code, not a message. */
  warn(kind: string, message: string): void {
    const suffix = this.#suffix(kind)
    if (suffix !== undefined) this.#logger.warn(`${message}${suffix}`)
  }

  error(kind: string, message: string): void {
    const suffix = this.#suffix(kind)
    if (suffix !== undefined) this.#logger.error(`${message}${suffix}`)
  }

  /** What to add to the message, or undefined when it is not to be logged. */
  #suffix(kind: string): string | undefined {
    const nowMs = performance.now()
    const seen = this.#kinds.get(kind)
    if (seen === undefined) {
      if (this.#kinds.size >= KINDS_MAX) return undefined
      this.#kinds.set(kind, { loggedAtMs: nowMs, unloggedCount: 0 })
      return ''
    }
    if (nowMs - seen.loggedAtMs < QUIET_MS) {
      seen.unloggedCount += 1
      return undefined
    }
    const suffix = seen.unloggedCount === 0 ? '' : ` (and ${seen.unloggedCount} more before)`
    seen.loggedAtMs = nowMs
    seen.unloggedCount = 0
    return suffix
  }
}
