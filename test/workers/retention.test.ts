/**
 * The oldest segments go, with what queues and index hold of them; readers that have parts of them
 * keep them, and numbers go on. On a real disk, with the store's own threads.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { encodeProperties } from '../../engine/format/properties-codec.ts'
import { createRecordSource } from '../../engine/format/record-encoder.ts'
import { messagesIn } from '../../engine/format/stored-message.ts'
import { AppendOutcome } from '../../engine/log/append-outcome.ts'
import type { LogSegment } from '../../engine/log/log-segment.ts'
import { createGetResult } from '../../engine/store/get-result.ts'
import { GetStatus } from '../../engine/store/get-status.ts'
import { type StoreListener, ThreadedStore } from '../../workers/threaded-store.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { until, whenBuilt } from '../helpers/until.ts'

const SEGMENT_BYTES = 64 * 1024
const OPTIONS = {
  expire: true,
  fileReservedMs: 0,
  // Never by the clock: the tests ask.
  deleteWhen: String((new Date().getHours() + 12) % 24),
  deleteSegmentIntervalMs: 0,
  segmentBytes: SEGMENT_BYTES,
  consumeQueueFileBytes: 20 * 16,
  indexSlotCount: 100,
  indexEntryCount: 40,
}
const HOST = Buffer.from([127, 0, 0, 1, 0, 0, 0, 1])
const BODY_BYTES = 4000

/** Messages whose bodies begin with their number; ten or so fill a segment. */
async function fill(store: ThreadedStore, from: number, to: number, topic = 'T'): Promise<void> {
  for (let number = from; number < to; number += 1) {
    const source = createRecordSource()
    source.topic = Buffer.from(topic)
    source.topicEnd = source.topic.length
    source.bornHost = HOST
    source.storeHost = HOST
    source.body = Buffer.from(`${number} `.padEnd(BODY_BYTES, '.'))
    source.bodyEnd = source.body.length
    source.properties = encodeProperties(new Map([['KEYS', `k${number}`]]))
    source.propertiesEnd = source.properties.length
    await until(() => store.append(source, store.tail(topic, 0)) === AppendOutcome.APPENDED)
  }
  await whenBuilt(store)
}

function segmentNames(store: ThreadedStore): number[] {
  return readdirSync(store.layout.commitLog).map(Number)
}

/** Has everything deleted that can be. */
async function deleteAll(store: ThreadedStore): Promise<void> {
  store.deleteExpired()
  await until(() => store.log.segments.count === 1)
  const { startOffset } = store.log.segments
  await until(() => segmentNames(store)[0] === startOffset)
}

async function bodies(store: ThreadedStore, topic = 'T'): Promise<number[]> {
  const found: number[] = []
  let queueOffset = store.minQueueOffset(topic, 0)
  while (queueOffset < store.maxQueueOffset(topic, 0)) {
    const page = await store.read(topic, 0, { queueOffset, messageCountMax: 32 })
    for (const { body } of messagesIn(page.records))
      found.push(Number.parseInt(body.toString(), 10))
    queueOffset = page.nextBeginOffset
  }
  return found
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}

const quiet: StoreListener = {
  onWritten: () => undefined,
  onTakenBack: () => undefined,
  onFlushed: () => undefined,
  onReput: () => undefined,
  onReady: () => undefined,
  onReadOnly: () => undefined,
}

