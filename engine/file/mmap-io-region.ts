/**
 * Mappings through the `mmap-io` package, for those who have installed it.
 *
 * It cannot unmap: a closed region stays mapped until its buffer is collected. It cannot map beyond
 * 2 GiB. Its buffers belong to one thread, and V8 counts their size as its own memory, which costs
 * a full garbage collection for each mapping of a large file. So *shared* is the default.
 */
import { createRequire } from 'node:module'
import { StoreError } from '../base/errors.ts'
import { alignDown, alignUp, GIB, PAGE_BYTES } from '../base/units.ts'
import { CountedRegion, type RegionProvider } from './mapped-region.ts'

/** What is used of the package. */
interface MmapIo {
  readonly PROT_READ: number
  readonly PROT_WRITE: number
  readonly MAP_SHARED: number
  readonly MADV_RANDOM: number
  map(
    size: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
    advice: number,
  ): Buffer
  /** Number of pages not in memory, then in memory, of a buffer that begins with a page. */
  incore(buffer: Buffer): readonly [number, number]
}

const MAPPING_BYTES_MAX = 2 * GIB - PAGE_BYTES

/**
 * @throws {StoreError} `STORE_OPTION_INVALID` when the package is not installed.
 */
export function loadMmapIoRegions(): RegionProvider {
  const mmapIo = requireMmapIo()
  return {
    name: 'mmap-io',
    map(fd, lengthBytes) {
      if (lengthBytes > MAPPING_BYTES_MAX) {
        throw new StoreError('STORE_OPTION_INVALID', 'mmap-io maps less than 2 GiB of a file')
      }
      const protection = mmapIo.PROT_READ | mmapIo.PROT_WRITE
      const { MAP_SHARED, MADV_RANDOM } = mmapIo
      const bytes = mmapIo.map(lengthBytes, protection, MAP_SHARED, fd, 0, MADV_RANDOM)
      return new MmapIoRegion(mmapIo, bytes)
    },
  }
}

function requireMmapIo(): MmapIo {
  try {
    return createRequire(import.meta.url)('mmap-io') as MmapIo
  } catch (error) {
    const message = 'the package mmap-io is not installed (npm i mmap-io@npm:@riaskov/mmap-io)'
    throw new StoreError('STORE_OPTION_INVALID', message, { cause: error })
  }
}

class MmapIoRegion extends CountedRegion {
  readonly #mmapIo: MmapIo
  #bytes: Buffer

  constructor(mmapIo: MmapIo, bytes: Buffer) {
    super()
    this.#mmapIo = mmapIo
    this.#bytes = bytes
  }

  get bytes(): Buffer {
    return this.#bytes
  }

  isResident(start: number, lengthBytes: number): boolean {
    const first = alignDown(start, PAGE_BYTES)
    const spanBytes = Math.min(alignUp(start + lengthBytes, PAGE_BYTES), this.lengthBytes) - first
    const [missingPages] = this.#mmapIo.incore(this.#bytes.subarray(first, first + spanBytes))
    return missingPages === 0
  }

  /** The mapping itself goes with the last view that the collector finds. */
  protected unmap(): void {
    this.#bytes = Buffer.alloc(0)
  }
}
