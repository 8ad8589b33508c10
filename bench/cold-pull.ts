/**
 * What hot pulls and heartbeats feel while old segments are read from the disk as fast as it can:
 * `node dist/bench/cold-pull.js [GIB]`. It starts a standalone of its own in a temporary folder,
 * fills a topic, drops those segments from the page cache, and then, while four consumers read them
 * from the start, times pulls of another topic that is being written and heartbeats.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { assert } from '../engine/base/assert.ts'
import { GIB, KIB } from '../engine/base/units.ts'
import { segmentName } from '../engine/format/segment-name.ts'
import { RequestCode } from '../net/protocol/request-code.ts'
import { RemotingClient } from '../net/remoting/remoting-client.ts'
import { createRequest, type RemotingCommand } from '../net/remoting/remoting-command.ts'
import { readInOtherProcess } from './cold-pull/cold-readers.ts'
import { diskReadBytes, dropPages, sequentialRate } from './cold-pull/page-cache.ts'

const BODY_BYTES = 64 * KIB
const COLD = 'Cold'
/** Each is read by a consumer of its own. */
const COLD_QUEUES = [0, 1, 2, 3]
/** Sends in flight while the topic is filled. */
const SENDS = 64
const TIMEOUT_MS = 30_000
const NS_PER_MS = 1e6
const PERCENTS = [50, 99, 99.9, 100]

const client = new RemotingClient({})

async function ask(
  address: string,
  code: number,
  fields: Record<string, string | number>,
  body: Buffer = Buffer.alloc(0),
): Promise<RemotingCommand> {
  const extFields = new Map(Object.entries(fields).map(([name, value]) => [name, String(value)]))
  return client.invoke(address, createRequest(code, { extFields, body }), TIMEOUT_MS)
}

function send(address: string, topic: string, queueId: number, body: Buffer) {
  const numbers = { d: 4, e: queueId, f: 0, g: Date.now(), h: 0 }
  const fields = { a: 'writers', b: topic, c: 'TBW102', ...numbers, i: '' }
  return ask(address, RequestCode.SEND_MESSAGE_V2, fields, body)
}

function pull(address: string, topic: string, queueId: number, queueOffset: number) {
  return ask(address, RequestCode.PULL_MESSAGE, {
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
}

/** Returns how many messages each queue of the cold topic holds. */
async function fill(address: string, gibibytes: number): Promise<number> {
  const body = Buffer.alloc(BODY_BYTES, 'c')
  const rounds = Math.ceil((gibibytes * GIB) / BODY_BYTES / SENDS)
  const queues = Array.from({ length: SENDS }, (_, index) => index % COLD_QUEUES.length)
  for (let round = 0; round < rounds; round += 1) {
    await Promise.all(queues.map((queueId) => send(address, COLD, queueId, body)))
  }
  return (rounds * SENDS) / COLD_QUEUES.length
}

/** What is written stays in memory only where it is dirty, so it goes to the disk first. */
function dropCache(directory: string): void {
  execFileSync('sync')
  for (const folder of ['commitlog', ...COLD_QUEUES.map((id) => `consumequeue/${COLD}/${id}`)]) {
    for (const name of readdirSync(join(directory, folder))) {
      dropPages(join(directory, folder, name))
    }
  }
}

async function timeHot(
  address: string,
  pulls: RecordableHistogram,
  heartbeats: RecordableHistogram,
  isOver: () => boolean,
): Promise<void> {
  const heartbeat = Buffer.from('{"clientID":"bench","consumerDataSet":[],"producerDataSet":[]}')
  const body = Buffer.alloc(KIB, 'h')
  for (let offset = 0; !isOver(); offset += 1) {
    await send(address, 'Hot', 0, body)
    let started = process.hrtime.bigint()
    await pull(address, 'Hot', 0, offset)
    pulls.record(process.hrtime.bigint() - started)
    started = process.hrtime.bigint()
    await ask(address, RequestCode.HEART_BEAT, {}, heartbeat)
    heartbeats.record(process.hrtime.bigint() - started)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

function report(name: string, histogram: RecordableHistogram): void {
  const times = PERCENTS.map((percent) => {
    const ms = histogram.percentile(percent) / NS_PER_MS
    return `p${percent} ${ms.toFixed(2)} ms`
  })
  console.log(`${name}: ${histogram.count} times, ${times.join(', ')}`)
}

interface Server {
  readonly process: ChildProcess
  readonly brokerAddress: string
}

/** A process of its own: this one's pauses are not the broker's. */
async function startServer(directory: string): Promise<Server> {
  const program = fileURLToPath(new URL('../net/cli/main.js', import.meta.url))
  const ports = ['--namesrv-port', '0', '--broker-port', '0']
  const child = spawn(process.execPath, [program, 'standalone', '--data', directory, ...ports], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  for await (const line of createInterface({ input: child.stdout })) {
    const address = /broker=(\S+)/.exec(line)?.[1]
    if (address !== undefined) return { process: child, brokerAddress: address }
  }
  throw new Error('the standalone ended before it was ready')
}

async function measure(server: Server, directory: string, gibibytes: number): Promise<void> {
  const { brokerAddress: address, process: broker } = server
  assert(broker.pid !== undefined, 'the broker runs')
  const messagesPerQueue = await fill(address, gibibytes)
  dropCache(directory)
  const deviceRate = sequentialRate(join(directory, 'commitlog', segmentName(0)))
  dropCache(directory)
  const diskBytesBefore = diskReadBytes(broker.pid)
  const pulls = createHistogram()
  const heartbeats = createHistogram()
  let isOver = false
  const hot = timeHot(address, pulls, heartbeats, () => isOver)
  const started = performance.now()
  const cold = { address, topic: COLD, queueCount: COLD_QUEUES.length, messagesPerQueue }
  const bytes = await readInOtherProcess(cold)
  const seconds = (performance.now() - started) / 1000
  isOver = true
  await hot
  const diskBytes = diskReadBytes(broker.pid) - diskBytesBefore
  console.log(`device: dd reads the same file with ${inMb(deviceRate)} MB/s`)
  const size = `${inGib(bytes)} GiB (${inGib(diskBytes)} GiB from the disk)`
  console.log(`cold reads: ${size} in ${seconds.toFixed(1)} s, ${inMb(bytes / seconds)} MB/s`)
  report('hot pulls meanwhile', pulls)
  report('heartbeats meanwhile', heartbeats)
}

function inMb(bytes: number): string {
  return (bytes / 1e6).toFixed(0)
}

function inGib(bytes: number): string {
  return (bytes / GIB).toFixed(2)
}

async function run(gibibytes: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'agena-cold-pull-'))
  const server = await startServer(directory)
  try {
    await measure(server, directory, gibibytes)
  } finally {
    await client.close()
    const ended = once(server.process, 'exit')
    server.process.kill('SIGTERM')
    await ended
    rmSync(directory, { recursive: true, force: true })
  }
}

const [gibibytes = '1'] = process.argv.slice(2)
await run(Number(gibibytes))
