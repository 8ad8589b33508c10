/**
 * A table of the broker as a file of RocketMQ's own format in `config/` (ConfigManager): read at
 * start, replaced as a whole after changes, with what stood there before in `.bak`.
 */
import { existsSync, readFileSync } from 'node:fs'
import { describeError } from '../../engine/base/errors.ts'
import type { Logger } from '../../engine/base/logger.ts'
import { replaceFile } from '../../engine/base/replace-file.ts'
import { decodeBody, encodeBody, type JsonShape } from '../protocol/json-shape.ts'

export class ConfigFile<T> {
  readonly #path: string
  readonly #shape: JsonShape<T>
  readonly #logger: Logger
  #content: (() => T) | undefined
  #saving: Promise<void> | undefined
  #isStale = false

  constructor(path: string, shape: JsonShape<T>, logger: Logger) {
    this.#path = path
    this.#shape = shape
    this.#logger = logger
  }

  /** What the file says, or its backup when the file is missing, empty or broken. */
  load(): T | undefined {
    for (const path of [this.#path, `${this.#path}.bak`]) {
      if (!existsSync(path)) continue
      try {
        const body = readFileSync(path)
        if (body.length > 0) return decodeBody(this.#shape, body)
        this.#logger.warn(`${path} is empty`)
      } catch (error) {
        this.#logger.error(`cannot read ${path}: ${describeError(error)}`)
      }
    }
    return undefined
  }

  /**
   * Saves what `content` says by then. Calls that come while a save is in progress share the next.
   * @returns when it is on the disk; a failure is logged, and the next save tries again.
   */
  save(content: () => T): Promise<void> {
    this.#content = content
    this.#isStale = true
    this.#saving ??= this.#saveUntilFresh()
    return this.#saving
  }

  async #saveUntilFresh(): Promise<void> {
    // Changes of one turn are saved together.
    await Promise.resolve()
    while (this.#isStale && this.#content !== undefined) {
      this.#isStale = false
      try {
        await replaceFile(this.#path, encodeBody(this.#shape, this.#content()))
      } catch (error) {
        this.#logger.error(`cannot save ${this.#path}: ${describeError(error)}`)
      }
    }
    this.#saving = undefined
  }
}
