import { Piscina } from 'piscina'
import { assert } from '../engine/base/assert.ts'
import { StoreError } from '../engine/base/errors.ts'
import type { StoreLayout } from '../engine/file/store-layout.ts'
import { consumeQueueDirectory } from '../engine/queue/consume-queue-files.ts'
import type { IndexMatches, IndexQuery } from '../engine/queue/index-query.ts'
import type { QueueTimeQuery, TimeBoundary } from '../engine/queue/queue-time-search.ts'
import type { StoreConfig } from '../engine/store/store-options.ts'
import type { QueryAnswer, QueryTask } from './query-task.ts'

/**
 * One: a second thread might still be loading its native module when the pool is closed, and a
 * thread that is ended then aborts the process.
 */
const THREADS_MAX = 1
const IDLE_MS = 10_000

/**
 * Look-ups that hop over the disk, in threads that are started at the first one. They reject with
 * `STORE_IO_FAILED` when a file cannot be read, and with `STORE_CLOSED` after
 * {@link QueryPool.close}.
 */
export class QueryPool {
  readonly #layout: StoreLayout
  readonly #config: StoreConfig
  readonly #segmentBytes: number
  #pool: Piscina<QueryTask, QueryAnswer> | undefined
  #isClosed = false

  constructor(layout: StoreLayout, config: StoreConfig, segmentBytes: number) {
    this.#layout = layout
    this.#config = config
    this.#segmentBytes = segmentBytes
  }

  /** Messages whose key has the hash, newest first. */
  async findByKey(
    query: Omit<IndexQuery, 'directory' | 'slotCount' | 'entryCount'>,
  ): Promise<IndexMatches> {
    const found = await this.#run({
      kind: 'key',
      query: {
        ...query,
        directory: this.#layout.index,
        slotCount: this.#config.indexSlotCount,
        entryCount: this.#config.indexEntryCount,
      },
    })
    assert(typeof found === 'object', 'a look-up by key finds offsets')
    return found
  }

  /** Queue offset of the message stored at a time, see {@link QueueTimeQuery}. */
  async findByTime(query: {
    readonly topic: string
    readonly queueId: number
    readonly minOffset: number
    readonly endOffset: number
    readonly timestampMs: number
    readonly boundary: TimeBoundary
  }): Promise<number> {
    const { topic, queueId, ...range } = query
    const directory = consumeQueueDirectory(this.#layout.consumeQueue, topic, queueId)
    const timeQuery: QueueTimeQuery = {
      ...range,
      queue: { directory, fileBytes: this.#config.consumeQueueFileBytes },
      log: { directory: this.#layout.commitLog, segmentBytes: this.#segmentBytes },
    }
    const found = await this.#run({ kind: 'time', query: timeQuery })
    assert(typeof found === 'number', 'a look-up by time finds one offset')
    return found
  }

  /** Lets look-ups in progress finish. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#pool?.close()
  }

  async #run(task: QueryTask): Promise<QueryAnswer> {
    if (this.#isClosed) throw new StoreError('STORE_CLOSED', 'the store is closed')
    this.#pool ??= new Piscina<QueryTask, QueryAnswer>({
      filename: new URL('./query-task.js', import.meta.url).href,
      minThreads: 0,
      maxThreads: THREADS_MAX,
      idleTimeout: IDLE_MS,
    })
    try {
      return await this.#pool.run(task)
    } catch (error) {
      throw new StoreError('STORE_IO_FAILED', `a look-up by ${task.kind} failed`, { cause: error })
    }
  }
}