describe('segments that have expired', () => {
  it('go with the files of queues and index that lead to them, and numbers go on', async () => {
    using folder = temporaryFolder('retention')
    let min = 0
    {
      await using store = await ThreadedStore.open(folder.path, OPTIONS)
      await fill(store, 0, 100)
      const indexCount = readdirSync(store.layout.index).length
      await deleteAll(store)
      min = store.minQueueOffset('T', 0)
      expect(min).toBeGreaterThan(80)
      expect(await bodies(store)).toEqual(numbers(min, 100))
      const queueFolder = join(store.layout.consumeQueue, 'T', '0')
      const oldest = (): number => Number(readdirSync(queueFolder)[0])
      await until(() => oldest() === min * 20 - ((min * 20) % (20 * 16)))
      await until(() => readdirSync(store.layout.index).length < indexCount)
      await fill(store, 100, 103)
      expect(await bodies(store)).toEqual(numbers(min, 103))
    }
    await using again = await ThreadedStore.open(folder.path, OPTIONS)
    expect(again.minQueueOffset('T', 0)).toBe(min)
    expect(again.maxQueueOffset('T', 0)).toBe(103)
    expect(await bodies(again)).toEqual(numbers(min, 103))
  })

  it('leave a consumer that was in them with where to go on', async () => {
    using folder = temporaryFolder('retention')
    await using store = await ThreadedStore.open(folder.path, OPTIONS)
    await fill(store, 0, 60)
    await deleteAll(store)
    const min = store.minQueueOffset('T', 0)
    const result = createGetResult()
    for (const queueOffset of [0, min - 1]) {
      store.get('T', 0, { queueOffset, messageCountMax: 1 }, result)
      expect(result.status).toBe(GetStatus.OFFSET_TOO_SMALL)
      expect(result.nextBeginOffset).toBe(min)
    }
    store.get('T', 0, { queueOffset: min, messageCountMax: 1 }, result)
    expect(result.status).toBe(GetStatus.FOUND)
  })

  it('leave a queue that has nothing else its number, also after a restart', async () => {
    using folder = temporaryFolder('retention')
    {
      await using store = await ThreadedStore.open(folder.path, OPTIONS)
      await fill(store, 0, 20, 'Quiet')
      await fill(store, 0, 60)
      await deleteAll(store)
      expect(store.minQueueOffset('Quiet', 0)).toBe(20)
      expect(store.maxQueueOffset('Quiet', 0)).toBe(20)
    }
    await using again = await ThreadedStore.open(folder.path, OPTIONS)
    expect(again.maxQueueOffset('Quiet', 0)).toBe(20)
    await fill(again, 20, 21, 'Quiet')
    expect(await bodies(again, 'Quiet')).toEqual([20])
  })

  it('stay until what was built from them is on the disk, which is done when asked', async () => {
    using folder = temporaryFolder('retention')
    const checkpoint = join(folder.path, 'checkpoint')
    await using store = await ThreadedStore.open(folder.path, OPTIONS)
    await fill(store, 0, 40)
    expect(readdirSync(folder.path)).not.toContain('checkpoint')
    await deleteAll(store)
    expect(readdirSync(folder.path).map((name) => join(folder.path, name))).toContain(checkpoint)
  })

  it('are kept by a store that does not expire', async () => {
    using folder = temporaryFolder('retention')
    await using store = await ThreadedStore.open(folder.path, { ...OPTIONS, expire: false })
    await fill(store, 0, 40)
    const before = segmentNames(store)
    store.deleteExpired()
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(segmentNames(store)).toEqual(before)
    expect(store.minQueueOffset('T', 0)).toBe(0)
  })
})

describe('a segment that somebody still reads', () => {
  it('goes when it is given back, and keeps its bytes till then', async () => {
    using folder = temporaryFolder('retention')
    await using store = await ThreadedStore.open(folder.path, OPTIONS)
    await fill(store, 0, 40)
    const result = createGetResult()
    store.get('T', 0, { queueOffset: 0, messageCountMax: 4 }, result)
    const [slice] = result.slices
    if (slice === undefined) throw new Error('there is a message')
    const { segment, start, lengthBytes } = slice
    const { region } = segment
    region.retain()
    const bytes = region.bytes.subarray(start, start + lengthBytes)
    const before = Buffer.from(bytes)
    store.deleteExpired()
    await until(() => store.log.segments.startOffset > 0)
    expect(store.minQueueOffset('T', 0)).toBeGreaterThan(0)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(bytes.equals(before)).toBe(true)
    expect(segmentNames(store)).toContain(0)
    region.release()
    await until(() => !segmentNames(store).includes(0))
    expect(before.includes('0 ...')).toBe(true)
    expect(() => segment.region).toThrow('a segment is open while it is read')
  })

  it('is told about again and again once its time is up', async () => {
    using folder = temporaryFolder('retention')
    await using store = await ThreadedStore.open(folder.path, { ...OPTIONS, releaseSegmentMs: 50 })
    await fill(store, 0, 40)
    const held: LogSegment[] = []
    store.listen({ ...quiet, onSegmentHeld: (segment) => held.push(segment) })
    const oldest = store.log.segments.first
    oldest?.region.retain()
    store.deleteExpired()
    await until(() => held.length > 1)
    expect(held[0]).toBe(oldest)
    expect(segmentNames(store)).toContain(0)
    oldest?.region.release()
    await until(() => !segmentNames(store).includes(0))
  })

  it('holds up a deletion, which takes nothing that is sealed meanwhile', async () => {
    using folder = temporaryFolder('retention')
    await using store = await ThreadedStore.open(folder.path, OPTIONS)
    await fill(store, 0, 40)
    const oldest = store.log.segments.first
    oldest?.region.retain()
    const writtenOffset = store.log.writtenOffset
    const firstKept = writtenOffset - (writtenOffset % SEGMENT_BYTES)
    store.deleteExpired()
    await fill(store, 40, 100)
    oldest?.region.release()
    await until(() => segmentNames(store)[0] === firstKept)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(segmentNames(store)[0]).toBe(firstKept)
    expect(await bodies(store)).toEqual(numbers(store.minQueueOffset('T', 0), 100))
  })

  it('is found again by the next start, when the store closes before', async () => {
    using folder = temporaryFolder('retention')
    {
      await using store = await ThreadedStore.open(folder.path, OPTIONS)
      await fill(store, 0, 40)
      store.log.segments.first?.region.retain()
      store.deleteExpired()
      await until(() => store.log.segments.startOffset > 0)
    }
    await using again = await ThreadedStore.open(folder.path, { ...OPTIONS, expire: false })
    expect(await bodies(again)).toEqual(numbers(0, 40))
    expect(segmentNames(again)[0]).toBe(0)
  })
})
