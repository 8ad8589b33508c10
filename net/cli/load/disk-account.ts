import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What a disk was asked to do over a stretch of work. */
export interface DiskFigures {
  /**
   * Flushes of the disk's cache: each `fdatasync` and each commit of the file system's journal asks
   * for one. A disk without such a cache has none.
   */
  readonly flushCount: number
  readonly writtenBytes: number
}

/** Fields of /sys/dev/block/M:N/stat; sectors are of 512 bytes whatever the disk's own are. */
const WRITTEN_SECTORS_FIELD = 6
const FLUSHES_FIELD = 15
const SECTOR_BYTES = 512

/** Counts what the whole disk below a folder does, whoever asks for it. */
export class DiskAccount {
  readonly #path: string | undefined
  #start: DiskFigures | undefined

  constructor(directory: string) {
    this.#path = statPathOf(directory)
  }

  start(): void {
    this.#start = this.#read()
  }

  /** Since {@link start}; undefined where the kernel counts nothing: in memory, say. */
  figures(): DiskFigures | undefined {
    const start = this.#start
    const end = this.#read()
    if (start === undefined || end === undefined) return undefined
    return {
      flushCount: end.flushCount - start.flushCount,
      writtenBytes: end.writtenBytes - start.writtenBytes,
    }
  }

  #read(): DiskFigures | undefined {
    if (this.#path === undefined) return undefined
    const fields = readFileSync(this.#path, 'latin1').trim().split(/\s+/)
    const flushCount = Number(fields[FLUSHES_FIELD])
    if (!Number.isInteger(flushCount)) return undefined
    return { flushCount, writtenBytes: Number(fields[WRITTEN_SECTORS_FIELD]) * SECTOR_BYTES }
  }
}

/** Only the disk itself counts flushes, not the partition on it. */
function statPathOf(directory: string): string | undefined {
  const { dev } = statSync(directory, { bigint: true })
  const link = `/sys/dev/block/${majorOf(dev)}:${minorOf(dev)}`
  if (!existsSync(link)) return undefined
  const device = realpathSync(link)
  const disk = existsSync(join(device, 'partition')) ? dirname(device) : device
  return join(disk, 'stat')
}

/** As `gnu_dev_major` takes a device number apart: 12 bits, and 20 more far up. */
function majorOf(dev: bigint): bigint {
  return ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n)
}

function minorOf(dev: bigint): bigint {
  return (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n)
}
