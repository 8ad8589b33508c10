/**
 * Goal: several brokers behind one command are one cluster for clients and one thing to run for
 * whoever runs them: none is left behind, none is missed.
 * Method: real processes, real signals, stores in temporary folders.
 */
import { existsSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLogger } from '../../../../engine/base/logger.ts'
import { parseBrokerConfig } from '../../../../net/broker/options/broker-config.ts'
import type { StoreInspection } from '../../../../net/cli/inspect/store-inspection.ts'
import { RESTART_TIMES } from '../../../../net/cli/shards/restart-policy.ts'
import { ShardedStandalone } from '../../../../net/cli/shards/sharded-standalone.ts'
import { Producer } from '../../../../net/client/index.ts'
import { parseAddress } from '../../../../net/remoting/address.ts'
import { freeBrokerPort } from '../../../../scripts/java/free-ports.ts'
import { AgenaProcess, runAgena } from '../../../helpers/agena-process.ts'
import { SMALL_STORE } from '../../../helpers/running-standalone.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../helpers/temporary-folder.ts'

const SMALL = ['--set', 'mappedFileSizeCommitLog=1048576', '--set', 'maxIndexNum=1000']
const NAMED = ['--set', 'brokerName=corner']
const FREE = ['--namesrv-port', '0', '--broker-port', '0']

let folder: TemporaryFolder
let data: string
beforeEach(() => {
  folder = temporaryFolder('shards')
  data = join(folder.path, 'data')
})
afterEach(() => folder[Symbol.dispose]())

function shards(count: number, ...words: string[]): AgenaProcess {
  const given = ['--shards', String(count), '--data', data, ...NAMED, ...SMALL, ...FREE]
  return new AgenaProcess(['standalone', ...given, ...words], { cwd: folder.path })
}

async function pidsOf(server: AgenaProcess): Promise<number[]> {
  return ((await server.ready())['shard-pids'] ?? '').split(',').map(Number)
}

/** Whether it runs; one that has ended may wait for whoever takes note of it. */
function isAlive(pid: number): boolean {
  const path = `/proc/${pid}/stat`
  return existsSync(path) && !/\) [ZX] /.test(readFileSync(path, 'latin1'))
}

/** Resolves when none of them runs any more. */
async function allGone(pids: readonly number[]): Promise<void> {
  await expect.poll(() => pids.filter(isAlive)).toEqual([])
}

async function send(namesrv: string, ...bodies: string[]): Promise<void> {
  const words = ['produce', '-n', namesrv, '-t', 'Spread']
  const { exitCode, stderr } = await runAgena(words, { input: `${bodies.join('\n')}\n` })
  expect({ exitCode, stderr }).toEqual({
    exitCode: 0,
    stderr: `sent ${bodies.length} messages to Spread\n`,
  })
}

async function consume(namesrv: string, group: string, count: number): Promise<string[]> {
  const from = ['-g', group, '--from', 'first', '--count', String(count)]
  const { stdout } = await runAgena(['consume', '-n', namesrv, '-t', 'Spread', ...from])
  return stdout.trimEnd().split('\n').sort()
}

/** The brokers of a topic's route, as a client sees it that asks for the first time. */
async function brokersOf(namesrv: string, topic: string): Promise<string[]> {
  await using visitor = await Producer.start({ nameServers: [namesrv], group: 'visitors' })
  const queues = await visitor.fetchQueues(topic)
  return [...new Set(queues.map(({ brokerName }) => brokerName))].sort()
}

/** How many messages of a topic lie in each shard. */
async function spreadOf(topic: string): Promise<number[]> {
  return Promise.all(['shard-0', 'shard-1'].map((shard) => countIn(shard, topic)))
}

async function countIn(shard: string, name: string): Promise<number> {
  const { stdout } = await runAgena(['store', 'inspect', join(data, shard), '--json'])
  const { topics } = JSON.parse(stdout) as Pick<StoreInspection, 'topics'>
  return topics.find(({ topic }) => topic === name)?.messageCount ?? 0
}

/** Listens as soon as whoever has the port is gone. */
async function takePort(server: Server, port: number): Promise<void> {
  await expect
    .poll(
      () =>
        new Promise((resolve) => {
          server.once('error', () => resolve(false))
          server.listen(port, '127.0.0.1', () => resolve(true))
        }),
      { interval: 1 },
    )
    .toBe(true)
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `message ${String(at).padStart(2, '0')}`)
}

