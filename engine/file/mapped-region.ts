/**
 * The bytes of one file, mapped into memory.
 *
 * Whoever hands out a view that outlives the current call (a socket write that the kernel has not
 * taken yet) retains the region first and releases it when done. The owner's {@link
 * MappedRegion.close}
 * takes effect only at zero references: from then on the views read zeros, and never another file.
 */
export interface MappedRegion {
  /** The mapped bytes. Stores through it reach the file. */
  readonly bytes: Buffer
  readonly lengthBytes: number
  /** Views in use besides the owner's. */
  readonly references: number
  /** Keeps the mapping alive until {@link release}. */
  retain(): void
  release(): void
  /** True when reading this range waits for no disk. */
  isResident(start: number, lengthBytes: number): boolean
  /** The owner's last word: unmaps now, or when the last view is released. */
  close(): void
}

/** Where mappings come from. */
export interface RegionProvider {
  readonly name: 'shared' | 'mmap-io' | 'memory'
  /** Maps the first `lengthBytes` of an open file, which must be that long. */
  map(fd: number, lengthBytes: number): MappedRegion
}

/** Reference counting that every provider shares. */
export abstract class CountedRegion implements MappedRegion {
  abstract readonly bytes: Buffer
  #references = 0
  #closed = false

  get lengthBytes(): number {
    return this.bytes.length
  }

  get references(): number {
    return this.#references
  }

  retain(): void {
    if (this.#closed && this.#references === 0) throw new Error('retained a closed region')
    this.#references += 1
  }

  release(): void {
    if (this.#references === 0) throw new Error('released a region that nobody retains')
    this.#references -= 1
    if (this.#closed && this.#references === 0) this.unmap()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    if (this.#references === 0) this.unmap()
  }

  abstract isResident(start: number, lengthBytes: number): boolean

  protected abstract unmap(): void
}
