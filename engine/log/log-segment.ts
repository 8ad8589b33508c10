import { assert } from '../base/assert.ts'
import type { FileSystem } from '../file/file-system.ts'
import type { MappedRegion } from '../file/mapped-region.ts'

/**
 * One file of the commit log. Its descriptor stays open from before the first write to the last
 * sync, because a failed write-back is reported once for each open file.
 */
export class LogSegment {
  /** Physical offset of the first byte. */
  readonly startOffset: number
  readonly sizeBytes: number
  readonly path: string
  readonly fd: number
  readonly #files: FileSystem
  #region: MappedRegion | undefined
  #isClosed = false

  constructor(
    files: FileSystem,
    file: { readonly startOffset: number; readonly sizeBytes: number; readonly path: string },
  ) {
    this.startOffset = file.startOffset
    this.sizeBytes = file.sizeBytes
    this.path = file.path
    this.#files = files
    this.fd = files.open(file.path, 'write')
  }

  get endOffset(): number {
    return this.startOffset + this.sizeBytes
  }

  /** The mapping that readers use, made at the first read. */
  get region(): MappedRegion {
    // Its descriptor may be another file's by now.
    assert(!this.#isClosed, 'a segment is open while it is read')
    this.#region ??= this.#files.map(this.fd, this.sizeBytes)
    return this.#region
  }

  /** Views of the mapping that are still in use. */
  get references(): number {
    return this.#region?.references ?? 0
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#region?.close()
    this.#region = undefined
    this.#files.close(this.fd)
  }
}
