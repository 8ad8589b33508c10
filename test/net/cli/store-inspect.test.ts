/**
 * Goal: a look into a store tells what is in it, and changes nothing.
 * Method: stores that Apache RocketMQ wrote, whose content is known message by message.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nodeFileSystem } from '../../../engine/file/node-file-system.ts'
import { storeLayout } from '../../../engine/file/store-layout.ts'
import { takeStoreLock } from '../../../engine/file/store-lock.ts'
import { blockHashesPath } from '../../../engine/store/block-hashes.ts'
import { formatInspection } from '../../../net/cli/inspect/format-inspection.ts'
import { inspectStore } from '../../../net/cli/inspect/inspect-store.ts'
import { runAgena } from '../../helpers/agena-process.ts'
import { flipByte } from '../../helpers/damage.ts'
import { hashStore } from '../../helpers/hashed-store.ts'
import { storeFixtureNames, unpackStoreFixture } from '../../helpers/store-fixtures.ts'

function digestOf(directory: string): string {
  const hash = createHash('sha256')
  for (const entry of readdirSync(directory, { recursive: true }).map(String).sort()) {
    const path = join(directory, entry)
    hash.update(entry)
    if (statSync(path).isFile()) hash.update(readFileSync(path))
  }
  return hash.digest('hex')
}

test.each(storeFixtureNames)('%s', async (name) => {
  await using store = await unpackStoreFixture(name)
  const before = digestOf(store.directory)
  const inspection = inspectStore(store.directory)
  expect(digestOf(store.directory)).toBe(before)
  const { messages, queues } = store.expected
  const last = messages.at(-1)!
  expect(inspection.log.endOffset).toBe(last.physicalOffset + last.sizeBytes)
  expect(inspection.problems).toEqual([])
  expect(inspection.state.lock).toEqual({ state: 'free' })
  const seen = inspection.queues.map(({ topic, queueId, minOffset, maxOffset }) => {
    return { topic, queueId, minOffset, maxOffset }
  })
  // What Java read of a killed store is what it had built again first.
  expect(inspection.state.isCleanlyStopped).toBe(!name.startsWith('killed'))
  if (!inspection.state.isCleanlyStopped) return
  for (const { topic, queueId, minOffset, maxOffset } of queues) {
    expect(seen).toContainEqual({ topic, queueId, minOffset, maxOffset })
  }
  for (const topic of inspection.topics) {
    const units = queues
      .filter((queue) => queue.topic === topic.topic)
      .flatMap((queue) => queue.units.filter(([queueOffset]) => queueOffset >= queue.minOffset))
    const times = units.map(([, physicalOffset]) => {
      return messages.find((message) => message.physicalOffset === physicalOffset)!.storeTimestamp
    })
    expect(topic.messageCount).toBe(units.length)
    expect(topic.firstTimestampMs).toBe(Math.min(...times))
    expect(topic.lastTimestampMs).toBe(Math.max(...times))
  }
})

test('which segments have hashes is told', async () => {
  await using store = await unpackStoreFixture('plain')
  const states = () => inspectStore(store.directory).log.segments.map(({ hashes }) => hashes)
  expect(states()).toEqual(['missing', 'missing', 'open'])
  const { layout } = await hashStore(store.directory)
  flipByte(blockHashesPath(layout, 0), 33)
  expect(states()).toEqual(['damaged', 'hashed', 'open'])
})

test('a held lock, a wrong name and a wrong length are told', async () => {
  await using store = await unpackStoreFixture('plain')
  const layout = storeLayout(store.directory)
  const lock = takeStoreLock(nodeFileSystem(), layout.lock)
  try {
    writeFileSync(join(layout.commitLog, 'notes.txt'), '')
    writeFileSync(join(layout.commitLog, '00000000001000000000'), 'short')
    mkdirSync(join(layout.consumeQueue, 'T', '0'), { recursive: true })
    writeFileSync(join(layout.consumeQueue, 'T', '0', '00000000000000000007'), '')
    writeFileSync(join(layout.index, 'x'), '')
    const inspection = inspectStore(store.directory)
    expect(inspection.state.lock).toMatchObject({ state: 'held' })
    const text = inspection.problems.join('\n')
    expect(text).toContain('notes.txt is not the name of a segment')
    expect(text).toContain('00000000001000000000 has 5 bytes')
    expect(text).toContain('00000000001000000000 does not follow the segment before it')
    expect(text).toContain('00000000000000000007 is not the name of a consume queue file')
    expect(text).toContain('x is not the name of an index file')
    expect(formatInspection(inspection)).toContain('PROBLEM: ')
  } finally {
    lock.release()
  }
})

test('the command prints tables or JSON', async () => {
  await using store = await unpackStoreFixture('plain')
  const tables = await runAgena(['store', 'inspect', store.directory])
  expect(tables.exitCode).toBe(0)
  for (const title of ['commit log', 'topics', 'consume queues', 'index']) {
    expect(tables.stdout).toMatch(new RegExp(`^${title}\n┌`, 'm'))
  }
  expect(tables.stdout).toMatch(/^in use +no$/m)
  const json = await runAgena(['store', 'inspect', store.directory, '--json'])
  const inspection = JSON.parse(json.stdout) as { queues: unknown[] }
  expect(inspection.queues.length).toBeGreaterThan(0)
})
