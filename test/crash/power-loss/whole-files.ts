/** Files that are replaced by a rename: after a crash each is one of those that were, whole. */
import { readWholeFile } from '../../../engine/file/file-system.ts'
import type { MemoryDisk } from '../../../engine/file/memory-file-system.ts'
import { promise } from './store-checker.ts'

// The durable mark is overwritten in place as well.
const WATCHED = /\/(checkpoint|agena\/(?!durable)[a-z-]+(\.json)?|config\/[a-z]+\.json)$/i

export class WholeFiles {
  readonly #disk: MemoryDisk
  readonly #contents = new Map<string, Set<string>>()

  constructor(disk: MemoryDisk) {
    this.#disk = disk
  }

  /** `from` is about to become `to`. */
  note(from: string, to: string): void {
    if (!WATCHED.test(to)) return
    const content = readWholeFile(this.#disk, from)?.toString('latin1')
    if (content === undefined) return
    const known = this.#contents.get(to) ?? new Set()
    this.#contents.set(to, known.add(content))
  }

  check(): void {
    for (const [path, contents] of this.#contents) {
      const content = readWholeFile(this.#disk, path)?.toString('latin1')
      if (content === undefined) continue
      promise(contents.has(content), () => `${path} is none of those that were: ${content}`)
    }
  }
}
