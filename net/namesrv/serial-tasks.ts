/** Runs tasks one after the other, in the order in which they came. */
export class SerialTasks {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs `task` when all before it have ended; its failure is its caller's only. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task)
    // Nothing is lost: the caller has the failure, and the next task does not mind it.
    this.#last = result.catch(() => undefined)
    return result
  }

  /** Resolves when all tasks so far have ended. */
  async settled(): Promise<void> {
    await this.#last
  }
}
