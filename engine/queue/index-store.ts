import { basename, join } from 'node:path'
import { StoreError } from '../base/errors.ts'
import type { FileSystem } from '../file/file-system.ts'
import { prepareFile } from '../file/preallocator.ts'
import type { UnsyncedFiles } from '../file/sync-files.ts'
import {
  FIRST_INDEX_ENTRY,
  indexFileBytes,
  indexFileName,
  isIndexFileName,
} from '../format/index-format.ts'
import { IndexFile, type IndexFileSize } from './index-file.ts'
import { type IndexMark, loadIndexMark, saveIndexMark } from './index-mark.ts'
import { indexLeadsBefore } from './queue-trim.ts'

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
   * @param wasAborted then no more is taken from it than what was surely on the disk.
   */
  cut(physicalOffset: number, { wasAborted }: { readonly wasAborted: boolean }): void {
    const { workDirectory } = this.#location
    const known = loadIndexMark(this.#files, workDirectory)
    const mark = wasAborted && (known?.untilOffset ?? -1) >= physicalOffset ? known : undefined
    const useless: string[] = []
    let count = this.#countKept(physicalOffset, mark)
    while (this.#current !== undefined && count <= FIRST_INDEX_ENTRY) {
      useless.push(this.#current.path)
      this.#current.close()
      this.#openNewest(useless)
      count = this.#countKept(physicalOffset, mark)
    }
    // First the mark: it must never say that something is there which is about to go.
    const name = basename(this.#current?.path ?? '')
    if (known !== undefined && (known.name !== name || known.entryCount > count)) {
      const lower = { name, entryCount: count, untilOffset: physicalOffset }
      saveIndexMark(this.#files, workDirectory, lower)
    }
    for (const path of useless) this.#files.unlink(path)
    this.#current?.cut(count)
    this.#lastOffsetBefore = this.#current?.endPhysicalOffset ?? NOTHING_BEFORE
  }

  #countKept(physicalOffset: number, mark: IndexMark | undefined): number {
    if (this.#current === undefined) return 0
    const name = basename(this.#current.path)
    if (mark !== undefined && name > mark.name) return 0
    const whole = name === mark?.name ? mark.entryCount : undefined
    return this.#current.countBefore(physicalOffset, whole)
  }

  /** What is in the index now, once it is synced, with every message before a physical offset. */
  mark(untilOffset: number): IndexMark {
    const name = basename(this.#current?.path ?? '')
    return { name, entryCount: this.#current?.entryCount ?? 0, untilOffset }
  }

  /** Messages before this physical offset are in the index. */
  get endPhysicalOffset(): number {
    return this.#current?.endPhysicalOffset ?? 0
  }

  put(keyHash: number, physicalOffset: number, storeTimestampMs: number): void {
    const isRepeated = physicalOffset === this.#lastOffsetBefore
    if (isRepeated && this.#holds(keyHash, physicalOffset)) return
    if (this.#current === undefined || this.#current.isFull) this.#roll()
    this.#current?.put(keyHash, physicalOffset, storeTimestampMs)
  }

  /** The first keys of a message may be the last entries of the file before. */
  #holds(keyHash: number, physicalOffset: number): boolean {
    const current = this.#current
    if (current === undefined) return false
    if (current.holds(keyHash, physicalOffset)) return true
    if (current.beginPhysicalOffset !== physicalOffset) return false
    const paths = listIndexFiles(this.#files, this.#location.directory)
    const path = paths[paths.indexOf(current.path) - 1]
    if (path === undefined) return false
    const before = new IndexFile(this.#files, path, this.#location)
    const isHeld = before.holds(keyHash, physicalOffset)
    before.close()
    return isHeld
  }

  writeHeader(): void {
    this.#current?.writeHeader()
  }

  /** Store time of the newest message in the index, in ms; 0 for none. */
  get endTimestampMs(): number {
    return this.#current?.endTimestampMs ?? 0
  }

  /** Adds the files to sync, so that everything put until now is durable. */
  takeUnsynced(unsynced: UnsyncedFiles): void {
    for (const file of this.#full.splice(0)) {
      file.takeUnsynced(unsynced)
      file.close()
    }
    this.#current?.takeUnsynced(unsynced)
  }

  /**
   * Deletes the oldest index files that lead only before the log's start; the newest stays
   * (IndexService.deleteExpiredFile).
   */
  trim(logStartOffset: number): void {
    const kept = new Set([this.#current, ...this.#full].map((file) => file?.path))
    for (const path of listIndexFiles(this.#files, this.#location.directory)) {
      if (kept.has(path) || !indexLeadsBefore(this.#files, path, logStartOffset)) return
      this.#files.unlink(path)
    }
  }

  close(): void {
    for (const file of this.#full.splice(0)) file.close()
    this.#current?.close()
    this.#current = undefined
  }

  #openNewest(except: readonly string[] = []): void {
    const paths = listIndexFiles(this.#files, this.#location.directory)
    const newest = paths.filter((path) => !except.includes(path)).at(-1)
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
