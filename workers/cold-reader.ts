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
 * that is being read already waits for the same read.
 *
 * A file is opened for each block: that costs little beside the disk, and no descriptor is closed
 * under somebody else's read or outlives a file that was deleted.
 */
import { open } from 'node:fs/promises'
import { StoreError } from '../engine/base/errors.ts'
import { alignDown, MIB, PAGE_BYTES } from '../engine/base/units.ts'
import { readNothingAhead } from '../engine/file/posix.ts'
import type { ColdRange } from '../engine/store/get-result.ts'

/** A block has this many times the bytes that are wanted, or more, up to its limit. */
const BLOCK_SHARE = 8
const BLOCK_BYTES_MAX = MIB
const BLOCKS_AHEAD = 3
/**
 * Reads under way at once. Each keeps one of Node's four threads and takes its share of the
 * processor from the event loop: on two cores, one read more makes no pull faster.
 */
const READS_MAX = 2
/** Nothing is read ahead while more reads than this wait for their turn. */
const WAITING_MAX_AHEAD = 2

export class ColdReader {
  /** Reads that have not ended, by what they read. */
  readonly #reads = new Map<string, Promise<void>>()
  readonly #waiting: (() => void)[] = []
  readonly #scratches: Buffer[] = []
  #readCount = 0

  /** @throws {StoreError} `STORE_IO_FAILED` when the disk cannot give the bytes. */
  async warm(ranges: readonly ColdRange[]): Promise<void> {
    const wanted = ranges.flatMap((range) => this.#readBlocks(range))
    const last = ranges.at(-1)
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
    for (let count = 1; count <= BLOCKS_AHEAD; count += 1) {
      if (this.#waiting.length > WAITING_MAX_AHEAD) return
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
    const scratch = this.#scratches.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES_MAX)
    try {
      await using handle = await open(path, 'r')
      readNothingAhead(handle.fd)
      await handle.read(scratch, 0, lengthBytes, position)
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

/** A power of two, so that blocks of every size lie within the larger ones. */
function blockBytesFor(lengthBytes: number): number {
  let blockBytes = PAGE_BYTES
  while (blockBytes < lengthBytes * BLOCK_SHARE && blockBytes < BLOCK_BYTES_MAX) blockBytes *= 2
  return blockBytes
}
