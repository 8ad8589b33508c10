/**
 * A table of the broker as a file of RocketMQ's own format in `config/` (ConfigManager): read at
 * start, replaced as a whole after changes, with what stood there before in `.bak`.
 */
import { existsSync, readFileSync, renameSync } from 'node:fs'
import { describeError } from '../../engine/base/errors.ts'
import type { Logger } from '../../engine/base/logger.ts'
import { replaceFile } from '../../engine/base/replace-file.ts'
import { decodeBody, encodeBody, type JsonShape } from '../protocol/json-shape.ts'
import { ConfigFileError } from './config-file-error.ts'

const BACKUP_SUFFIX = '.bak'
/** Where a file that cannot be read is kept for whoever wants to know why. */
const BROKEN_SUFFIX = '.broken'

export interface ConfigFileParts<T> {
  readonly path: string
  readonly shape: JsonShape<T>
  /** The table as it is now. */
  readonly content: () => T
  readonly logger: Logger
}

export class ConfigFile<T> {
  readonly #parts: ConfigFileParts<T>
  /** The table is not what the file says, nor what a save in progress writes. */
  #isStale = true
  /** The save in progress. */
  #saving: Promise<boolean> | undefined
  /** The one that begins when that has ended. */
  #next: Promise<boolean> | undefined
  #changeCount = 0
  #triedCount = 0

  constructor(parts: ConfigFileParts<T>) {
    this.#parts = parts
  }

  /**
   * What the file says, or its backup when the file is missing, empty or broken; undefined when
   * there is neither.
   * @throws {ConfigFileError} `BROKER_TABLE_UNREADABLE` when all that is there is broken: a table
   *   that began empty would soon replace it.
   */
  load(): T | undefined {
    const { path, logger } = this.#parts
    const own = this.#read(path)
    if (own.table !== undefined) {
      this.#isStale = false
      return own.table
    }
    const backup = this.#read(`${path}${BACKUP_SUFFIX}`)
    if (backup.table === undefined) {
      const problems = [own.problem, backup.problem].filter((problem) => problem !== undefined)
      if (problems.length === 0) return undefined
      throw new ConfigFileError('BROKER_TABLE_UNREADABLE', problems.join('; '))
    }
    logger.warn(`${own.problem ?? `${path} is missing or empty`}: its backup is used`)
    // The next save makes a backup of what is there, which must not be this.
    if (existsSync(path)) renameSync(path, `${path}${BROKEN_SUFFIX}`)
    return backup.table
  }

  /** Takes note that the table has changed. @returns the change's number, from 1 on. */
  noteChange(): number {
    this.#isStale = true
    this.#changeCount += 1
    return this.#changeCount
  }

  /** Whether a change is on the disk, or a try to bring it there has failed. */
  isSettled(change: number): boolean {
    return change <= this.#triedCount
  }

  /**
   * Brings all changes so far to the disk. Calls that come while a save is in progress share the
   * next one.
   * @returns false when that failed: it is logged, and the next call tries again.
   */
  save(): Promise<boolean> {
    if (!this.#isStale) return this.#saving ?? Promise.resolve(true)
    this.#next ??= this.#saveAfter(this.#saving)
    return this.#next
  }

  async #saveAfter(before: Promise<boolean> | undefined): Promise<boolean> {
    // Changes of one turn are saved together, and so are those that come during a save.
    await before
    const own = this.#next
    this.#saving = own
    this.#next = undefined
    const isSaved = await this.#saveOnce()
    if (this.#saving === own) this.#saving = undefined
    return isSaved
  }

  async #saveOnce(): Promise<boolean> {
    const { path, shape, content, logger } = this.#parts
    const count = this.#changeCount
    this.#isStale = false
    try {
      await replaceFile(path, encodeBody(shape, content()))
      return true
    } catch (error) {
      this.#isStale = true
      logger.error(`cannot save ${path}: ${describeError(error)}`)
      return false
    } finally {
      this.#triedCount = count
    }
  }

  /** Neither a table nor a problem is in a file that is missing or empty. */
  #read(path: string): { readonly table?: T; readonly problem?: string } {
    if (!existsSync(path)) return {}
    try {
      const body = readFileSync(path)
      return body.length === 0 ? {} : { table: decodeBody(this.#parts.shape, body) }
    } catch (error) {
      return { problem: `cannot read ${path}: ${describeError(error)}` }
    }
  }
}
