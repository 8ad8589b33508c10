/**
 * Brings stretches of files into memory by reading them in the pool of threads that Node keeps for
 * files. The bytes themselves are dropped: the caller then reads through the mapping, as if they
 * had always been there, and a bad sector is an error here instead of a signal there.
 *
 * A file is opened for each stretch: that costs little beside the disk, and no descriptor is closed
 * under somebody else's read or outlives a file that was deleted.
 */
import { open } from 'node:fs/promises'
import { StoreError } from '../engine/base/errors.ts'
import { MIB } from '../engine/base/units.ts'
import type { ColdRange } from '../engine/store/get-result.ts'

const CHUNK_BYTES = MIB

/** @throws {StoreError} `STORE_IO_FAILED` when the disk cannot give the bytes. */
export async function warmRanges(ranges: readonly ColdRange[]): Promise<void> {
  await Promise.all(ranges.map(warmRange))
}

async function warmRange({ path, position, lengthBytes }: ColdRange): Promise<void> {
  const scratch = Buffer.allocUnsafe(Math.min(lengthBytes, CHUNK_BYTES))
  try {
    await using handle = await open(path, 'r')
    for (let done = 0; done < lengthBytes; done += scratch.length) {
      await handle.read(scratch, 0, Math.min(scratch.length, lengthBytes - done), position + done)
    }
  } catch (error) {
    throw new StoreError('STORE_IO_FAILED', `cannot read ${path} at ${position}`, {
      cause: error,
    })
  }
}