test('one line tells of all, and messages go to both', async () => {
  await using server = shards(2)
  const { namesrv = '', ...facts } = await server.ready()
  expect(server.stdout).toMatch(
    /^agena ready namesrv=\S+ brokers=\S+,\S+ data=\S+ shard-pids=\d+,\d+ pid=\d+ in=\d+ ms\n$/,
  )
  expect(facts['data']).toBe(data)
  await send(namesrv, ...numbered(32))
  expect(await consume(namesrv, 'readers', 32)).toEqual(numbered(32))
  const [first = 0, second = 0] = await spreadOf('Spread')
  expect(first + second).toBe(32)
  expect(Math.min(first, second)).toBeGreaterThan(0)
})

test('a topic that one message makes is on both from then on', async () => {
  await using server = shards(2)
  const { namesrv = '' } = await server.ready()
  await using producer = await Producer.start({ nameServers: [namesrv], group: 'writers' })
  await producer.send({ topic: 'Single', body: 'one' })
  await expect.poll(() => brokersOf(namesrv, 'Single')).toEqual(['corner-0', 'corner-1'])
})

test('a shard that was not there when a message made a topic has it afterwards', async () => {
  await using server = shards(2)
  const { namesrv = '' } = await server.ready()
  await using producer = await Producer.start({ nameServers: [namesrv], group: 'writers' })
  const [, second = 0] = await pidsOf(server)
  process.kill(second, 'SIGKILL')
  await server.printed(/ended: SIGKILL/)
  await producer.send({ topic: 'Missed', body: 'one' })
  await server.printed(/is ready again/)
  const topicBrokers = (): Promise<string[]> => brokersOf(namesrv, 'Missed')
  await expect.poll(topicBrokers, { timeout: 10_000 }).toEqual(['corner-0', 'corner-1'])
})

test.each(['SIGINT', 'SIGTERM'] as const)('%s stops all cleanly', async (signal) => {
  await using server = shards(2)
  const pids = await pidsOf(server)
  const { exitCode, stderr } = await server.stop(signal)
  expect(exitCode).toBe(0)
  expect(stderr).toContain(`agena: ${signal}, stopping\n`)
  await allGone(pids)
  for (const shard of ['shard-0', 'shard-1']) {
    expect(existsSync(join(data, shard, 'commitlog'))).toBe(true)
    expect(existsSync(join(data, shard, 'abort'))).toBe(false)
  }
})

test('a shard that is killed is named and started again with all it has', async () => {
  await using server = shards(2)
  const { namesrv = '' } = await server.ready()
  await send(namesrv, ...numbered(32))
  const [first = 0, second = 0] = await pidsOf(server)
  process.kill(first, 'SIGKILL')
  await server.printed(
    new RegExp(
      `ERROR shard corner-0 \\(pid ${first}\\) ended: SIGKILL; it is started again in 500 ms`,
    ),
  )
  await server.printed(/shard corner-0 is ready again at 127\.0\.0\.1:\d+, pid \d+/)
  expect(isAlive(second)).toBe(true)
  expect(await consume(namesrv, 'readers', 32)).toEqual(numbered(32))
  expect((await server.stop()).exitCode).toBe(0)
})

test('a shard that is told to stop alone stops cleanly and is started anew', async () => {
  await using server = shards(2)
  const [, second = 0] = await pidsOf(server)
  process.kill(second, 'SIGTERM')
  await server.printed(/shard corner-1 \(pid \d+\) ended: exit code 0; it is started again/)
  await server.printed(/shard corner-1 is ready again/)
  expect(server.stderr).not.toContain('the last stop was not clean')
})

test('a shard that cannot start any more ends all, with the reason', async () => {
  const port = await freeBrokerPort()
  const { config } = parseBrokerConfig({
    defaults: { listenPort: port, storeDirectory: data, brokerName: 'corner', store: SMALL_STORE },
  })
  await using server = await ShardedStandalone.start({
    config,
    shardCount: 2,
    namesrvPort: 0,
    logger: silentLogger,
    restartTimes: { ...RESTART_TIMES, delayMs: 10, startsMax: 2 },
  })
  const { pids } = server.shards
  const taker = createServer()
  process.kill(pids[0] ?? 0, 'SIGKILL')
  await takePort(taker, port)
  expect(await server.closed).toMatchObject({
    code: 'SHARD_FAILED',
    message: expect.stringMatching(
      /^shard corner-0 \(pid \d+\) could not start: .*\(REMOTING_LISTEN_FAILED\); it has ended too/,
    ),
  })
  await allGone(pids)
  expect(existsSync(join(data, 'shard-1', 'abort'))).toBe(false)
  await new Promise((resolve) => taker.close(resolve))
})

