/**
 * Holds a store against what it was told. Reads the files of the log itself, record by record, and
 * the queues and the index through the store.
 */
import { alignUp } from '../../../engine/base/units.ts'
import type { FileSystem } from '../../../engine/file/file-system.ts'
import { segmentPath, storeLayout } from '../../../engine/file/store-layout.ts'
import { indexKeyHash } from '../../../engine/format/index-format.ts'
import { decodeMessage, type StoredMessage } from '../../../engine/format/stored-message.ts'
import { queryIndex } from '../../../engine/queue/index-query.ts'
import type { StoreConfig } from '../../../engine/store/store-options.ts'
import type { SteppedStore } from '../../helpers/stepped-store.ts'
import { differenceOf, type ExpectedQueue, type LogModel, queueKey } from './log-model.ts'

/** A promise that the store broke. */
export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise'
}

export function promise(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new BrokenPromise(message())
}

/** The log has lost no segment that was not deleted. */
export function checkStart(startOffset: number, { startOffsetMax }: LogModel): void {
  promise(
    startOffset <= startOffsetMax,
    () => `the log starts at ${startOffset}, but was deleted up to ${startOffsetMax} at most`,
  )
}

/**
 * After a start: the log is what was sent, up to some message, and what was acknowledged is in it.
 */
export function checkLog(stepped: SteppedStore, files: FileSystem, model: LogModel): void {
  const { endOffset } = stepped.store.recovered
  const { durableEnd } = model
  const { startOffset } = stepped.store.log.segments
  checkStart(startOffset, model)
  const messages = model.messagesFrom(startOffset)
  promise(
    endOffset >= durableEnd,
    () => `the log ends at ${endOffset}, acknowledged: ${durableEnd}`,
  )
  const read = segmentReader(
    files,
    stepped.store.layout.commitLog,
    stepped.store.log.segments.segmentBytes,
  )
  const { segmentBytes } = stepped.store.log.segments
  let behindEnd = startOffset
  for (const message of messages) {
    if (message.physicalOffset >= endOffset) break
    // What stands before something acknowledged was sent: no record, and no hole, lies between.
    const isNext =
      message.physicalOffset === behindEnd ||
      message.physicalOffset === alignUp(behindEnd, segmentBytes)
    promise(isNext, () => `something lies between ${behindEnd} and ${message.physicalOffset}`)
    behindEnd = message.end
    const stored = recordAt(read, message.physicalOffset)
    const difference = differenceOf(stored, message)
    promise(difference === undefined, () => `at ${message.physicalOffset}: ${difference}`)
    promise(message.end <= endOffset, () => `the log ends within ${message.physicalOffset}`)
  }
  const last = messages.findLast(({ physicalOffset }) => physicalOffset < endOffset)
  const isBehindBlank = endOffset % segmentBytes === 0
  promise(
    (last?.end ?? 0) === endOffset || isBehindBlank,
    () => `the log ends at ${endOffset}, but nothing that was sent ends behind ${last?.end}`,
  )
}

type SegmentReader = (physicalOffset: number) => { bytes: Buffer; at: number }

function segmentReader(files: FileSystem, directory: string, segmentBytes: number): SegmentReader {
  const segments = new Map<number, Buffer>()
  return (physicalOffset) => {
    const at = physicalOffset % segmentBytes
    const start = physicalOffset - at
    let bytes = segments.get(start)
    if (bytes === undefined) {
      bytes = Buffer.alloc(segmentBytes)
      const fd = files.open(segmentPath(directory, start), 'read')
      files.read(fd, bytes, 0, segmentBytes, 0)
      files.close(fd)
      segments.set(start, bytes)
    }
    return { bytes, at }
  }
}

function recordAt(read: SegmentReader, physicalOffset: number): StoredMessage {
  const { bytes, at } = read(physicalOffset)
  return decodeMessage(bytes, at, { checkCrc: true })
}

/** With reput at the log's end: every queue holds what the log says, and goes on from there. */
export function checkQueues(stepped: SteppedStore, model: LogModel): void {
  const { store } = stepped
  const expected = model.queues()
  for (const [key, queue] of expected) {
    const { topic, queueId } = queue
    const found = stepped.readAll(topic, queueId)
    checkQueue(key, queue, found)
    const last = found.at(-1)
    // Also when all its messages have gone with their segments, no number is given twice.
    const [least, most] =
      last === undefined
        ? [queue.nextMin, queue.nextMax]
        : [last.queueOffset + 1, last.queueOffset + 1]
    const { nextQueueOffset: next } = store.tails.tail(topic, queueId)
    promise(next >= least && next <= most, () => `${key} goes on at ${next}, not ${least}-${most}`)
  }
  for (const topic of stepped.topics()) {
    for (const queueId of stepped.queueIds(topic)) {
      const key = queueKey({ topic, queueId })
      promise(expected.has(key), () => `there is a queue ${key}, but nothing was sent to it`)
    }
  }
}

function checkQueue(key: string, { kept, perhaps }: ExpectedQueue, found: StoredMessage[]): void {
  const extra = found.length - kept.length
  promise(
    extra >= 0 && extra <= perhaps.length,
    () => `${key} has ${found.length} messages, not ${kept.length} (${perhaps.length} perhaps)`,
  )
  const wanted = [...perhaps.slice(perhaps.length - extra), ...kept]
  for (const [index, message] of wanted.entries()) {
    const stored = found[index]
    const difference = stored === undefined ? 'missing' : differenceOf(stored, message)
    promise(difference === undefined, () => `${key} at ${message.queueOffset}: ${difference}`)
    const before = wanted[index - 1]
    promise(
      before === undefined || before.queueOffset + 1 === message.queueOffset,
      () => `${key} has a gap before ${message.queueOffset}`,
    )
  }
}

/** With reput at the log's end: every key leads to its messages, each once. */
export function checkIndex(
  files: FileSystem,
  root: string,
  config: Pick<StoreConfig, 'indexSlotCount' | 'indexEntryCount'>,
  model: LogModel,
): void {
  const { index: directory } = storeLayout(root)
  const keys = new Map<string, Set<string>>()
  for (const { topic, keys: own } of model.messages) {
    const known = keys.get(topic) ?? new Set()
    for (const key of own) known.add(key)
    keys.set(topic, known)
  }
  for (const [topic, own] of keys) {
    for (const key of own) {
      const { physicalOffsets } = queryIndex(files, {
        directory,
        slotCount: config.indexSlotCount,
        entryCount: config.indexEntryCount,
        keyHash: indexKeyHash(topic, key),
        beginTimestampMs: 0,
        endTimestampMs: Number.MAX_SAFE_INTEGER,
        countMax: 10_000,
      })
      // Readers pass over what leads before the log's start.
      const found = physicalOffsets.filter((offset) => offset >= model.startOffset)
      const wanted = model.withKey(topic, key)
      promise(
        found.join() === wanted.join(),
        () => `key ${key} of ${topic} leads to ${found.join()}, not ${wanted.join()}`,
      )
    }
  }
}
