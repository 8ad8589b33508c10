/**
 * How late delayed messages come: `node dist/bench/delayed-delivery.js [PER_SECOND] [SECONDS]
 * [cold]`. It starts a standalone of its own in a temporary folder, sends so many messages a second
 * on a schedule with one delay, and reads back when each was due and when it was stored in its
 * topic. With `cold` the whole log is dropped from the page cache before the first is due.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHistogram } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { assert } from '../engine/base/assert.ts'
import { KIB, MIB } from '../engine/base/units.ts'
import { encodeProperties } from '../engine/format/properties-codec.ts'
import { messagesIn, type StoredMessage } from '../engine/format/stored-message.ts'
import { BrokerProcess } from '../net/cli/load/broker-process.ts'
import { RequestCode } from '../net/protocol/request-code.ts'
import { RemotingClient } from '../net/remoting/remoting-client.ts'
import { createRequest, type RemotingCommand } from '../net/remoting/remoting-command.ts'
import { diskReadBytes, dropPages } from './cold-pull/page-cache.ts'

const TOPIC = 'Later'
const SCHEDULE = 'SCHEDULE_TOPIC_XXXX'
const QUEUE_COUNT = 4
const BODY = Buffer.alloc(KIB, 'd')
const TICK_MS = 5
const TIMEOUT_MS = 30_000
const PERCENTS = [50, 90, 99, 99.9, 100]
/** Bounds of the classes of the histogram, in milliseconds. */
const BOUNDS_MS = [1, 2, 5, 10, 20, 50, 100]

const client = new RemotingClient({})

function ask(
  address: string,
  code: number,
  fields: Record<string, string | number>,
  body: Buffer = Buffer.alloc(0),
): Promise<RemotingCommand> {
  const extFields = new Map(Object.entries(fields).map(([name, value]) => [name, String(value)]))
  return client.invoke(address, createRequest(code, { extFields, body }), TIMEOUT_MS)
}

async function send(address: string, number: number): Promise<void> {
  const properties = new Map([
    ['DELAY', '1'],
    ['UNIQ_KEY', String(number).padStart(32, '0')],
  ])
  const numbers = { d: QUEUE_COUNT, e: number % QUEUE_COUNT, f: 0, g: Date.now(), h: 0 }
  const i = encodeProperties(properties).toString()
  const fields = { a: 'writers', b: TOPIC, c: 'TBW102', ...numbers, i }
  const { code, remark } = await ask(address, RequestCode.SEND_MESSAGE_V2, fields, BODY)
  assert(code === 0, `sent: ${remark}`)
}

/** Sends on a schedule; how many messages it sent. */
async function sendAll(address: string, perSecond: number, seconds: number): Promise<number> {
  const sends: Promise<void>[] = []
  const started = performance.now()
  const count = perSecond * seconds
  while (sends.length < count) {
    const due = Math.min(count, ((performance.now() - started) * perSecond) / 1000)
    while (sends.length < due) sends.push(send(address, sends.length))
    await new Promise((resolve) => setTimeout(resolve, TICK_MS))
  }
  await Promise.all(sends)
  return count
}

async function endOf(address: string, topic: string, queueId: number): Promise<number> {
  const answer = await ask(address, RequestCode.GET_MAX_OFFSET, { topic, queueId })
  return Number(answer.extFields.get('offset'))
}

async function* readQueue(
  address: string,
  topic: string,
  queueId: number,
): AsyncGenerator<StoredMessage> {
  const end = await endOf(address, topic, queueId)
  for (let queueOffset = 0; queueOffset < end; ) {
    const answer = await ask(address, RequestCode.PULL_MESSAGE, {
      consumerGroup: 'readers',
      topic,
      queueId,
      queueOffset,
      maxMsgNums: 32,
      sysFlag: 4,
      commitOffset: 0,
      suspendTimeoutMillis: 0,
      subscription: '*',
      subVersion: 0,
    })
    if (answer.code === 0) yield* messagesIn(answer.body)
    queueOffset = Number(answer.extFields.get('nextBeginOffset'))
  }
}