test('a command that is killed leaves no shard behind, and nothing torn', async () => {
  await using server = shards(2)
  const { namesrv = '' } = await server.ready()
  await send(namesrv, ...numbered(8))
  const pids = await pidsOf(server)
  await server.stop('SIGKILL')
  await allGone(pids)
  for (const shard of ['shard-0', 'shard-1']) {
    expect(existsSync(join(data, shard, 'abort'))).toBe(false)
  }
  await using again = shards(2)
  const facts = await again.ready()
  expect(await consume(facts['namesrv'] ?? '', 'readers', 8)).toEqual(numbered(8))
})

test('a second signal ends all at once', async () => {
  await using server = shards(2)
  const pids = await pidsOf(server)
  // A shard that stands still cannot stop.
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  server.child.kill('SIGINT')
  await server.printed(/SIGINT, stopping/)
  const { exitCode } = await server.stop('SIGINT')
  expect(exitCode).toBe(130)
  await allGone(pids)
})

test('a taken port is named with its shard, and none is left', async () => {
  const port = await freeBrokerPort()
  const taker = createServer()
  await takePort(taker, port + 10)
  const { exitCode, stdout, stderr } = await shards(2, '--broker-port', String(port)).ended
  await new Promise((resolve) => taker.close(resolve))
  expect(exitCode).toBe(1)
  expect(stdout).toBe('')
  expect(stderr).toMatch(
    new RegExp(`^agena: shard corner-1: .*:${port + 10}.*\\(REMOTING_LISTEN_FAILED\\)$`, 'm'),
  )
})

test('stores of more shards, and of none, are refused and left alone', async () => {
  await using first = shards(2)
  await first.ready()
  await first.stop()
  const fewer = await shards(1).ended
  expect(fewer.exitCode).toBe(1)
  expect(fewer.stderr).toContain('start it with --shards 2 (SHARDS_TOO_FEW)')
  for (const words of [
    ['standalone', ...FREE],
    ['broker', '--broker-port', '0'],
  ]) {
    const none = await runAgena([...words, '--data', data])
    expect(none.exitCode).toBe(1)
    expect(none.stderr).toContain('start it with --shards 2')
    expect(none.stderr).toContain('(SHARDS_STORE_SHARDED)')
  }
  expect(existsSync(join(data, 'commitlog'))).toBe(false)
  const words = ['standalone', ...FREE, '--shards', '2', '--data', join(data, 'shard-0')]
  const inner = await runAgena(words)
  expect(inner.exitCode).toBe(1)
  expect(inner.stderr).toContain('(SHARDS_STORE_UNSHARDED)')
})

test('a load drives all of them, or says that it cannot', async () => {
  await using server = shards(2)
  const { namesrv = '', brokers = '' } = await server.ready()
  const pids = (await pidsOf(server)).flatMap((pid) => ['--pid', String(pid)])
  const words = ['bench', 'send', '-n', namesrv, '--count', '200', '--warmup', '0', '--json']
  const driven = await runAgena([...words, '--connections', '2', ...pids], { cwd: folder.path })
  const report = JSON.parse(driven.stdout)
  expect(report.target.split(', ').sort()).toEqual(brokers.split(',').sort())
  expect(report.brokerRssAnonBytes).toBeGreaterThan(0)
  const [first = 0, second = 0] = await spreadOf('AgenaBench')
  expect(first + second).toBe(200)
  expect(Math.min(first, second)).toBeGreaterThan(0)
  const few = await runAgena([...words, '--connections', '1'], { cwd: folder.path })
  expect(few.exitCode).toBe(1)
  expect(few.stderr).toMatch(/^agena: 2 brokers take 2 connections .*LOAD_CONNECTIONS_TOO_FEW/m)
})

test('brokers side by side register with a name server elsewhere', async () => {
  await using nameServer = new AgenaProcess(['namesrv', '--port', '0'])
  const { namesrv = '' } = await nameServer.ready()
  const words = ['--shards', '2', '--data', data, ...NAMED, ...SMALL, '--broker-port', '0']
  await using brokers = new AgenaProcess(['broker', '-n', namesrv, ...words])
  const facts = await brokers.ready()
  expect(facts['brokers']?.split(',').map((address) => parseAddress(address).host)).toEqual([
    '127.0.0.1',
    '127.0.0.1',
  ])
  await send(namesrv, ...numbered(32))
  expect(await consume(namesrv, 'readers', 32)).toEqual(numbered(32))
  expect((await brokers.stop()).exitCode).toBe(0)
})
