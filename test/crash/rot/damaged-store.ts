/** Opens a damaged store and reads all of it, in every way. */
import { crc32 } from 'node:zlib'
import { StoreError } from '../../../engine/base/errors.ts'
import type { FileSystem } from '../../../engine/file/file-system.ts'
import { indexKeyHash } from '../../../engine/format/index-format.ts'
import { decodeMessage, type StoredMessage } from '../../../engine/format/stored-message.ts'
import { queryIndex } from '../../../engine/queue/index-query.ts'
import { searchQueueByTime } from '../../../engine/queue/queue-time-search.ts'
import type { StoreOptions } from '../../../engine/store/store-options.ts'
import { messagesOf, SteppedStore } from '../../helpers/stepped-store.ts'

const POSITIVE = 0x7fff_ffff
/** What a store may say of damage, and nothing else. */
const CODES = new Set(['STORE_FILE_INVALID', 'STORE_LOG_CORRUPT', 'STORE_RECORD_CORRUPT'])

export interface StoreToRead {
  readonly files: FileSystem
  readonly root: string
  readonly options: StoreOptions & {
    readonly consumeQueueFileBytes: number
    readonly indexSlotCount: number
    readonly indexEntryCount: number
  }
  readonly queues: readonly { readonly topic: string; readonly queueId: number }[]
  readonly keys: readonly { readonly topic: string; readonly key: string }[]
}

export interface Served {
  readonly queue: string
  readonly message: StoredMessage
}

/**
 * @returns what was served, and what the store said.
 * @throws whatever is neither.
 */
export function readDamaged(store: StoreToRead): { served: Served[]; said: StoreError[] } {
  const said: StoreError[] = []
  const served: Served[] = []
  const attempt = <T>(act: () => T): T | undefined => {
    try {
      return act()
    } catch (error) {
      if (!(error instanceof StoreError) || !CODES.has(error.code)) throw error
      if (!error.message.includes(store.root)) throw error
      said.push(error)
      return undefined
    }
  }
  // What is refused may be opened without what is damaged.
  const cutting = { ...store.options, onCorruption: 'cut' } as const
  const stepped =
    attempt(() => new SteppedStore(store.files, store.root, store.options)) ??
    attempt(() => new SteppedStore(store.files, store.root, cutting))
  if (stepped === undefined) return { served, said }
  attempt(() => stepped.reput())
  for (const queue of store.queues) {
    attempt(() => readQueue(stepped, queue, served))
    attempt(() => searchTimes(store, stepped, queue))
  }
  for (const { topic, key } of store.keys) {
    attempt(() => readKey(store, stepped, topic, key))
  }
  stepped.kill()
  return { served, said }
}

/** Goes on behind what is refused, so that all of the queue is looked at. */
function readQueue(
  stepped: SteppedStore,
  { topic, queueId }: StoreToRead['queues'][number],
  served: Served[],
): void {
  let { minOffset: offset, maxOffset } = stepped.get(0, { topic, queueId })
  let refusal: StoreError | undefined
  for (let steps = 0; offset < maxOffset && steps < 10_000; steps += 1) {
    try {
      const result = stepped.get(offset, { topic, queueId })
      for (const message of messagesOf(result)) {
        served.push({ queue: `${topic}/${queueId}`, message })
      }
      maxOffset = result.maxOffset
      offset = Math.max(offset + 1, result.nextBeginOffset)
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      refusal = error
      offset += 1
    }
  }
  if (refusal !== undefined) throw refusal
}

function searchTimes(
  { files, options }: StoreToRead,
  stepped: SteppedStore,
  { topic, queueId }: StoreToRead['queues'][number],
): void {
  const { layout, log } = stepped.store
  const { segmentBytes } = log.segments
  for (const timestampMs of [0, Date.now() / 2, Number.MAX_SAFE_INTEGER]) {
    const directory = `${layout.consumeQueue}/${topic}/${queueId}`
    searchQueueByTime(files, {
      queue: { directory, fileBytes: options.consumeQueueFileBytes },
      log: { directory: layout.commitLog, segmentBytes },
      minOffset: 0,
      endOffset: stepped.store.tails.tail(topic, queueId).nextQueueOffset,
      timestampMs,
      boundary: 'lower',
    })
  }
}

function readKey(store: StoreToRead, stepped: SteppedStore, topic: string, key: string): void {
  const { physicalOffsets } = queryIndex(store.files, {
    directory: stepped.store.layout.index,
    slotCount: store.options.indexSlotCount,
    entryCount: store.options.indexEntryCount,
    keyHash: indexKeyHash(topic, key),
    beginTimestampMs: 0,
    endTimestampMs: Number.MAX_SAFE_INTEGER,
    countMax: 1000,
  })
  for (const offset of physicalOffsets) {
    const slice = stepped.store.reader.slice(offset)
    if (slice === undefined) continue
    const { segment, start, lengthBytes } = slice
    try {
      decodeMessage(segment.region.bytes.subarray(start, start + lengthBytes), 0, {
        checkCrc: true,
      })
    } catch (error) {
      // The index leads to where no whole record is: nothing is served.
      if (!(error instanceof StoreError)) throw error
    }
  }
}

/** Whether a body is the one that its checksum was made of. */
export function isWhole({ body, bodyCrc }: StoredMessage): boolean {
  return body.length === 0 || (crc32(body) & POSITIVE) === bodyCrc
}
