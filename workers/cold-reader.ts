/**
 * Brings stretches of files into memory by reading them in the pool of threads that Node keeps for
 * files. The bytes themselves are dropped: the caller then reads through the mapping, as if they
 * had always been there, and a bad sector is an error here instead of a signal there.
 *
 *   wanted:         |--|       |--|
 *   read:     |  block  |  block  |  block  |  block  |
 *                                  ^ ahead, while few reads wait
 *
 * Files are read in aligned blocks of a few times the size that is wanted: consumers go on behind
 * what they were given, and those of one topic's queues want what lies between. Who wants a block
 * that is being read already waits for the same read. Records that lie close together are read as
 * one stretch.
 *
 * A file is opened for each block: that costs little beside the disk, and no descriptor is closed
 * under somebody else's read or outlives a file that was deleted.
 */
import { closeSync, openSync, readv } from 'node:fs'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { StoreError, systemErrorCode } from '../engine/base/errors.ts'
import { alignDown, KIB, MIB, PAGE_BYTES } from '../engine/base/units.ts'
import { readNothingAhead } from '../engine/file/posix.ts'
import type { ColdRange } from '../engine/store/get-result.ts'

/** A block has this many times the bytes that are wanted, or more, up to its limit. */
const BLOCK_SHARE = 8
const BLOCK_BYTES_MAX = MIB
const SCRATCH_BYTES = 256 * KIB
/** What lies between two records is read along where it is no more: about as quick as a seek. */
const GAP_BYTES_MAX = 64 * KIB
/** Read behind what is wanted, as long as no more reads than this wait for their turn. */
const BLOCKS_AHEAD = 6
/**
 * Reads under way at once: they copy, so each takes a core's time from the event loop, and each
 * keeps one of Node's four file threads. On two cores a second one gave cold pulls two fifths more
 * and took as much from the promptness of hot ones.
 */
const READS_MAX = availableParallelism() < 4 ? 1 : 2

const readVectors = promisify(readv)

export class ColdReader {
  /** Reads that have not ended, by what they read. */
  readonly #reads = new Map<string, Promise<void>>()
  readonly #waiting: (() => void)[] = []
  readonly #scratches: Buffer[] = []
  #readCount = 0

  /** @throws {StoreError} `STORE_IO_FAILED` when the disk cannot give the bytes. */
  async warm(ranges: readonly ColdRange[]): Promise<void> {
    const stretches = joinNeighbours(ranges)
    const wanted = stretches.flatMap((stretch) => this.#readBlocks(stretch))
    const last = stretches.at(-1)
    if (last !== undefined) this.#readAhead(last)
    // All of them end first: who tries again must not be given the end of a read that failed.
    await Promise.allSettled(wanted)
    await Promise.all(wanted)
  }

  #readBlocks({ path, position, lengthBytes }: ColdRange): Promise<void>[] {
    const blockBytes = blockBytesFor(lengthBytes)
    const reads: Promise<void>[] = []
    const end = position + lengthBytes
    for (let at = alignDown(position, blockBytes); at < end; at += blockBytes) {
      reads.push(this.#read({ path, position: at, lengthBytes: blockBytes }))
    }
    return reads
  }

  #readAhead({ path, position, lengthBytes }: ColdRange): void {
    const blockBytes = blockBytesFor(lengthBytes)
    const lastBlock = alignDown(position + lengthBytes - 1, blockBytes)
    for (let count = 1; count <= BLOCKS_AHEAD && this.#waiting.length <= BLOCKS_AHEAD; count += 1) {
      const block = { path, position: lastBlock + count * blockBytes, lengthBytes: blockBytes }
      // Whoever wants it later reads it again, and is told why that fails.
      this.#read(block).catch(() => undefined)
    }
  }

  #read(block: ColdRange): Promise<void> {
    const key = `${block.position}+${block.lengthBytes} ${block.path}`
    const known = this.#reads.get(key)
    if (known !== undefined) return known
    const read = this.#readInTurn(block).finally(() => this.#reads.delete(key))
    this.#reads.set(key, read)
    return read
  }

  async #readInTurn({ path, position, lengthBytes }: ColdRange): Promise<void> {
    if (this.#readCount < READS_MAX) this.#readCount += 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    const scratch = this.#scratches.pop() ?? Buffer.allocUnsafeSlow(SCRATCH_BYTES)
    try {
      await readAndDrop(path, { position, lengthBytes, scratch })
    } catch (error) {
      const message = `cannot read ${path} at ${position}`
      throw new StoreError('STORE_IO_FAILED', message, { cause: error })
    } finally {
      this.#scratches.push(scratch)
      const next = this.#waiting.shift()
      if (next === undefined) this.#readCount -= 1
      else next()
    }
  }
}

/**
 * Waits for bytes that are being brought into memory.
 * @returns the failure when their file is gone: it expired, and reading again tells so; if it is
 * still wanted then, the failure counts.
 */
export async function warmUnlessGone(warming: Promise<void>): Promise<StoreError | undefined> {
  try {
    await warming
    return undefined
  } catch (error) {
    if (error instanceof StoreError && systemErrorCode(error.cause) === 'ENOENT') return error
    throw error
  }
}

/** Reads a block by one call, again and again into the same memory, which stays in the cache. */
async function readAndDrop(
  path: string,
  block: { readonly position: number; readonly lengthBytes: number; readonly scratch: Buffer },
): Promise<void> {
  const { position, lengthBytes, scratch } = block
  const target = scratch.subarray(0, Math.min(lengthBytes, scratch.length))
  const targets = Array.from({ length: lengthBytes / target.length }, () => target)
  const fd = openSync(path, 'r')
  try {
    readNothingAhead(fd)
    await readVectors(fd, targets, position)
  } finally {
    closeSync(fd)
  }
}

/**
 * The records of one queue lie between those of others that come at the same time: as many small
 * reads as records would take the disk many times as long as one read of all that lies there.
 */
function joinNeighbours(ranges: readonly ColdRange[]): ColdRange[] {
  const joined: ColdRange[] = []
  for (const range of ranges) {
    const last = joined.at(-1)
    const end = range.position + range.lengthBytes
    const gapBytes =
      last?.path === range.path ? range.position - (last.position + last.lengthBytes) : -1
    if (last === undefined || gapBytes < 0 || gapBytes > GAP_BYTES_MAX) joined.push(range)
    else joined[joined.length - 1] = { ...last, lengthBytes: end - last.position }
  }
  return joined
}

/** A power of two, so that blocks of every size lie within the larger ones. */
function blockBytesFor(lengthBytes: number): number {
  let blockBytes = PAGE_BYTES
  while (blockBytes < lengthBytes * BLOCK_SHARE && blockBytes < BLOCK_BYTES_MAX) blockBytes *= 2
  return blockBytes
}
