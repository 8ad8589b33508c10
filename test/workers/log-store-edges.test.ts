/** The log library where calls meet at an awkward moment: held appends, a close, a dead thread. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openStore, type StoreError, type ThreadedStoreOptions } from '../../workers/index.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const SEGMENT_BYTES = 64 * 1024
const SMALL: ThreadedStoreOptions = {
  segmentBytes: SEGMENT_BYTES,
  consumeQueueFileBytes: 20 * 100,
  indexSlotCount: 100,
  indexEntryCount: 400,
}

/** The code with which an append is refused, listened for from now on. */
function refusalOf(append: Promise<unknown>): Promise<string> {
  return append.then(
    () => 'none',
    (error: StoreError) => error.code,
  )
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

describe('appends that wait for the next segment', () => {
  it('keep the order of the calls, also when a later one would still fit', async () => {
    using folder = temporaryFolder('held')
    await using store = await openStore(folder.path, SMALL)
    const bodies = Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? 30_000 : 10 + i))
    const results = await Promise.all(
      bodies.map((size) => store.append({ topic: 'T', body: Buffer.alloc(size) })),
    )
    expect(results.map(({ queueOffset }) => queueOffset)).toEqual(bodies.map((_, index) => index))
  })

  it('keep the body that was given, whatever becomes of its buffer', async () => {
    using folder = temporaryFolder('held')
    await using store = await openStore(folder.path, SMALL)
    const body = Buffer.alloc(30_000)
    const appends = Array.from({ length: 10 }, (_, index) => {
      body.fill(index)
      return store.append({ topic: 'T', body })
    })
    body.fill(0xff)
    await Promise.all(appends)
    for (let offset = 0; offset < 10; offset += 1) {
      const { messages } = await store.read('T', 0, offset, 1)
      expect(messages[0]?.body.every((byte) => byte === offset)).toBe(true)
    }
  })

  it('are refused by a close, and everything before them is kept', async () => {
    using folder = temporaryFolder('held')
    const store = await openStore(folder.path, SMALL)
    const appends = Array.from({ length: 40 }, () =>
      store.append({ topic: 'T', body: Buffer.alloc(30_000) }),
    )
    const settled = Promise.allSettled(appends)
    await store.close()
    const outcomes = await settled
    const kept = outcomes.filter(({ status }) => status === 'fulfilled').length
    expect(outcomes.slice(0, kept).every(({ status }) => status === 'fulfilled')).toBe(true)
    for (const outcome of outcomes.slice(kept)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'STORE_CLOSED' } })
    }
    expect(kept).toBeLessThan(40)
    await using again = await openStore(folder.path, SMALL)
    expect((await again.read('T', 0, 0)).maxOffset).toBe(kept)
  })
})

describe('a close', () => {
  it.each(['async', 'sync'] as const)(
    'loses nothing that is appended until it begins, and takes nothing after (%s)',
    async (flush) => {
      using folder = temporaryFolder('close')
      for (let round = 0; round < 5; round += 1) {
        const store = await openStore(folder.path, { ...SMALL, flush })
        const before = store.append({ topic: 'T', body: Buffer.from(`before ${round}`) })
        const closed = store.close()
        const during = store.append({ topic: 'T', body: Buffer.from('during') })
        const refusal = refusalOf(during)
        await nextTurn()
        const later = store.append({ topic: 'T', body: Buffer.from('later') })
        await expect(later).rejects.toMatchObject({ code: 'STORE_CLOSED' })
        expect(await before).toMatchObject({ queueOffset: round })
        expect(await refusal).toBe('STORE_CLOSED')
        await closed
      }
      await using store = await openStore(folder.path, { ...SMALL, flush })
      const { messages } = await store.read('T', 0, 0)
      expect(messages.map(({ body }) => body.toString())).toEqual(
        Array.from({ length: 5 }, (_, round) => `before ${round}`),
      )
    },
  )

  it('ends readers, and answers no more look-ups', async () => {
    using folder = temporaryFolder('close')
    const store = await openStore(folder.path, SMALL)
    await store.append({ topic: 'T', body: Buffer.from('a'), keys: ['k'] })
    const seen: string[] = []
    const reading = (async () => {
      for await (const { body } of store.messages('T', 0)) seen.push(body.toString())
    })()
    while (seen.length === 0) await nextTurn()
    await store.close()
    await reading
    expect(seen).toEqual(['a'])
    const closed = { code: 'STORE_CLOSED' }
    await expect(store.read('T', 0, 0)).rejects.toMatchObject(closed)
    await expect(store.query('T', 'k')).rejects.toMatchObject(closed)
  })

  it('waits for a segment that is being made', async () => {
    using folder = temporaryFolder('close')
    for (let round = 0; round < 10; round += 1) {
      const store = await openStore(folder.path, { ...SMALL, segmentPreparation: 'write' })
      await store.append({ topic: 'T', body: Buffer.alloc(30_000) })
      await store.close()
    }
    const marks = ['durable', 'end.json', 'index.json']
    expect(readdirSync(join(folder.path, 'agena')).sort()).toEqual(marks)
    await using store = await openStore(folder.path, SMALL)
    expect((await store.read('T', 0, 0)).maxOffset).toBe(10)
  })
})

