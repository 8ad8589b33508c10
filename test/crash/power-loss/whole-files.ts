/** Files that are replaced by a rename: after a crash each is one of those that were, whole. */
import { readWholeFile } from '../../../engine/file/file-system.ts'
import type { MemoryDisk } from '../../../engine/file/memory-file-system.ts'
import { promise } from './store-checker.ts'

// The durable mark is overwritten in place as well.
const WATCHED = /\/(checkpoint|agena\/(?!durable)[a-z-]+(\.json)?)$/i

export class WholeFiles {
  readonly #disk: MemoryDisk
  readonly #contents = new Map<string, Set<string>>()

  constructor(disk: MemoryDisk) {
    this.#disk = disk
  }

  /** `from` is about to become `to`. @returns whether that is one of these files */
  note(from: string, to: string): boolean {
    if (!WATCHED.test(to)) return false
    const content = readWholeFile(this.#disk, from)?.toString('latin1')
    if (content === undefined) return false
    const known = this.#contents.get(to) ?? new Set()
    this.#contents.set(to, known.add(content))
    return true
  }

  check(): void {
    for (const [path, contents] of this.#contents) {
      const content = readWholeFile(this.#disk, path)?.toString('latin1')
      if (content === undefined) continue
      promise(contents.has(content), () => `${path} is none of those that were: ${content}`)
    }
  }
}
