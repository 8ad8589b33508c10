import { basename, dirname } from 'node:path'

/** The folders of the simulated disk and what stands in them, as the system or the disk has it. */
export class MemoryNames<File extends object> {
  readonly #folders = new Map<string, Map<string, File | 'folder'>>([['/', new Map()]])

  file(path: string): File | undefined {
    const found = this.#folders.get(dirname(path))?.get(basename(path))
    return found === 'folder' ? undefined : found
  }

  hasFolder(path: string): boolean {
    return this.#folders.has(path)
  }

  put(path: string, file: File): void {
    this.#entries(dirname(path)).set(basename(path), file)
  }

  /** Takes the name away, if it still leads there. */
  remove(path: string): boolean {
    return this.#entries(dirname(path)).delete(basename(path))
  }

  addFolder(path: string): void {
    this.#entries(path)
    this.#entries(dirname(path)).set(basename(path), 'folder')
  }

  removeFolder(path: string): void {
    this.#folders.delete(path)
    this.#entries(dirname(path)).delete(basename(path))
  }

  /** Names in a folder, sorted; none when it does not exist. */
  list(path: string): string[] {
    return [...(this.#folders.get(path)?.keys() ?? [])].sort()
  }

  *files(): Generator<File> {
    for (const entries of this.#folders.values()) {
      for (const entry of entries.values()) if (entry !== 'folder') yield entry
    }
  }

  /** A copy of what the root leads to. */
  copy(): MemoryNames<File> {
    const copy = new MemoryNames<File>()
    this.#copyFolder('/', copy)
    return copy
  }

  #copyFolder(path: string, copy: MemoryNames<File>): void {
    for (const [name, entry] of this.#entries(path)) {
      const child = path === '/' ? `/${name}` : `${path}/${name}`
      if (entry !== 'folder') copy.put(child, entry)
      else {
        copy.addFolder(child)
        this.#copyFolder(child, copy)
      }
    }
  }

  /** A folder may have durable entries before it has a durable name itself. */
  #entries(path: string): Map<string, File | 'folder'> {
    let entries = this.#folders.get(path)
    if (entries === undefined) {
      entries = new Map()
      this.#folders.set(path, entries)
    }
    return entries
  }
}
