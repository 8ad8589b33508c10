import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { describeError, systemErrorCode } from '../../engine/base/errors.ts'
import type { Logger } from '../../engine/base/logger.ts'
import { replaceFile } from '../../engine/base/replace-file.ts'
import { decodeBody, encodeBody } from '../protocol/json-shape.ts'
import { OffsetTable } from '../protocol/offset-table.ts'
import { ClientError } from './client-error.ts'
import { type MessageQueue, queueKey } from './message-queue.ts'
import type { OffsetStore, QueueOffset } from './offset-store.ts'

/** Which file a {@link LocalOffsetStore} keeps. */
export interface LocalOffsetPlace {
  readonly folder: string
  readonly clientId: string
  readonly group: string
}

const FILE_NAME = 'offsets.json'
const BACKUP_SUFFIX = '.bak'

/** Where Java's clients of this user keep such files (LocalFileOffsetStore). */
export function defaultOffsetFolder(): string {
  return join(homedir(), '.rocketmq_offsets')
}

/**
 * How far one member of a broadcasting group has come. It keeps that itself, in the file and the
 * format that Java's client uses: `<folder>/<client id>/<group>/offsets.json`, replaced as a whole,
 * with what stood there before in `.bak`. RocketMQ: `LocalFileOffsetStore`.
 */
export class LocalOffsetStore implements OffsetStore {
  readonly #path: string
  readonly #logger: Logger
  /** What the file holds, queues that are not consumed at the moment included. */
  #stored: ReadonlyMap<string, QueueOffset> = new Map()
  readonly #progress = new Map<string, QueueOffset>()
  /** Writes of the file follow one another. */
  #lastWrite: Promise<void> = Promise.resolve()

  constructor(place: LocalOffsetPlace, logger: Logger) {
    this.#path = join(place.folder, place.clientId, place.group, FILE_NAME)
    this.#logger = logger
  }

  get known(): readonly QueueOffset[] {
    return [...this.#progress.values()]
  }

  /** Takes the backup where the file is missing, empty or broken. */
  async load(): Promise<void> {
    const offsets = await this.#readEither()
    this.#stored = new Map(offsets.map((entry) => [queueKey(entry.queue), entry]))
  }

  get(queue: MessageQueue): number | undefined {
    return this.#progress.get(queueKey(queue))?.offset
  }

  set(queue: MessageQueue, offset: number): void {
    this.#progress.set(queueKey(queue), { queue, offset })
  }

  remove(queue: MessageQueue): void {
    this.#progress.delete(queueKey(queue))
  }

  async fetch(queue: MessageQueue): Promise<number | undefined> {
    return this.#stored.get(queueKey(queue))?.offset
  }

  async persistAll(): Promise<void> {
    await this.persist()
  }

  /** One file holds the offsets of all queues. */
  async persist(): Promise<boolean> {
    try {
      await this.commitAll()
      return true
    } catch (error) {
      this.#logger.warn(`offsets not stored: ${describeError(error)}`)
      return false
    }
  }

  /** @throws {ClientError} `CLIENT_OFFSET_FILE_UNWRITABLE` */
  commitAll(): Promise<void> {
    const write = this.#lastWrite.then(() => this.#write())
    // Whoever asked for this write hears of its failure; the next one tries the same again.
    this.#lastWrite = write.catch(() => undefined)
    return write
  }

  async #write(): Promise<void> {
    const changed = [...this.#progress].filter(
      ([key, { offset }]) => this.#stored.get(key)?.offset !== offset,
    )
    if (changed.length === 0) return
    const merged = new Map([...this.#stored, ...changed])
    const offsetTable = [...merged.values()].map(({ queue, offset }): [MessageQueue, number] => [
      queue,
      offset,
    ])
    try {
      await replaceFile(this.#path, encodeBody(OffsetTable, { offsetTable }))
      this.#stored = merged
    } catch (error) {
      const message = `${this.#path} cannot be written`
      throw new ClientError('CLIENT_OFFSET_FILE_UNWRITABLE', message, { cause: error })
    }
  }

  async #readEither(): Promise<readonly QueueOffset[]> {
    let problem: unknown
    for (const path of [this.#path, `${this.#path}${BACKUP_SUFFIX}`]) {
      try {
        const offsets = await readOffsets(path)
        if (offsets !== undefined) return offsets
      } catch (error) {
        problem = error
        this.#logger.warn(`${path} cannot be read: ${describeError(error)}`)
      }
    }
    if (problem === undefined) return []
    // To begin anew would deliver again, or skip, what nobody asked for.
    const message = `neither ${this.#path} nor its backup can be read`
    throw new ClientError('CLIENT_OFFSET_FILE_UNREADABLE', message, { cause: problem })
  }
}

/** Undefined when the file is missing or empty. */
async function readOffsets(path: string): Promise<readonly QueueOffset[] | undefined> {
  let contents: Buffer
  try {
    contents = await readFile(path)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    throw error
  }
  if (contents.length === 0) return undefined
  const { offsetTable } = decodeBody(OffsetTable, contents)
  return offsetTable.map(([queue, offset]) => ({ queue, offset }))
}
