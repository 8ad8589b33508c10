/**
 * What a Node user would take instead of our log library, at the same durability. Each stores the
 * body under the next number.
 */
import { createWriteStream, fdatasync, type WriteStream } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { AppendTarget } from '../../../net/cli/load/run-append.ts'
import { packageRoot } from '../../../scripts/java/package-root.ts'
import type { AppendShape, LibraryName } from '../row.ts'

/** A log library that is open. */
export interface LogLibrary extends AppendTarget {
  close(): Promise<void>
}

type Flush = AppendShape['flush']

/** Their packages are not the project's own: bench/versus/libraries/package.json has them. */
export const benchRequire = createRequire(join(packageRoot, 'bench/versus/libraries/package.json'))

/** Opens a library on an empty folder. */
export function openLibrary(
  name: LibraryName,
  directory: string,
  flush: Flush,
): Promise<LogLibrary> {
  switch (name) {
    case 'lmdb':
      return openLmdb(directory, flush)
    case 'classic-level':
      return openClassicLevel(directory, flush)
    case 'write stream':
      return openWriteStream(directory, flush)
  }
}

/** The part of lmdb that is used. */
interface Lmdb {
  readonly open: (options: object) => {
    put(key: number, value: Uint8Array): Promise<boolean>
    batch(run: () => void): Promise<boolean>
    close(): Promise<void>
  }
}

/** Without `overlappingSync` a commit is answered when it is on the disk. */
async function openLmdb(directory: string, flush: Flush): Promise<LogLibrary> {
  const durability = flush === 'sync' ? { overlappingSync: false } : { noSync: true }
  const { open } = benchRequire('lmdb') as Lmdb
  const database = open({
    path: directory,
    keyEncoding: 'uint32',
    encoding: 'binary',
    ...durability,
  })
  let next = 0
  return {
    append: ({ body }) => database.put(next++, body),
    appendBatch: (messages) =>
      database.batch(() => {
        for (const { body } of messages) void database.put(next++, body)
      }),
    close: () => database.close(),
  }
}

/** The part of classic-level that is used. */
interface ClassicLevelModule {
  readonly ClassicLevel: new (
    directory: string,
    options: object,
  ) => {
    open(): Promise<void>
    put(key: Buffer, value: Uint8Array, options: object): Promise<void>
    batch(operations: readonly object[], options: object): Promise<void>
    close(): Promise<void>
  }
}

async function openClassicLevel(directory: string, flush: Flush): Promise<LogLibrary> {
  const { ClassicLevel } = benchRequire('classic-level') as ClassicLevelModule
  const encodings = { keyEncoding: 'buffer', valueEncoding: 'view' }
  const database = new ClassicLevel(directory, encodings)
  await database.open()
  const options = { sync: flush === 'sync' }
  let next = 0
  const nextKey = (): Buffer => {
    const key = Buffer.allocUnsafe(Float64Array.BYTES_PER_ELEMENT)
    key.writeBigUInt64BE(BigInt(next++))
    return key
  }
  return {
    append: ({ body }) => database.put(nextKey(), body, options),
    appendBatch: (messages) => {
      const puts = messages.map(({ body }) => ({ type: 'put', key: nextKey(), value: body }))
      return database.batch(puts, options)
    },
    close: () => database.close(),
  }
}

/** Bodies one behind the other in a file; sync flush is one fdatasync for all that wait for it. */
async function openWriteStream(directory: string, flush: Flush): Promise<LogLibrary> {
  const stream = createWriteStream(join(directory, 'log'))
  const fd = await new Promise<number>((resolve, reject) => {
    stream.once('error', reject)
    stream.once('open', resolve)
  })
  const synced = flush === 'sync' ? new SharedSync(fd) : undefined
  const write = async (bytes: Uint8Array): Promise<void> => {
    await written(stream, bytes)
    await synced?.next()
  }
  return {
    append: ({ body }) => write(body),
    appendBatch: (messages) => write(Buffer.concat(messages.map(({ body }) => body))),
    close: () => new Promise((resolve) => stream.end(resolve)),
  }
}

function written(stream: WriteStream, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(bytes, (error) => (error instanceof Error ? reject(error) : resolve()))
  })
}

/** One fdatasync at a time; who comes while one runs waits for the next one. */
class SharedSync {
  readonly #sync: () => Promise<void>
  #running: Promise<void> = Promise.resolve()
  #following: Promise<void> | undefined

  constructor(fd: number) {
    this.#sync = () => promisify(fdatasync)(fd)
  }

  next(): Promise<void> {
    this.#following ??= this.#running.then(() => {
      this.#following = undefined
      this.#running = this.#sync()
      return this.#running
    })
    return this.#following
  }
}
