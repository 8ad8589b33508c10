import { systemErrorCode } from '../base/errors.ts'
import type { FileSystem, OpenIntent } from './file-system.ts'

/**
 * A bounded number of open files, the least recently used closed first. For files of which there
 * may be more than the process may open: consume queues of thousands of topics.
 */
export class DescriptorCache {
  readonly #files: FileSystem
  readonly #intent: OpenIntent
  readonly #countMax: number
  /** In the order of their last use. */
  readonly #descriptors = new Map<string, number>()

  constructor(
    files: FileSystem,
    options: { readonly intent: OpenIntent; readonly countMax: number },
  ) {
    this.#files = files
    this.#intent = options.intent
    this.#countMax = options.countMax
  }

  /**
   * The descriptor of a file, valid until the next call; undefined when the file does not exist.
   */
  get(path: string): number | undefined {
    const known = this.#descriptors.get(path)
    if (known !== undefined) {
      this.#descriptors.delete(path)
      this.#descriptors.set(path, known)
      return known
    }
    const fd = this.#open(path)
    if (fd === undefined) return undefined
    this.#descriptors.set(path, fd)
    if (this.#descriptors.size > this.#countMax) this.#closeOldest()
    return fd
  }

  /** Closes every file for which `matches` holds: before it is deleted. */
  closeWhere(matches: (path: string) => boolean): void {
    for (const [path, fd] of [...this.#descriptors]) {
      if (!matches(path)) continue
      this.#descriptors.delete(path)
      this.#files.close(fd)
    }
  }

  close(): void {
    this.closeWhere(() => true)
  }

  #open(path: string): number | undefined {
    try {
      return this.#files.open(path, this.#intent)
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error
      return undefined
    }
  }

  #closeOldest(): void {
    for (const [path, fd] of this.#descriptors) {
      this.#descriptors.delete(path)
      this.#files.close(fd)
      return
    }
  }
}
