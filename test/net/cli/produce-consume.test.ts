/**
 * Goal: what is typed in one terminal is read in another.
 * Method: the commands in their own processes against a standalone in this one.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Standalone, startStandalone } from '../../../net/standalone/index.ts'
import { AgenaProcess, runAgena } from '../../helpers/agena-process.ts'
import { whenBuilt } from '../../helpers/until.ts'

let directory: string
let server: Standalone
let names: string[]
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'agena-commands-'))
  server = await startStandalone({
    dataDirectory: join(directory, 'data'),
    namesrvPort: 0,
    brokerPort: 0,
    overrides: ['mappedFileSizeCommitLog=1048576', 'maxIndexNum=1000'],
  })
  names = ['-n', server.nameServerAddress]
})
afterAll(async () => {
  await server.close()
  rmSync(directory, { recursive: true, force: true })
})

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}

test('lines of standard input become messages, empty ones do not', async () => {
  const input = 'one\n\ntwö 🎈\r\nthree'
  const sent = await runAgena(['produce', ...names, '-t', 'Lines'], { input })
  expect(sent).toEqual({ exitCode: 0, stdout: '', stderr: 'sent 3 messages to Lines\n' })
  const words = ['consume', ...names, '-t', 'Lines', '--from', 'first', '--count', '3']
  const read = await runAgena(words)
  expect(read.exitCode).toBe(0)
  expect(linesOf(read.stdout).sort()).toEqual(['one', 'three', 'twö 🎈'])
})

test('a sharding key keeps the order; JSON tells everything', async () => {
  const produce = ['produce', ...names, '-t', 'Order', '--sharding-key', 'k', '--count', '20']
  const sent = await runAgena([...produce, '--json', '--tags', 'red', '--keys', 'a,b'])
  const receipts = linesOf(sent.stdout).map((line) => JSON.parse(line))
  expect(receipts.map(({ queueOffset }) => queueOffset)).toEqual([...Array(20).keys()])
  expect(new Set(receipts.map(({ queueId }) => queueId)).size).toBe(1)
  expect(receipts[0]).toMatchObject({
    status: 'SEND_OK',
    brokerName: server.broker.config.brokerName,
  })
  const consume = ['consume', ...names, '-t', 'Order', '--from', 'first', '--count', '20', '--json']
  const read = linesOf((await runAgena(consume)).stdout).map((line) => JSON.parse(line))
  expect(read.map(({ body }) => body)).toEqual([...Array(20).keys()].map((n) => `message ${n + 1}`))
  expect(read[0]).toMatchObject({
    topic: 'Order',
    queueOffset: 0,
    messageId: receipts[0].messageId,
    tags: 'red',
    keys: ['a', 'b'],
    bornTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
  })
})

test('without a group one only looks: a second look sees the same', async () => {
  await runAgena(['produce', ...names, '-t', 'Look', '--count', '5'])
  const words = ['consume', ...names, '-t', 'Look', '--from', 'first', '--count', '5']
  for (let look = 0; look < 2; look++) {
    expect(linesOf((await runAgena(words)).stdout)).toHaveLength(5)
  }
})

test('a group goes on where it was', async () => {
  await runAgena(['produce', ...names, '-t', 'Group', '--count', '5'])
  const words = ['consume', ...names, '-t', 'Group', '-g', 'readers', '--from', 'first', '--count']
  const first = linesOf((await runAgena([...words, '3'])).stdout)
  const second = linesOf((await runAgena([...words, '2'])).stdout)
  const all = [...first, ...second].sort()
  expect(all).toEqual([1, 2, 3, 4, 5].map((number) => `message ${number}`))
})

test.each([[[]], [['-g', 'taggers']]])('tags are told apart %j', async (group) => {
  const topic = `Tags${group.length}`
  await runAgena(['produce', ...names, '-t', topic, '--tags', 'a'], { input: 'with a\n' })
  await runAgena(['produce', ...names, '-t', topic, '--tags', 'b'], { input: 'with b\n' })
  const words = ['consume', ...names, '-t', topic, ...group, '--from', 'first', '--count', '1']
  const { stdout } = await runAgena([...words, '--tags', 'b || c'])
  expect(stdout).toBe('with b\n')
})

test('by default only what comes from now on is shown, and a signal ends it well', async () => {
  await runAgena(['produce', ...names, '-t', 'Live', '--count', '3'])
  await using consumer = new AgenaProcess(['consume', ...names, '-t', 'Live'])
  await whenBuilt(server.broker.store)
  // The consumer says nothing when it has begun: send until it has seen one.
  for (let number = 0; consumer.stdout === '' && number < 100; number++) {
    await runAgena(['produce', ...names, '-t', 'Live'], { input: `live ${number}\n` })
  }
  await consumer.printed(/^live \d+$/m)
  const { exitCode, stdout } = await consumer.stop('SIGINT')
  expect(exitCode).toBe(0)
  expect(stdout).not.toContain('message')
})

test('a topic that does not exist is named', async () => {
  const { exitCode, stderr } = await runAgena(['consume', ...names, '-t', 'Nowhere'])
  expect(exitCode).toBe(1)
  expect(stderr).toMatch(/^agena: .*Nowhere.*\(CLIENT_TOPIC_NOT_FOUND\)\n$/)
})

test('the client commands load nothing native', async () => {
  const main = new URL('../../../net/cli/main.js', import.meta.url).href
  const module = join(directory, 'report-native.mjs')
  writeFileSync(
    module,
    `process.on('exit', () => {
       const { sharedObjects } = process.report.getReport()
       const native = sharedObjects.filter((path) => path.endsWith('.node'))
       process.stdout.write('native: ' + native.length)
     })
     await import(${JSON.stringify(main)})`,
  )
  const words = ['produce', ...names, '-t', 'Native', '--count', '1']
  const { stdout, stderr } = await runAgena(words, { module })
  expect(stderr).toContain('sent 1 messages')
  expect(stdout).toBe('native: 0')
})
