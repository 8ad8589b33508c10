import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ExpectedQueue, ExpectedStore } from '../../scripts/java/expected-store.ts'
import { packageRoot } from '../../scripts/java/package-root.ts'
import { type LogStore, openStore, type StoredMessage } from '../../workers/index.ts'
import { storeFixtureNames, unpackStoreFixture } from '../helpers/store-fixtures.ts'
import { JavaToolbox, type StoreReport } from './java-toolbox.ts'
import { describeWithJava, makeScratch, type Scratch } from './lane.ts'
import { smallSegments, smallStoreOptions } from './small-segments.ts'

const WRITER = join(packageRoot, 'dist/test/interop/store-writer-peer.js')
const ACKS_BEFORE_KILL = 600
const ADDED = 5
const ACKED = 'acked '
/** For queues to be built again after the store was opened. */
const BUILD_TIMEOUT_MS = 10_000
const POLL_MS = 20

describeWithJava('our store library and Apache RocketMQ’s store', () => {
  let scratch: Scratch
  let toolbox: JavaToolbox

  beforeAll(async () => {
    scratch = await makeScratch('library')
    toolbox = await JavaToolbox.start(join(scratch.path, 'toolbox'))
  })
  afterAll(async () => {
    await toolbox?.[Symbol.asyncDispose]()
    await scratch?.[Symbol.asyncDispose]()
  })

  test.each(storeFixtureNames)('%s: Java’s folder is read, continued and read', async (name) => {
    await using fixture = await unpackStoreFixture(name)
    const { directory, expected } = fixture
    const store = await openStore(directory, smallStoreOptions)
    for (const queue of expected.queues) await expectQueue(store, expected, queue)
    await expectLookUps(store, expected)
    await append(store, ADDED)
    await store.close()

    const report = await toolbox.readStore({ root: directory, settings: smallSegments })
    expect(bodiesOf(report).slice(0, -ADDED)).toEqual(bodiesOf(expected))
    expect(report.messages.slice(-ADDED).map(({ topic }) => topic)).toEqual(
      Array(ADDED).fill('Added'),
    )
    expect(report.queues.find(({ topic }) => topic === 'Added')).toMatchObject({
      minOffset: 0,
      maxOffset: ADDED,
      readable: ADDED,
    })
  })

  test('our folder is read by Java, several segments of it', async () => {
    const root = join(scratch.path, 'written')
    const store = await openStore(root, smallStoreOptions)
    await append(store, 900)
    await store.close()
    const report = await toolbox.readStore({ root, settings: smallSegments })
    expect(report.messages).toHaveLength(900)
    expect(report.log.maxOffset).toBeGreaterThan(3 * smallSegments.mappedFileSizeCommitLog)
    expect(report.queues).toMatchObject([{ topic: 'Added', maxOffset: 900, readable: 900 }])
    expect(new Set(report.index.map(({ key }) => key)).size).toBe(900)
    expect(report.index.every(({ physicalOffsets }) => physicalOffsets.length === 1)).toBe(true)
  })

  test('our folder is read by Java after a kill, with all that was answered', async () => {
    const root = join(scratch.path, 'killed')
    const acked = await writeUntilKilled(root)
    const report = await toolbox.readStore({ root, settings: smallSegments })
    const offsets = report.messages.map(({ physicalOffset }) => physicalOffset)
    expect(offsets).toEqual(expect.arrayContaining(acked))
    const readable = report.queues.reduce((sum, queue) => sum + queue.readable, 0)
    expect(readable).toBe(report.messages.length)
  })
})

async function append(store: LogStore, count: number): Promise<void> {
  const messages = Array.from({ length: count }, (_, at) => ({
    topic: 'Added',
    body: Buffer.from(`added ${at} ${'and on '.repeat(at % 80)}`),
    keys: [`key-${at}`],
    tags: 'tag-added',
  }))
  await store.appendBatch(messages)
}

/** A whole queue, from its minimum to its end, as Java read it. */
async function expectQueue(
  store: LogStore,
  expected: ExpectedStore,
  queue: ExpectedQueue,
): Promise<void> {
  const { topic, queueId, minOffset, maxOffset } = queue
  const messages: StoredMessage[] = []
  const deadlineMs = performance.now() + BUILD_TIMEOUT_MS
  for (let offset = minOffset; offset < maxOffset && performance.now() < deadlineMs; ) {
    const found = await store.read(topic, queueId, offset)
    expect(found).toMatchObject({ minOffset, maxOffset })
    messages.push(...found.messages)
    offset = found.nextOffset
    // Recovery goes on behind an open door: the last part of a queue may still be built.
    if (found.messages.length === 0) await sleep(POLL_MS)
  }
  const wanted = expected.messages
    .filter((message) => message.topic === topic && message.queueId === queueId)
    .map((message) => ({
      queueOffset: message.queueOffset,
      physicalOffset: message.physicalOffset,
      body: message.bodySha256,
      properties: message.properties,
    }))
  const read = messages.map((message) => ({
    queueOffset: message.queueOffset,
    physicalOffset: message.physicalOffset,
    body: sha256Hex(message.body),
    properties: Object.fromEntries(message.properties),
  }))
  expect(read).toEqual(wanted)
}

/** Keys lead to what Java found by them, less what Java's log has deleted since. */
async function expectLookUps(store: LogStore, expected: ExpectedStore): Promise<void> {
  for (const { topic, key, physicalOffsets } of expected.index) {
    const alive = physicalOffsets.filter((offset) => offset >= expected.log.minOffset)
    const found = await store.query(topic, key, { countMax: alive.length + 1 })
    const offsets = found.map((message) => message.physicalOffset)
    expect([topic, key, [...new Set(offsets)]]).toEqual([topic, key, [...new Set(alive)].reverse()])
  }
}

async function writeUntilKilled(root: string): Promise<number[]> {
  const writer = spawn(process.execPath, [WRITER, root], { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(writer, 'close')
  const acked: number[] = []
  for await (const line of createInterface({ input: writer.stdout })) {
    acked.push(Number(line.slice(ACKED.length)))
    if (acked.length === ACKS_BEFORE_KILL) writer.kill('SIGKILL')
  }
  await closed
  return acked
}

function bodiesOf(report: ExpectedStore | StoreReport): readonly string[] {
  return report.messages.map((message) =>
    'bodySha256' in message
      ? message.bodySha256
      : sha256Hex(Buffer.from(message.bodyBase64, 'base64')),
  )
}

function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
