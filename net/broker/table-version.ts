import type { DataVersion } from '../protocol/data-version.ts'

/** The version of a table that name servers and `mqadmin` compare (DataVersion). */
export class TableVersion {
  #version: DataVersion = { counter: 0, stateVersion: 0, timestamp: Date.now() }

  get value(): DataVersion {
    return this.#version
  }

  /** Goes on from a version that was saved. */
  restore(saved: DataVersion | undefined): void {
    if (saved !== undefined) this.#version = saved
  }

  next(): void {
    const { counter, stateVersion } = this.#version
    this.#version = { counter: counter + 1, stateVersion, timestamp: Date.now() }
  }
}
