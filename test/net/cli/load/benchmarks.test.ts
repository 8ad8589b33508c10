/**
 * Goal: the benchmarks send, pull and follow what they say, and count it right.
 * Method: the whole of each benchmark against a broker in memory, over real sockets. No test looks
 * at a speed; the fake broker delays and refuses as the case wants it.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { SendBenchOptions } from '../../../../net/cli/load/bench-options.ts'
import { runConsume } from '../../../../net/cli/load/run-consume.ts'
import { runEndToEnd } from '../../../../net/cli/load/run-end-to-end.ts'
import { runSend } from '../../../../net/cli/load/run-send.ts'
import { TopicNames } from '../../../../net/cli/load/topic-names.ts'
import { RequestCode } from '../../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../../net/protocol/response-code.ts'
import { createResponse } from '../../../../net/remoting/remoting-command.ts'
import { SeededRandom } from '../../../helpers/seeded-random.ts'
import { FakeBroker } from './fake-broker.ts'

const UNUSED = '127.0.0.1:1'
const SIZE = 100

let broker: FakeBroker
let options: SendBenchOptions
beforeEach(async () => {
  broker = await FakeBroker.start()
  options = {
    namesrv: UNUSED,
    broker: broker.address,
    topic: 'Bench',
    queues: 3,
    connections: 2,
    inFlight: 4,
    count: 200,
    duration: 0,
    warmup: 0,
    pid: [],
    data: '.',
    quiet: true,
    size: SIZE,
    batch: 1,
  }
})
afterEach(() => broker[Symbol.asyncDispose]())

test('every message of a send is sent once, over all queues', async () => {
  const report = await runSend(options)
  expect(report.messageCount).toBe(200)
  expect(report.latency.count).toBe(200)
  expect(report.durability).toBe('ASYNC_FLUSH')
  expect(report.refusals).toEqual({})
  expect(broker.messageCount).toBe(200)
  for (const queue of broker.queues) expect(queue.length).toBeGreaterThan(0)
  const bodies = new Set(broker.queues.flat().map((body) => body.toString()))
  expect(bodies).toEqual(new Set(['x'.repeat(SIZE)]))
  const sends = broker.peer.requestsOf(RequestCode.SEND_MESSAGE_V2)
  const keys = sends.map(({ extFields }) => extFields.get('i'))
  expect(new Set(keys).size).toBe(200)
  expect(broker.peer.requestsOf(RequestCode.UPDATE_AND_CREATE_TOPIC)).toHaveLength(1)
})

test('many topics get their messages in turn', async () => {
  await runSend({ ...options, topics: 5, connections: 2 })
  const sends = broker.peer.requestsOf(RequestCode.SEND_MESSAGE_V2)
  const topics = sends.map(({ extFields }) => extFields.get('b'))
  for (const name of new TopicNames(options.topic, 5)) {
    expect(topics.filter((topic) => topic === name).length, name).toBeGreaterThan(20)
  }
  expect(new Set(topics).size).toBe(5)
})

test('a run ends when the broker has built queues and index', async () => {
  const answers: number[] = []
  broker.behindBytes = () => {
    answers.push(Math.max(0, 3 - answers.length))
    return answers.at(-1)!
  }
  await runSend(options)
  expect(answers.slice(0, 4)).toEqual([3, 2, 1, 0])
})

test('a broker that does not say where its empty log ends is measured', async () => {
  const peer = broker.peer
  let isFirst = true
  peer.on(RequestCode.GET_BROKER_RUNTIME_INFO, (request) => {
    const code = isFirst ? ResponseCode.SYSTEM_ERROR : ResponseCode.SUCCESS
    isFirst = false
    return createResponse(request, code, {
      body: Buffer.from('{"table":{"dispatchBehindBytes":"0"}}'),
    })
  })
  const report = await runSend(options)
  expect(report.messageCount).toBe(200)
  expect(report.logBytes).toBeUndefined()
})

test('acks may come in any order', async () => {
  const random = new SeededRandom(11)
  broker.delayMs = () => random.below(3)
  const report = await runSend(options)
  expect(report.messageCount).toBe(200)
  expect(broker.messageCount).toBe(200)
})

test('a batch counts its messages', async () => {
  const report = await runSend({ ...options, batch: 32, count: 100 })
  expect(report.messageCount).toBe(128)
  expect(report.latency.count).toBe(4)
  expect(broker.messageCount).toBe(128)
  expect(broker.queues.flat().every((body) => body.length === SIZE)).toBe(true)
})

test('the warm-up is sent, not counted', async () => {
  const report = await runSend({ ...options, warmup: 50 })
  expect(report.messageCount).toBe(200)
  expect(broker.messageCount).toBeGreaterThan(200)
})

test('with a schedule, latency counts from when a send was due', async () => {
  // One request at a time, each kept back for longer than the schedule gives it: the last of ten
  // is due after 9 ms but answered after more than 50.
  broker.delayMs = () => 6
  const slow = { ...options, connections: 1, inFlight: 1, count: 10, rate: 1000 }
  const report = await runSend(slow)
  expect(report.messageCount).toBe(10)
  expect(report.latency.maxUs).toBeGreaterThan(40_000)
})

test('bodies say when they were due, on a clock that other processes read too', async () => {
  const beforeNs = process.hrtime.bigint()
  const report = await runSend({ ...options, count: 20, rate: 2000, stamp: true })
  const dueMs = broker.queues.flat().map((body) => body.readDoubleBE(0))
  const sorted = dueMs.toSorted((left, right) => left - right)
  expect(sorted[0]).toBeGreaterThanOrEqual(report.measuredFromMs!)
  expect(report.measuredFromMs).toBeGreaterThan(Number(beforeNs) / 1e6)
  expect(sorted.at(-1)! - sorted[0]!).toBeCloseTo(19 / 2, 3)
})

test('a duration ends a schedule too', async () => {
  const { count: _, ...endless } = options
  const report = await runSend({ ...endless, rate: 1000, duration: 50 })
  expect(report.messageCount).toBe(50)
})

test('a busy broker is counted and asked again', async () => {
  let calls = 0
  broker.sendCode = () => (calls++ % 10 === 0 ? ResponseCode.SYSTEM_BUSY : 0)
  const report = await runSend(options)
  expect(report.refusals).toEqual({ [ResponseCode.SYSTEM_BUSY]: 20 })
  expect(report.messageCount).toBe(180)
})

test('a refusal for good ends the benchmark', async () => {
  broker.sendCode = () => ResponseCode.NO_PERMISSION
  await expect(runSend(options)).rejects.toMatchObject({
    code: 'LOAD_REFUSED',
    message: 'the broker answers with code 16: as the test wants it',
  })
})

test('a broker that goes away ends the benchmark', async () => {
  let calls = 0
  broker.sendCode = () => {
    calls += 1
    if (calls === 50) void broker.peer.stop()
    return 0
  }
  broker.delayMs = () => 1
  await expect(runSend(options)).rejects.toMatchObject({ code: 'REMOTING_CONNECTION_CLOSED' })
})

test('a process that does not exist is named before anything is sent', async () => {
  const running = runSend({ ...options, pid: [0x7fff_fffe] })
  await expect(running).rejects.toMatchObject({ code: 'LOAD_PROCESS_UNKNOWN' })
  expect(broker.messageCount).toBe(0)
})

test('CPU time and memory of a process are reported', async () => {
  const report = await runSend({ ...options, pid: [process.pid] })
  expect(report.brokerCpuUsPerMessage).toBeGreaterThanOrEqual(0)
  expect(report.brokerRssAnonBytes).toBeGreaterThan(1_000_000)
  expect(report.generatorCpuUsPerMessage).toBeGreaterThan(0)
})

test('pulls go round through all queues', async () => {
  await runSend(options)
  const consume = { ...options, group: 'readers', pull: 7, inFlight: 2, count: 1000 }
  const report = await runConsume(consume)
  expect(report.messageCount).toBeGreaterThanOrEqual(1000)
  expect(report.messageCount).toBeLessThan(1000 + 4 * 7)
  expect(report.storedCount).toBe(200)
  const queueIds = broker.peer
    .requestsOf(RequestCode.PULL_MESSAGE)
    .map(({ extFields }) => extFields.get('queueId'))
  expect(new Set(queueIds)).toEqual(new Set(['0', '1', '2']))
})

test('pulls of many topics reach every queue of each, and only what was there', async () => {
  await runSend({ ...options, topics: 5, queues: 3 })
  const consume = { ...options, topics: 5, group: 'readers', pull: 50, inFlight: 2, count: 3000 }
  const report = await runConsume(consume)
  expect(report.topicCount).toBe(5)
  const pulls = broker.peer.requestsOf(RequestCode.PULL_MESSAGE)
  const pulled = pulls.map(
    ({ extFields }) => `${extFields.get('topic')} ${extFields.get('queueId')}`,
  )
  const names = [...new TopicNames(options.topic, 5)]
  expect(new Set(pulled)).toEqual(
    new Set(names.flatMap((name) => [0, 1, 2].map((id) => `${name} ${id}`))),
  )
  const longest = Math.max(...broker.queues.map((queue) => queue.length))
  for (const { extFields } of pulls)
    expect(Number(extFields.get('queueOffset'))).toBeLessThan(longest)
})

test('an empty topic cannot be pulled from', async () => {
  const running = runConsume({ ...options, group: 'readers', pull: 7 })
  await expect(running).rejects.toMatchObject({ code: 'LOAD_TOPIC_EMPTY' })
})

test('what is sent arrives, and what lay there before does not count', async () => {
  await runSend(options)
  const endToEnd = { ...options, group: 'readers', pull: 32, rate: 2000, count: 100 }
  const report = await runEndToEnd(endToEnd)
  expect(report.benchmark).toBe('e2e')
  expect(report.messageCount).toBe(100)
  expect(report.endToEnd?.count).toBe(100)
  expect(report.endToEnd?.maxUs).toBeGreaterThan(0)
})
