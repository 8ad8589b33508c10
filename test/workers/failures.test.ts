/**
 * What a store does when the disk or a thread fails under it: nothing is acknowledged that is not
 * there.
 */
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { StoreError } from '../../engine/base/errors.ts'
import { MIB } from '../../engine/base/units.ts'
import { storeLayout } from '../../engine/file/store-layout.ts'
import { createRecordSource, type RecordSource } from '../../engine/format/record-encoder.ts'
import { AppendOutcome } from '../../engine/log/append-outcome.ts'
import { parseStoreOptions } from '../../engine/store/store-options.ts'
import { SharedState } from '../../workers/shared-state.ts'
import { StoreThreads } from '../../workers/store-threads.ts'
import { type StoreListener, ThreadedStore } from '../../workers/threaded-store.ts'
import { WorkerHandle } from '../../workers/worker-handle.ts'
import { replaceDescriptor } from '../helpers/replaced-descriptor.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { until } from '../helpers/until.ts'

const SEGMENT_BYTES = 256 * 1024
const HOST = Buffer.from([127, 0, 0, 1, 0, 0, 0, 1])
const NO_DESCRIPTOR = 1_000_000
const PATIENCE_MS = 10_000
const MANY_BYTES = 64 * MIB

function message(text: string): RecordSource {
  const source = createRecordSource()
  source.topic = Buffer.from('T')
  source.topicEnd = 1
  source.bornHost = HOST
  source.storeHost = HOST
  source.body = Buffer.from(text)
  source.bodyEnd = source.body.length
  return source
}

function hear(events: string[]): StoreListener {
  return {
    onWritten: () => events.push('written'),
    onTakenBack: (from, error) => events.push(`taken back from ${from}: ${error.code}`),
    onFlushed: () => events.push('flushed'),
    onReput: () => events.push('reput'),
    onReady: () => undefined,
    onReadOnly: (error) => events.push(`read-only: ${error.code}`),
  }
}

describe('a write that fails', () => {
  it('is taken back, ends all writing, and leaves what was there readable', async () => {
    using folder = temporaryFolder('failure')
    const store = await ThreadedStore.open(folder.path, { segmentBytes: SEGMENT_BYTES })
    const events: string[] = []
    store.listen(hear(events))
    const tail = store.tail('T', 0)
    store.append(message('kept'), tail)
    await until(() => events.includes('written'))
    const written = store.log.writtenOffset
    await until(() => store.reputOffset === written)
    const request = { queueOffset: 0, messageCountMax: 10 }
    await store.read('T', 0, request)
    replaceDescriptor(store.log.segments.last?.fd ?? -1, '/dev/null', 'r')
    store.append(message('lost'), tail)
    await until(() => events.length >= 3)
    expect(events.slice(1)).toEqual([
      `taken back from ${written}: STORE_IO_FAILED`,
      'read-only: STORE_IO_FAILED',
    ])
    expect(tail.nextQueueOffset).toBe(1)
    expect(store.append(message('late'), tail)).toBe(AppendOutcome.READ_ONLY)
    const found = await store.read('T', 0, request)
    expect(found.messageCount).toBe(1)
    expect(found.records.includes('kept')).toBe(true)
    await store.close()
  })
})

function startThreads(directory: string, segmentFd: number, segmentBytes = SEGMENT_BYTES) {
  const config = parseStoreOptions({ segmentBytes })
  const state = new SharedState()
  state.setSegmentFd(0, segmentFd)
  const deaths: StoreError[] = []
  const messages: string[] = []
  const threads = new StoreThreads(
    state,
    {
      directory,
      config,
      segmentBytes,
      endOffset: 0,
      redoFromOffset: 0,
      cutOffset: 0,
      restartOffsets: new Map(),
      wasAborted: false,
    },
    {
      onMessage: (received) => messages.push(received.kind),
      onDeath: (cause) => deaths.push(cause),
    },
  )
  return { state, threads, deaths, messages }
}

describe('a flush that fails', () => {
  it('ends the flush thread with the reason, and acknowledges nothing', async () => {
    using folder = temporaryFolder('failure')
    const { state, threads, deaths, messages } = startThreads(folder.path, NO_DESCRIPTOR)
    await threads.ready()
    state.publishWritten(4096, Date.now())
    state.wantFlush(4096)
    state.wake('FLUSH')
    // The reput thread finds no segment, and may say so first.
    await until(() => deaths.some((failure) => failure.message.includes('cannot flush')))
    const death = deaths.find((failure) => failure.message.includes('cannot flush'))
    expect(death?.code).toBe('STORE_IO_FAILED')
    expect(death?.message).toContain('EBADF')
    expect(state.flushedOffset).toBe(0)
    expect(messages).not.toContain('flushed')
    await threads.terminate()
  })
})

describe('wishes that never cease', () => {
  it('are told of each flush that covers some of them', async () => {
    using folder = temporaryFolder('failure')
    const layout = storeLayout(folder.path)
    mkdirSync(layout.work)
    writeFileSync(join(layout.work, 'durable'), '')
    const fd = openSync(join(folder.path, 'segment'), 'w')
    onTestFinished(() => closeSync(fd))
    const { state, threads, messages } = startThreads(folder.path, fd, MANY_BYTES)
    await threads.ready()
    let flushCount = 0
    let seenOffset = 0
    const endMs = performance.now() + PATIENCE_MS
    // While this thread hears nothing: each flush is behind the newest wish when it ends.
    for (let offset = 1; flushCount < 50 && performance.now() < endMs; offset += 1) {
      if (offset === MANY_BYTES) throw new Error('the segment is full')
      state.publishWritten(offset, Date.now())
      state.wantFlush(offset)
      state.wake('FLUSH')
      if (state.flushedOffset === seenOffset) continue
      seenOffset = state.flushedOffset
      flushCount += 1
    }
    expect(flushCount).toBe(50)
    await until(() => messages.filter((kind) => kind === 'flushed').length >= flushCount)
    await threads.terminate()
  })
})

describe('a log that holds no record where one should be', () => {
  it('ends the reput thread with the place', async () => {
    using folder = temporaryFolder('failure')
    const { state, threads, deaths } = startThreads(folder.path, NO_DESCRIPTOR)
    await threads.ready()
    state.publishWritten(4096, Date.now())
    state.wake('REPUT')
    await until(() => deaths.length > 0)
    expect(deaths.map(({ code }) => code)).toContain('STORE_IO_FAILED')
    expect(state.reputOffset).toBe(0)
    await threads.terminate()
  })
})

describe('a thread that ends by itself', () => {
  it('is noticed, with its name', async () => {
    const deaths: StoreError[] = []
    const handle = new WorkerHandle({
      name: 'no-such-worker',
      workerData: {},
      onMessage: () => undefined,
      onDeath: (cause) => deaths.push(cause),
    })
    await expect(handle.ready).rejects.toMatchObject({ code: 'STORE_WORKER_FAILED' })
    await handle.ended
    expect(deaths).toHaveLength(1)
    expect(deaths[0]?.message).toContain('no-such-worker')
  })
})
