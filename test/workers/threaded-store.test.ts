/** The store with its threads: topics that go and come, look-ups that fail, threads that die. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { StoreError } from '../../engine/base/errors.ts'
import { createRecordSource } from '../../engine/format/record-encoder.ts'
import { messagesIn } from '../../engine/format/stored-message.ts'
import { AppendOutcome } from '../../engine/log/append-outcome.ts'
import { SharedState } from '../../workers/shared-state.ts'
import { ThreadedStore } from '../../workers/threaded-store.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { until, whenBuilt } from '../helpers/until.ts'

const OPTIONS = {
  segmentBytes: 256 * 1024,
  consumeQueueFileBytes: 20 * 100,
  indexSlotCount: 100,
  indexEntryCount: 40,
}
const HOST = Buffer.from([127, 0, 0, 1, 0, 0, 0, 1])

function append(store: ThreadedStore, topic: string, body: string): number {
  const source = createRecordSource()
  source.topic = Buffer.from(topic)
  source.topicEnd = source.topic.length
  source.bornHost = HOST
  source.storeHost = HOST
  source.body = Buffer.from(body)
  source.bodyEnd = source.body.length
  expect(store.append(source, store.tail(topic, 0))).toBe(AppendOutcome.APPENDED)
  return store.log.lastQueueOffset
}

async function bodies(store: ThreadedStore, topic: string): Promise<string[]> {
  const queueOffset = store.minQueueOffset(topic, 0)
  const found = await store.read(topic, 0, { queueOffset, messageCountMax: 32 })
  return [...messagesIn(found.records)].map(({ body }) => body.toString())
}

describe('a topic that is deleted', () => {
  it('begins anew once it is gone', async () => {
    using folder = temporaryFolder('topic')
    await using store = await ThreadedStore.open(folder.path, OPTIONS)
    const tail = store.tail('T', 0)
    for (let index = 0; index < 10; index += 1) append(store, 'T', `old ${index}`)
    append(store, 'other', 'stays')
    await store.deleteTopic('T')
    await until(() => tail.nextQueueOffset === 0)
    expect(readdirSync(join(folder.path, 'consumequeue'))).toEqual(['other'])
    expect(append(store, 'T', 'new')).toBe(0)
    await whenBuilt(store)
    expect(await bodies(store, 'T')).toEqual(['new'])
    expect(await bodies(store, 'other')).toEqual(['stays'])
  })

  it('does not come back with the log, once its deletion is promised', async () => {
    using folder = temporaryFolder('topic')
    const store = await ThreadedStore.open(folder.path, OPTIONS)
    append(store, 'other', 'stays')
    const deletions = ['T', 'U'].map((topic) => {
      append(store, topic, 'old')
      return store.deleteTopic(topic)
    })
    await Promise.all(deletions)
    append(store, 'U', 'new')
    store.log.commitTurn()
    await store.destroy(new Error('as if it was killed'))
    for (const isDamaged of [false, true]) {
      if (isDamaged) rmSync(join(folder.path, 'consumequeue'), { recursive: true })
      await using again = await ThreadedStore.open(folder.path, OPTIONS)
      await whenBuilt(again)
      expect(await bodies(again, 'T')).toEqual([])
      expect(await bodies(again, 'U')).toEqual(['new'])
      expect(await bodies(again, 'other')).toEqual(['stays'])
    }
  })

  it('may come back when the store can promise nothing any more, and says so', async () => {
    using folder = temporaryFolder('topic')
    const store = await ThreadedStore.open(folder.path, OPTIONS)
    append(store, 'T', 'old')
    store.log.refuse(new StoreError('STORE_IO_FAILED', 'a disk that fails'))
    await expect(store.deleteTopic('T')).rejects.toThrow('a disk that fails')
    await store.close()
    await expect(store.deleteTopic('T')).rejects.toMatchObject({ code: 'STORE_IO_FAILED' })
  })

  it('keeps every message that comes while it is being deleted', async () => {
    using folder = temporaryFolder('topic')
    {
      await using store = await ThreadedStore.open(folder.path, OPTIONS)
      for (let round = 0; round < 20; round += 1) {
        const topic = `T${round}`
        for (let index = 0; index < 5; index += 1) append(store, topic, `old ${index}`)
        if (round % 2 === 0) await whenBuilt(store)
        const deletion = store.deleteTopic(topic)
        append(store, topic, 'new 1')
        if (round % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
        append(store, topic, 'new 2')
        await deletion
        await whenBuilt(store)
        expect(await bodies(store, topic), topic).toEqual(['new 1', 'new 2'])
      }
    }
    await using store = await ThreadedStore.open(folder.path, OPTIONS)
    await whenBuilt(store)
    expect(await bodies(store, 'T7')).toEqual(['new 1', 'new 2'])
  })
})

describe('the index of a store', () => {
  it('rolls over many files without ending a thread', async () => {
    using folder = temporaryFolder('index')
    const options = { ...OPTIONS, queueFlushIntervalMs: 1, queueFlushThoroughIntervalMs: 1 }
    await using store = await ThreadedStore.open(folder.path, options)
    const source = createRecordSource()
    source.topic = Buffer.from('T')
    source.topicEnd = 1
    source.bornHost = HOST
    source.storeHost = HOST
    source.properties = Buffer.from('KEYS\u0001a b c d\u0002')
    source.propertiesEnd = source.properties.length
    for (let round = 0; round < 100; round += 1) {
      const outcome = store.append(source, store.tail('T', 0))
      expect(outcome).toBe(AppendOutcome.APPENDED)
      if (round % 10 === 0) await whenBuilt(store)
    }
    await whenBuilt(store)
    expect(readdirSync(join(folder.path, 'index')).length).toBeGreaterThan(8)
    expect(store.log.refusal).toBeUndefined()
  })

  it('is opened although a file in it is none of its own, which is set aside', async () => {
    using folder = temporaryFolder('index')
    mkdirSync(join(folder.path, 'index'))
    writeFileSync(join(folder.path, 'index', 'notes.txt'), 'mine')
    await using store = await ThreadedStore.open(folder.path, OPTIONS)
    expect(store.status).toBe('open')
    expect(readdirSync(join(folder.path, 'index'))).toEqual([])
    const aside = join(folder.path, 'agena', 'aside-index-notes.txt')
    expect(readFileSync(aside, 'utf8')).toBe('mine')
  })
})

describe('a look-up', () => {
  const byKey = { keyHash: 1, beginTimestampMs: 0, endTimestampMs: 1, countMax: 1 }

  it('that fails is an error with a code, and leaves the store as it was', async () => {
    using folder = temporaryFolder('look-up')
    await using store = await ThreadedStore.open(folder.path, OPTIONS)
    append(store, 'T', 'a')
    await whenBuilt(store)
    writeFileSync(join(folder.path, 'index', 'notes.txt'), 'mine')
    const code = 'STORE_IO_FAILED'
    await expect(store.queries.findByKey(byKey)).rejects.toMatchObject({ code })
    expect(append(store, 'T', 'b')).toBe(1)
  })

  it('is refused once the store is closed', async () => {
    using folder = temporaryFolder('look-up')
    const store = await ThreadedStore.open(folder.path, OPTIONS)
    await store.close()
    const code = 'STORE_CLOSED'
    await expect(store.queries.findByKey(byKey)).rejects.toMatchObject({ code })
  })
})

describe('cold reads', () => {
  it('work again once the file is there that was missing', async () => {
    using folder = temporaryFolder('cold')
    await using store = await ThreadedStore.open(folder.path, OPTIONS)
    const path = join(folder.path, 'late')
    const range = { path, position: 0, lengthBytes: 3_000_000 }
    await expect(store.warm([range])).rejects.toMatchObject({ code: 'STORE_IO_FAILED' })
    writeFileSync(path, Buffer.alloc(3_000_000))
    await store.warm([range])
  })
})

describe('the words that threads share', () => {
  it('are the same in every thread that is given the buffer', () => {
    const own = new SharedState()
    const other = new SharedState(own.buffer)
    own.publishWritten(2 ** 45 + 1, 1_700_000_000_000)
    own.wantFlush(5)
    own.wantReput()
    own.setSegmentFd(257, 33)
    expect(other.writtenOffset).toBe(2 ** 45 + 1)
    expect(other.writtenTimestampMs).toBe(1_700_000_000_000)
    expect(other.flushWantedOffset).toBe(5)
    expect(other.reputWanted).toBe(1)
    expect(other.segmentFd(257)).toBe(33)
    other.publishFlushed(7, 8)
    other.publishReput(9)
    expect([own.flushedOffset, own.flushedTimestampMs, own.reputOffset]).toEqual([7, 8, 9])
    expect(() => new SharedState(new SharedArrayBuffer(8))).toThrow('same words')
  })

  it('do not let a worker sleep through what came after it read its tick', () => {
    const state = new SharedState()
    const tick = state.tick('REPUT')
    state.wake('REPUT')
    // Returns at once: the test would time out otherwise.
    state.sleep('REPUT', tick, 600_000)
    expect(state.tick('REPUT')).toBe(tick + 1)
  })
})
