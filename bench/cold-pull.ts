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
import { GIB, KIB } from '../engine/base/units.ts'
import { RequestCode } from '../net/protocol/request-code.ts'
import { RemotingClient } from '../net/remoting/remoting-client.ts'
import { createRequest, type RemotingCommand } from '../net/remoting/remoting-command.ts'

const BODY_BYTES = 64 * KIB
const READERS = 4
const TIMEOUT_MS = 30_000
const NS_PER_MS = 1e6
const PERCENTS = [50, 99, 99.9, 100]

/** The first word of a process that reads. */
const READER = 'reader'

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

async function fill(address: string, gibibytes: number): Promise<void> {
  const body = Buffer.alloc(BODY_BYTES, 'c')
  const count = Math.ceil((gibibytes * GIB) / BODY_BYTES)
  for (let sent = 0; sent < count; sent += 64) {
    const queues = Array.from({ length: 64 }, (_, index) => index % READERS)
    await Promise.all(queues.map((queueId) => send(address, 'Cold', queueId, body)))
  }
}

/** Reading no block of a file with `nocache` is how dd drops its pages. */
function dropCache(directory: string): void {
  execFileSync('sync')
  for (const folder of ['commitlog', 'consumequeue/Cold/0', 'consumequeue/Cold/1']) {
    for (const name of readdirSync(join(directory, folder))) {
      const file = `if=${join(directory, folder, name)}`
      execFileSync('dd', [file, 'iflag=nocache', 'count=0'], { stdio: 'ignore' })
    }
  }
}

async function readCold(address: string, queueId: number): Promise<number> {
  let bytes = 0
  for (let offset = 0; ; ) {
    const answer = await pull(address, 'Cold', queueId, offset)
    if (answer.code !== 0) return bytes
    bytes += answer.body.length
    offset = Number(answer.extFields.get('nextBeginOffset'))
  }
}

/** The readers have a process of their own: what they are given must not delay what is timed. */
async function readInOtherProcess(address: string): Promise<number> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), READER, address], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let bytes = 0
  for await (const line of createInterface({ input: child.stdout })) bytes = Number(line)
  return bytes
}

async function read(address: string): Promise<void> {
  const queues = Array.from({ length: READERS }, (_, queueId) => queueId)
  const bytes = await Promise.all(queues.map((queueId) => readCold(address, queueId)))
  console.log(bytes.reduce((sum, count) => sum + count, 0))
  await client.close()
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

async function measure(address: string, directory: string, gibibytes: number): Promise<void> {
  await fill(address, gibibytes)
  dropCache(directory)
  const pulls = createHistogram()
  const heartbeats = createHistogram()
  let isOver = false
  const hot = timeHot(address, pulls, heartbeats, () => isOver)
  const started = performance.now()
  const bytes = await readInOtherProcess(address)
  const seconds = (performance.now() - started) / 1000
  isOver = true
  await hot
  const gib = bytes / GIB
  const rate = ((gib * GIB) / 1e6 / seconds).toFixed(0)
  console.log(`cold reads: ${gib.toFixed(2)} GiB in ${seconds.toFixed(1)} s, ${rate} MB/s`)
  report('hot pulls meanwhile', pulls)
  report('heartbeats meanwhile', heartbeats)
}

async function run(gibibytes: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'agena-cold-pull-'))
  const server = await startServer(directory)
  try {
    await measure(server.brokerAddress, directory, gibibytes)
  } finally {
    await client.close()
    const ended = once(server.process, 'exit')
    server.process.kill('SIGTERM')
    await ended
    rmSync(directory, { recursive: true, force: true })
  }
}

const [word = '1', address = ''] = process.argv.slice(2)
await (word === READER ? read(address) : run(Number(word)))
