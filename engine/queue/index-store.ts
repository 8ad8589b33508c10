import { join } from 'node:path'
import { StoreError } from '../base/errors.ts'
import type { FileSystem } from '../file/file-system.ts'
import { prepareFile } from '../file/preallocator.ts'
import { indexFileBytes, indexFileName, isIndexFileName } from '../format/index-format.ts'
import { IndexFile, type IndexFileSize } from './index-file.ts'

export interface IndexLocation extends IndexFileSize {
  readonly directory: string
  readonly workDirectory: string
}

const NOTHING_BEFORE = -1

/** Names of the index files, oldest first. */
export function listIndexFiles(files: FileSystem, directory: string): string[] {
  return files.list(directory).map((name) => {
    if (isIndexFileName(name)) return join(directory, name)
    const message = `${join(directory, name)} is not the name of an index file`
    throw new StoreError('STORE_FILE_INVALID', message)
  })
}

/** The writing side of the series of index files (IndexService): puts keys, rolls when full. */
export class IndexStore {
  readonly #files: FileSystem
  readonly #location: IndexLocation
  #current: IndexFile | undefined
  /** The newest message that an earlier process put, perhaps not with all its keys. */
  #lastOffsetBefore = NOTHING_BEFORE
  /** Full files that have not been synced since. */
  readonly #full: IndexFile[] = []

  constructor(files: FileSystem, location: IndexLocation) {
    this.#files = files
    this.#location = location
    this.#openNewest()
  }

  /**
   * Forgets what the index holds of records at or behind a physical offset, before they are put
   * again: after a crash the index may be ahead of the log that was kept.
   */
  cut(physicalOffset: number): void {
    while (this.#current !== undefined && !this.#current.cut(physicalOffset)) {
      this.#current.close()
      this.#files.unlink(this.#current.path)
      this.#openNewest()
    }
    this.#lastOffsetBefore = this.#current?.endPhysicalOffset ?? NOTHING_BEFORE
  }

  /** Messages before this physical offset are in the index. */
  get endPhysicalOffset(): number {
    return this.#current?.endPhysicalOffset ?? 0
  }

  put(keyHash: number, physicalOffset: number, storeTimestampMs: number): void {
    const isRepeated = physicalOffset === this.#lastOffsetBefore
    if (isRepeated && this.#current?.holds(keyHash, physicalOffset) === true) return
    if (this.#current === undefined || this.#current.isFull) this.#roll()
    this.#current?.put(keyHash, physicalOffset, storeTimestampMs)
  }

  writeHeader(): void {
    this.#current?.writeHeader()
  }

  /** Store time of the newest message in the index, in ms; 0 for none. */
  get endTimestampMs(): number {
    return this.#current?.endTimestampMs ?? 0
  }

  /** Paths of the files to sync, so that everything put until now is durable. */
  takeUnsynced(): string[] {
    const paths: string[] = []
    for (const file of this.#full.splice(0)) {
      file.takeUnsynced(paths)
      file.close()
    }
    this.#current?.takeUnsynced(paths)
    return paths
  }

  close(): void {
    for (const file of this.#full.splice(0)) file.close()
    this.#current?.close()
    this.#current = undefined
  }

  #openNewest(): void {
    const newest = listIndexFiles(this.#files, this.#location.directory).at(-1)
    this.#current =
      newest === undefined ? undefined : new IndexFile(this.#files, newest, this.#location)
    this.#lastOffsetBefore = this.#current?.endPhysicalOffset ?? NOTHING_BEFORE
  }

  #roll(): void {
    if (this.#current !== undefined) {
      this.#current.writeHeader()
      this.#full.push(this.#current)
    }
    const path = this.#newPath()
    prepareFile(this.#files, {
      path,
      sizeBytes: indexFileBytes(this.#location.slotCount, this.#location.entryCount),
      workDirectory: this.#location.workDirectory,
      preparation: 'sparse',
      durable: false,
    })
    this.#current = new IndexFile(this.#files, path, this.#location)
  }

  /** Files are named by their time of creation; two in one millisecond take the next free one. */
  #newPath(): string {
    let timestampMs = Date.now()
    for (;;) {
      const path = join(this.#location.directory, indexFileName(timestampMs))
      if (!this.#files.exists(path) && path > (this.#current?.path ?? '')) return path
      timestampMs += 1
    }
  }
}