describe('destroy', () => {
  it('fails who waits, and the next start recovers what was written', async () => {
    using folder = temporaryFolder('destroy')
    const store = await openStore(folder.path, { ...SMALL, flush: 'sync' })
    await store.append({ topic: 'T', body: Buffer.from('kept') })
    const waiting = store.append({ topic: 'T', body: Buffer.from('staged') })
    const refusal = refusalOf(waiting)
    const reason = new Error('enough')
    await store.destroy(reason)
    expect(await refusal).toBe('STORE_CLOSED')
    expect(await store.closed).toBe(reason)
    await using again = await openStore(folder.path, SMALL)
    const { messages } = await again.read('T', 0, 0)
    expect(messages.map(({ body }) => body.toString())).toEqual(['kept'])
  })
})

describe('flush', () => {
  it('resolves whenever it meets a flush that is under way', async () => {
    using folder = temporaryFolder('flush')
    const options = { ...SMALL, flushIntervalMs: 1, flushPageCountMin: 0 }
    await using store = await openStore(folder.path, options)
    for (let round = 0; round < 400; round += 1) {
      const { physicalOffset } = await store.append({ topic: 'T', body: Buffer.alloc(10) })
      if (round % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
      await store.flush()
      expect(store.flushedOffset).toBeGreaterThan(physicalOffset)
    }
  })
})

describe('a message that no folder or key can stand for', () => {
  it.each([
    [{ topic: '../../elsewhere' }, 'topic'],
    [{ topic: '..' }, 'topic'],
    [{ topic: '' }, 'topic'],
    [{ topic: 'x'.repeat(128) }, 'topic'],
    [{ queueId: -1 }, 'queueId'],
    [{ queueId: 1.5 }, 'queueId'],
    [{ queueId: 2 ** 31 }, 'queueId'],
    [{ keys: ['two words'] }, 'key'],
    [{ keys: [''] }, 'key'],
  ])('is refused: %j', async (part, word) => {
    using folder = temporaryFolder('illegal')
    await using store = await openStore(folder.path, SMALL)
    const wrong = store.append({ topic: 'T', body: Buffer.from('a'), ...part })
    await expect(wrong).rejects.toMatchObject({ code: 'STORE_MESSAGE_ILLEGAL' })
    await expect(wrong).rejects.toThrow(word)
    const { queueOffset } = await store.append({ topic: 'T', body: Buffer.from('b') })
    expect(queueOffset).toBe(0)
  })
})

describe('a batch', () => {
  it('gives every message its place, however many segments it takes', async () => {
    using folder = temporaryFolder('batch')
    await using store = await openStore(folder.path, SMALL)
    const batch = Array.from({ length: 600 }, (_, index) => ({
      topic: 'T',
      queueId: index % 2,
      body: Uint8Array.from(Buffer.from(`${index}:${'x'.repeat(1000)}`)),
    }))
    const results = await store.appendBatch(batch)
    expect(readdirSync(join(folder.path, 'commitlog')).length).toBeGreaterThan(5)
    expect(results.map(({ queueOffset }) => queueOffset)).toEqual(
      batch.map((_, index) => Math.floor(index / 2)),
    )
    const physical = results.map(({ physicalOffset }) => physicalOffset)
    expect(physical).toEqual(physical.toSorted((left, right) => left - right))
    const { messages } = await store.read('T', 1, 299)
    expect(messages[0]?.body.subarray(0, 4).toString()).toBe('599:')
  })

  it('of none is done at once', async () => {
    using folder = temporaryFolder('batch')
    await using store = await openStore(folder.path, SMALL)
    expect(await store.appendBatch([])).toEqual([])
  })

  it('rejects for the one that is refused, and what came before it stands', async () => {
    using folder = temporaryFolder('batch')
    await using store = await openStore(folder.path, SMALL)
    const good = { topic: 'T', body: Buffer.from('good') }
    const bad = { topic: 'T', body: Buffer.from('bad'), tags: 'a\u0002b' }
    await expect(store.appendBatch([good, bad, good])).rejects.toBeInstanceOf(TypeError)
    expect((await store.append(good)).queueOffset).toBe(1)
  })

  it('that is refused while it waits for a segment fails alone', async () => {
    using folder = temporaryFolder('batch')
    await using store = await openStore(folder.path, SMALL)
    const long = { topic: 'T', body: Buffer.alloc(30_000) }
    const bad = { topic: 'T', body: Buffer.from('bad'), tags: 'a\u0002b' }
    const refused = store.appendBatch([long, long, long, bad, long, long, long])
    const later = store.append(long)
    await expect(refused).rejects.toBeInstanceOf(TypeError)
    expect((await later).queueOffset).toBe(6)
  })

  it('is done in sync mode when the flush covers its last message', async () => {
    using folder = temporaryFolder('batch')
    await using store = await openStore(folder.path, { ...SMALL, flush: 'sync' })
    const batch = Array.from({ length: 20 }, () => ({ topic: 'T', body: Buffer.alloc(1000) }))
    const results = await store.appendBatch(batch)
    expect(store.flushedOffset).toBeGreaterThan(results.at(-1)!.physicalOffset)
  })
})

describe('a read', () => {
  it('sees every message that was appended before, however far the queues are built', async () => {
    using folder = temporaryFolder('read')
    await using store = await openStore(folder.path, SMALL)
    for (let round = 0; round < 100; round += 1) {
      const bodies = Array.from({ length: 1 + (round % 7) }, () => Buffer.from('x'))
      await store.appendBatch(bodies.map((body) => ({ topic: `T${round}`, body })))
      const { messages } = await store.read(`T${round}`, 0, 0)
      expect(messages).toHaveLength(bodies.length)
    }
  })
})
