/**
 * Brings stretches of files into memory by reading them in the pool of threads that Node keeps for
 * files. The bytes themselves are dropped: the caller then reads through the mapping, as if they
 * had always been there, and a bad sector is an error here instead of a signal there.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { StoreError } from '../engine/base/errors.ts'
import { MIB } from '../engine/base/units.ts'
import type { ColdRange } from '../engine/store/get-result.ts'

const CHUNK_BYTES = MIB
const OPEN_FILES_MAX = 64

export class ColdReader {
  readonly #handles = new Map<string, Promise<FileHandle>>()

  /** @throws {StoreError} `STORE_IO_FAILED` when the disk cannot give the bytes. */
  async warm(ranges: readonly ColdRange[]): Promise<void> {
    await Promise.all(ranges.map((range) => this.#warmRange(range)))
  }

  async close(): Promise<void> {
    const handles = [...this.#handles.values()]
    this.#handles.clear()
    for (const handle of handles) await (await handle).close()
  }

  async #warmRange({ path, position, lengthBytes }: ColdRange): Promise<void> {
    const scratch = Buffer.allocUnsafe(Math.min(lengthBytes, CHUNK_BYTES))
    try {
      const handle = await this.#handle(path)
      for (let done = 0; done < lengthBytes; done += scratch.length) {
        await handle.read(scratch, 0, Math.min(scratch.length, lengthBytes - done), position + done)
      }
    } catch (error) {
      throw new StoreError('STORE_IO_FAILED', `cannot read ${path} at ${position}`, {
        cause: error,
      })
    }
  }

  async #handle(path: string): Promise<FileHandle> {
    const known = this.#handles.get(path)
    if (known !== undefined) return known
    const opened = open(path, 'r')
    this.#handles.set(path, opened)
    if (this.#handles.size > OPEN_FILES_MAX) await this.#closeOldest()
    return opened
  }

  async #closeOldest(): Promise<void> {
    for (const [path, handle] of this.#handles) {
      this.#handles.delete(path)
      await (await handle).close()
      return
    }
  }
}
