/**
 * Goal: what is exported is what was stored, and imports as the same messages.
 * Method: stores that Apache RocketMQ wrote, whose content is known message by message.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nodeFileSystem } from '../../../engine/file/node-file-system.ts'
import { takeStoreLock } from '../../../engine/file/store-lock.ts'
import { verificationReport } from '../../../net/cli/inspect/verification-report.ts'
import { type ExportRequest, messagesOf } from '../../../net/cli/transfer/export-topic.ts'
import { exportedLine } from '../../../net/cli/transfer/exported-message.ts'
import { importMessages } from '../../../net/cli/transfer/import-messages.ts'
import { verifyStore } from '../../../workers/verify-store.ts'
import { runAgena } from '../../helpers/agena-process.ts'
import type { ExpectedMessage } from '../../helpers/store-fixtures.ts'
import { unpackStoreFixture } from '../../helpers/store-fixtures.ts'

let scratch: string
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'agena-transfer-'))
})
afterEach(() => rmSync(scratch, { recursive: true, force: true }))

async function exported(directory: string, topic: string, more: Partial<ExportRequest> = {}) {
  const request = { directory, topic, queueId: undefined, from: undefined, to: undefined, ...more }
  const lines: string[] = []
  for (const message of messagesOf(request)) lines.push(await exportedLine(message))
  return lines
}

function bodyDigest(line: string): string {
  const { body, bodyEncoding } = JSON.parse(line)
  const bytes = Buffer.from(body, bodyEncoding)
  return createHash('sha256').update(bytes).digest('hex')
}

function byQueue(left: ExpectedMessage, right: ExpectedMessage): number {
  return left.queueId - right.queueId || left.queueOffset - right.queueOffset
}

describe.each(['plain', 'batch', 'ipv6', 'v2-long-topic', 'deleted-head'] as const)(
  '%s',
  (name) => {
    test('is exported message by message, and imported again', async () => {
      await using store = await unpackStoreFixture(name)
      const topics = new Set(store.expected.messages.map(({ topic }) => topic))
      for (const topic of topics) {
        const expected = store.expected.messages.filter((one) => one.topic === topic).sort(byQueue)
        const lines = await exported(store.directory, topic)
        expect(lines.map((line) => JSON.parse(line).msgId)).toEqual(
          expected.map(({ msgId }) => msgId),
        )
        expect(lines.map((line) => JSON.parse(line).properties)).toEqual(
          expected.map(({ properties }) => properties),
        )
        const uncompressed = expected.every(({ sysFlag }) => (sysFlag & 1) === 0)
        if (uncompressed) {
          expect(lines.map(bodyDigest)).toEqual(expected.map(({ bodySha256 }) => bodySha256))
        }
        // The library takes topics of up to 127 bytes.
        const target = Buffer.byteLength(topic) > 127 ? 'Short' : undefined
        const directory = join(scratch, String(topic.length))
        const input = Readable.from(lines.map((line) => `${line}\n`))
        expect(await importMessages(input, directory, target)).toBe(expected.length)
        const again = await exported(directory, target ?? topic)
        const contentOf = (line: string) => {
          const { queueId, properties, keys, tags, flag, body, bodyEncoding } = JSON.parse(line)
          return { queueId, properties, keys, tags, flag, body, bodyEncoding }
        }
        expect(again.map(contentOf)).toEqual(lines.map(contentOf))
      }
    })
  },
)

test('a queue, a range of offsets and a range of times', async () => {
  await using store = await unpackStoreFixture('plain')
  const { topic, queueId } = store.expected.messages[0]!
  const all = store.expected.messages
    .filter((one) => one.topic === topic && one.queueId === queueId)
    .sort(byQueue)
  const offsets = async (more: Partial<ExportRequest>): Promise<number[]> => {
    const lines = await exported(store.directory, topic, { queueId, ...more })
    return lines.map((line) => JSON.parse(line).queueOffset)
  }
  expect(await offsets({})).toEqual(all.map(({ queueOffset }) => queueOffset))
  expect(await offsets({ from: { offset: 1 }, to: { offset: 3 } })).toEqual([1, 2])
  const middle = all[Math.floor(all.length / 2)]!
  const since = all.filter(({ storeTimestamp }) => storeTimestamp >= middle.storeTimestamp)
  expect(await offsets({ from: { timestampMs: middle.storeTimestamp } })).toEqual(
    since.map(({ queueOffset }) => queueOffset),
  )
})

test('what cannot be exported or imported is said in one line', async () => {
  await using store = await unpackStoreFixture('plain')
  const unknown = await runAgena(['store', 'export', store.directory, 'Nowhere'])
  expect([unknown.exitCode, unknown.stdout]).toEqual([1, ''])
  expect(unknown.stderr).toMatch(/^agena: .*no topic Nowhere \(TRANSFER_TOPIC_UNKNOWN\)$/m)
  const place = await runAgena(['store', 'export', store.directory, 'T', '--from', 'soon'])
  expect(place.exitCode).toBe(2)
  const good = JSON.stringify({ topic: 'T', queueId: 1, body: 'one', properties: { KEYS: 'a b' } })
  for (const bad of ['{', '[]x', '{"topic":7}', '{"topic":"T","body":"x","properties":{"a":1}}']) {
    const words = ['store', 'import', join(scratch, 'data')]
    const { exitCode, stderr } = await runAgena(words, { input: `${good}\n${bad}\n${good}\n` })
    expect(exitCode, bad).toBe(1)
    expect(stderr, bad).toMatch(/^agena: line 2: .*; 1 messages before .*TRANSFER_LINE_INVALID\)$/m)
  }
  const lines = await exported(join(scratch, 'data'), 'T')
  expect(lines.map((line) => JSON.parse(line).keys)).toEqual(['a b', 'a b', 'a b', 'a b'])
})

test('a store that Java wrote takes imported messages, in files of its own sizes', async () => {
  await using store = await unpackStoreFixture('plain')
  const { topic } = store.expected.messages[0]!
  const lines = await exported(store.directory, topic)
  const input = Readable.from(lines.map((line) => `${line}\n`))
  expect(await importMessages(input, store.directory, 'Copy')).toBe(lines.length)
  expect((await exported(store.directory, 'Copy')).map(bodyDigest)).toEqual(lines.map(bodyDigest))
  expect(await exported(store.directory, topic)).toEqual(lines)
  const verification = await verifyStore(store.directory, { all: true })
  const report = verificationReport(store.directory, verification)
  expect(report).toMatchObject({ isDamaged: false, isIndexVerified: true })
  const count = store.expected.messages.length + lines.length
  expect(report.recordCount).toBe(count)
})

test('nothing is imported into a store that is in use, or whose files tell no sizes', async () => {
  await using store = await unpackStoreFixture('plain')
  const line = '{"topic":"T","body":"aGVsbG8=","bodyEncoding":"base64","keys":"k"}\n'
  const words = ['store', 'import', store.directory]
  const lock = takeStoreLock(nodeFileSystem(), join(store.directory, 'lock'))
  const locked = await runAgena(words, { input: line })
  expect([locked.exitCode, locked.stdout]).toEqual([1, ''])
  expect(locked.stderr).toMatch(/^agena: another process uses this store: .* \(STORE_LOCKED\)$/m)
  lock.release()
  expect((await runAgena(words, { input: line })).stdout).toBe('1 messages appended\n')
  const [printed] = await exported(store.directory, 'T')
  expect(JSON.parse(printed!)).toMatchObject({ bodyEncoding: 'utf8', body: 'hello', keys: 'k' })
  appendFileSync(join(store.directory, 'index', '20990101000000000'), 'short')
  for (const name of readdirSync(join(store.directory, 'index'))) {
    appendFileSync(join(store.directory, 'index', name), 'longer')
  }
  const { exitCode, stderr } = await runAgena(words, { input: line })
  expect(exitCode).toBe(1)
  expect(stderr).toMatch(/^agena: the length of the files in .*index does not tell .*INVALID\)$/m)
})

test('whoever reads no further ends the export', async () => {
  await using store = await unpackStoreFixture('plain')
  const { topic } = store.expected.messages[0]!
  const main = fileURLToPath(new URL('../../../net/cli/main.js', import.meta.url))
  const script = 'set -o pipefail; "$0" "$1" store export "$2" "$3" | head -n 1; echo $?'
  const words = [process.execPath, main, store.directory, topic]
  const { stdout, stderr } = spawnSync('bash', ['-c', script, ...words], { encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(stdout).toMatch(/^\{"topic":.*\}\n0\n$/)
})

test('the command prints what the broker then serves', async () => {
  await using store = await unpackStoreFixture('plain')
  const { topic } = store.expected.messages[0]!
  const printed = await runAgena(['store', 'export', store.directory, topic])
  expect(printed.stderr).toBe('')
  const data = join(scratch, 'data')
  const taken = await runAgena(['store', 'import', data, '--topic', 'Copy'], {
    input: printed.stdout,
  })
  expect(taken.stdout).toBe(`${printed.stdout.trim().split('\n').length} messages appended\n`)
  const again = await runAgena(['store', 'export', data, 'Copy'])
  expect(again.stdout.split('\n').length).toBe(printed.stdout.split('\n').length)
})
