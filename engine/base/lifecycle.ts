import { assert } from './assert.ts'

/** Where a thing that opens and closes stands. */
export type LifecycleStatus = 'opening' | 'open' | 'closing' | 'closed'

/** Anything that its owner closes with itself. */
export interface Closable {
  close(): Promise<void>
}

/**
 * The one way in which everything here opens and closes:
 * `close()` drains and is idempotent, `destroy(reason)` does not wait, `closed` resolves with the
 * reason (undefined after a plain close) and never rejects. Children close in reverse order of
 * attachment, after the owner's own drain.
 */
export abstract class Lifecycle implements Closable, AsyncDisposable {
  #status: LifecycleStatus = 'opening'
  #closing: Promise<void> | undefined
  #reason: Error | undefined
  readonly #children: Closable[] = []
  readonly #closed: Promise<Error | undefined>
  #resolveClosed!: (reason: Error | undefined) => void

  constructor() {
    this.#closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
  }

  get status(): LifecycleStatus {
    return this.#status
  }

  /** Resolves when everything is released: with the reason of `destroy`, or undefined. */
  get closed(): Promise<Error | undefined> {
    return this.#closed
  }

  /** Lets work in progress finish, then releases everything. A second caller joins the first. */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown(() => this.drain())
    return this.#closing
  }

  /** Ends at once; what waits is failed with `reason`. */
  destroy(reason: Error): Promise<void> {
    this.#reason ??= reason
    this.#closing ??= this.#shutDown(() => this.abort(reason))
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Closes `child` together with this. */
  protected attach<T extends Closable>(child: T): T {
    assert(this.#status === 'opening' || this.#status === 'open', 'attached to a closed owner')
    this.#children.push(child)
    return child
  }

  protected markOpen(): void {
    assert(this.#status === 'opening', `opened while ${this.#status}`)
    this.#status = 'open'
  }

  /** What `close()` waits for. */
  protected abstract drain(): Promise<void>

  /** What `destroy()` does instead. */
  protected async abort(_reason: Error): Promise<void> {
    await this.drain()
  }

  async #shutDown(own: () => Promise<void>): Promise<void> {
    this.#status = 'closing'
    try {
      await own()
    } finally {
      await this.#closeChildren()
      this.#status = 'closed'
      this.#resolveClosed(this.#reason)
    }
  }

  async #closeChildren(): Promise<void> {
    for (const child of this.#children.splice(0).reverse()) await child.close()
  }
}