/** Waits until all are in their topic. */
async function allDelivered(address: string, count: number): Promise<void> {
  const queues = Array.from({ length: QUEUE_COUNT }, (_, queueId) => queueId)
  for (;;) {
    const ends = await Promise.all(queues.map((queueId) => endOf(address, TOPIC, queueId)))
    if (ends.reduce((sum, end) => sum + end, 0) >= count) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** By how many milliseconds each message came after its time. */
async function latenesses(address: string, delayMs: number): Promise<number[]> {
  const dueMs = new Map<string, number>()
  for await (const { properties, storeTimestampMs } of readQueue(address, SCHEDULE, 0)) {
    dueMs.set(properties.get('UNIQ_KEY') ?? '', storeTimestampMs + delayMs)
  }
  const lateMs: number[] = []
  for (let queueId = 0; queueId < QUEUE_COUNT; queueId += 1) {
    for await (const { properties, storeTimestampMs } of readQueue(address, TOPIC, queueId)) {
      const due = dueMs.get(properties.get('UNIQ_KEY') ?? '')
      assert(due !== undefined, 'each message waited')
      lateMs.push(storeTimestampMs - due)
    }
  }
  return lateMs
}

function report(lateMs: readonly number[]): void {
  const histogram = createHistogram()
  const early = lateMs.filter((late) => late < 0).length
  // A histogram has no zero.
  for (const late of lateMs) histogram.record(Math.max(0, late) + 1)
  const values = PERCENTS.map((percent) => `p${percent} ${histogram.percentile(percent) - 1} ms`)
  console.log(`${lateMs.length} delivered, ${early} early; late ${values.join(', ')}`)
  let below = 0
  for (const bound of BOUNDS_MS) {
    const upTo = lateMs.filter((late) => late < bound).length
    console.log(`  < ${String(bound).padStart(3)} ms: ${upTo - below}`)
    below = upTo
  }
  console.log(`  more:     ${lateMs.length - below}`)
}

interface Server {
  readonly process: ChildProcess
  readonly address: string
  readonly pid: number
}

async function startServer(directory: string, delayMs: number): Promise<Server> {
  const program = fileURLToPath(new URL('../net/cli/main.js', import.meta.url))
  const ports = ['--namesrv-port', '0', '--broker-port', '0']
  const settings = [`messageDelayLevel=${delayMs / 1000}s`, 'mappedFileSizeCommitLog=134217728']
  const words = settings.flatMap((setting) => ['--set', setting])
  const child = spawn(
    process.execPath,
    [program, 'standalone', '--data', directory, ...ports, ...words],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  )
  for await (const line of createInterface({ input: child.stdout })) {
    const address = /broker=(\S+)/.exec(line)?.[1]
    if (address !== undefined) return { process: child, address, pid: child.pid ?? 0 }
  }
  throw new Error('the standalone ended before it was ready')
}

function dropLog(directory: string): void {
  execFileSync('sync')
  for (const folder of ['commitlog', `consumequeue/${SCHEDULE}/0`]) {
    for (const name of readdirSync(join(directory, folder)))
      dropPages(join(directory, folder, name))
  }
}

async function run(perSecond: number, seconds: number, isCold: boolean): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'agena-delayed-delivery-'))
  // Without overlap between sending and delivery, and with time to drop the cache.
  const delayMs = (seconds + (isCold ? 8 : 2)) * 1000
  const server = await startServer(directory, delayMs)
  try {
    const count = await sendAll(server.address, perSecond, seconds)
    if (isCold) dropLog(directory)
    const broker = new BrokerProcess(server.pid)
    const before = broker.usedUs()
    const diskBytesBefore = diskReadBytes(server.pid)
    await allDelivered(server.address, count)
    const perMessage = (broker.usedUs() - before) / count
    const diskMib = (diskReadBytes(server.pid) - diskBytesBefore) / MIB
    console.log(`${perSecond} a second for ${seconds} s, ${diskMib.toFixed(0)} MiB from the disk`)
    report(await latenesses(server.address, delayMs))
    console.log(`broker CPU while delivering: ${perMessage.toFixed(1)} us a message`)
  } finally {
    await client.close()
    const ended = once(server.process, 'exit')
    server.process.kill('SIGTERM')
    await ended
    rmSync(directory, { recursive: true, force: true })
  }
}

const [perSecond = '20000', seconds = '10', cold] = process.argv.slice(2)
await run(Number(perSecond), Number(seconds), cold === 'cold')
