import { type Deferred, deferred } from '../../engine/base/deferred.ts'

/** Counts what is in progress, for a close that waits for it. */
export class WorkInProgress {
  #count = 0
  #idle: Deferred<void> | undefined

  get count(): number {
    return this.#count
  }

  begin(): void {
    this.#count += 1
  }

  end(): void {
    this.#count -= 1
    if (this.#count === 0) this.#idle?.resolve()
  }

  /** Resolves when nothing is in progress; nothing may begin any more. */
  async ended(): Promise<void> {
    if (this.#count === 0) return
    this.#idle ??= deferred()
    await this.#idle.promise
  }
}
