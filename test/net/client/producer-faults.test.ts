/**
 * Goal: a producer with latency fault tolerance leaves bad brokers alone and finds them again, and
 * a send that is retried ends as Java's does.
 * Method: fake brokers on loopback; pauses so long that they cannot end within a test.
 */
import { beforeEach, expect, test } from 'vitest'
import type { SendResult } from '../../../net/client/message.ts'
import type { Producer } from '../../../net/client/producer.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import type { RemotingCommand } from '../../../net/remoting/remoting-command.ts'
import { createResponse } from '../../../net/remoting/remoting-command.ts'
import { type FakeCluster, type FakePeer, storedAnswer } from '../../helpers/fake-cluster.ts'
import { ProducerPlace } from './producer-place.ts'

const HOUR_MS = 3_600_000
/** Everything that is as slow as a failure costs an hour. */
const STRICT = {
  sendLatencyFaultEnable: true,
  latencyStepsMs: [10_000],
  notAvailableMs: [HOUR_MS],
}
const ILLEGAL = 13
const BUSY = 2
const SLAVE_TIMEOUT = 12

const place = new ProducerPlace(['broker-a', 'broker-b'])
let cluster: FakeCluster
let brokerA: FakePeer
let brokerB: FakePeer

beforeEach(() => {
  cluster = place.cluster
  ;[brokerA, brokerB] = cluster.brokers as [FakePeer, FakePeer]
  for (const broker of cluster.brokers) answer(broker, 0)
  cluster.setTopic('T', [
    { broker: brokerA, count: 2 },
    { broker: brokerB, count: 2 },
  ])
})
function answer(broker: FakePeer, code: number): void {
  broker.on(RequestCode.SEND_MESSAGE_V2, (request) => storedAnswer(request, { code }))
}

const sendsTo = (broker: FakePeer): number => broker.requestsOf(RequestCode.SEND_MESSAGE_V2).length

async function sendMany(producer: Producer, count: number): Promise<readonly SendResult[]> {
  const results: SendResult[] = []
  for (let at = 0; at < count; at += 1) {
    results.push(await producer.send({ topic: 'T', body: 'x' }))
  }
  return results
}

test('a broker that refuses is asked once, and not again while its pause lasts', async () => {
  answer(brokerA, BUSY)
  const producer = await place.start(STRICT)
  await sendMany(producer, 12)
  expect(sendsTo(brokerA)).toBe(1)
  expect(sendsTo(brokerB)).toBe(12)
})

test('without the option it is asked again and again', async () => {
  answer(brokerA, BUSY)
  const producer = await place.start()
  await sendMany(producer, 12)
  expect(sendsTo(brokerA)).toBeGreaterThan(2)
})

test('a broker that is gone is connected to once', async () => {
  const producer = await place.start({ ...STRICT, retryCountMax: 0 })
  await brokerA.stop()
  let lostCount = 0
  for (let at = 0; at < 12; at += 1) {
    await producer.send({ topic: 'T', body: 'x' }).catch(() => {
      lostCount += 1
    })
  }
  expect(lostCount).toBe(1)
  expect(sendsTo(brokerB)).toBe(11)
  await brokerA.listen()
})

test('a refusal that every broker would repeat is held against none', async () => {
  answer(brokerA, ILLEGAL)
  const producer = await place.start(STRICT)
  let refusedCount = 0
  for (let at = 0; at < 8; at += 1) {
    await producer.send({ topic: 'T', body: 'x' }).catch(() => {
      refusedCount += 1
    })
  }
  expect(refusedCount).toBe(4)
})

test('when every broker is left alone, messages are sent all the same', async () => {
  answer(brokerA, BUSY)
  answer(brokerB, BUSY)
  const producer = await place.start({ ...STRICT, retryCountMax: 1 })
  const first = producer.send({ topic: 'T', body: 'x' })
  await expect(first).rejects.toMatchObject({ responseCode: BUSY })
  answer(brokerA, 0)
  answer(brokerB, 0)
  expect((await sendMany(producer, 4)).length).toBe(4)
})

test('one-way sends and sends to a given queue count too', async () => {
  const producer = await place.start({ ...STRICT, retryCountMax: 0 })
  await brokerA.stop()
  const selector = (queues: readonly { queueId: number }[]): never => queues[0] as never
  const failure = producer.send({ topic: 'T', body: 'x' }, { selector })
  await expect(failure).rejects.toMatchObject({ code: 'CLIENT_BROKER_UNREACHABLE' })
  for (let at = 0; at < 6; at += 1) await producer.sendOneway({ topic: 'T', body: 'x' })
  await expect.poll(() => sendsTo(brokerB)).toBe(6)
  await brokerA.listen()
})

test('the detector asks a lost broker until it is back', async () => {
  let isBack = false
  brokerA.on(RequestCode.GET_MAX_OFFSET, (request) =>
    createResponse(request, isBack ? 0 : 1, { extFields: new Map([['offset', '0']]) }),
  )
  answer(brokerA, BUSY)
  answer(brokerB, BUSY)
  const producer = await place.start({ ...STRICT, startDetectorEnable: true, detectIntervalMs: 1 })
  const failure = producer.send({ topic: 'T', body: 'x' })
  await expect(failure).rejects.toMatchObject({ responseCode: BUSY })
  answer(brokerA, 0)
  isBack = true
  const asked = (): number => brokerA.requestsOf(RequestCode.GET_MAX_OFFSET).length
  await expect.poll(asked, { timeout: 10_000 }).toBeGreaterThan(0)
  // Both are still left alone by time, but only one of them is known to be reachable.
  const sendsAstray = async (): Promise<number> => {
    const before = sendsTo(brokerB)
    await sendMany(producer, 4)
    return sendsTo(brokerB) - before
  }
  await expect.poll(sendsAstray).toBe(0)
})

test('a refusal after a stored but unsafe message does not hide that it is stored', async () => {
  answer(brokerA, SLAVE_TIMEOUT)
  answer(brokerB, ILLEGAL)
  const producer = await place.start({ retryWhenNotSafe: true })
  const seen = new Set<unknown>()
  for (let at = 0; at < 8; at += 1) {
    const before = sendsTo(brokerA)
    const outcome = await producer.send({ topic: 'T', body: 'x' }).then(
      ({ status }) => status,
      (error) => error.responseCode,
    )
    const isStored = sendsTo(brokerA) > before
    expect(outcome).toBe(isStored ? 'FLUSH_SLAVE_TIMEOUT' : ILLEGAL)
    seen.add(outcome)
  }
  expect(seen.size).toBe(2)
})

test('a broker that hangs has only its own share of the time', async () => {
  brokerA.on(RequestCode.SEND_MESSAGE_V2, () => new Promise(() => undefined))
  const producer = await place.start({ attemptTimeoutMs: 1_000, sendTimeoutMs: 60_000 })
  const results = await sendMany(producer, 4)
  expect(results.every(({ queue }) => queue.brokerName === 'broker-b')).toBe(true)
  expect(sendsTo(brokerA)).toBeGreaterThan(0)
  await brokerA.stop()
  await brokerA.listen()
})

test('no more sends are under way than allowed', async () => {
  let openCount = 0
  let openCountMax = 0
  const hold = async (request: RemotingCommand): Promise<RemotingCommand> => {
    openCount += 1
    openCountMax = Math.max(openCountMax, openCount)
    await new Promise((resolve) => setTimeout(resolve, 1))
    openCount -= 1
    return storedAnswer(request)
  }
  for (const broker of cluster.brokers) broker.on(RequestCode.SEND_MESSAGE_V2, hold)
  const producer = await place.start({ sendsInFlightMax: 3 })
  const sends = Array.from({ length: 20 }, () => producer.send({ topic: 'T', body: 'x' }))
  await Promise.all(sends)
  expect(openCountMax).toBe(3)
})

test('the codes that are worth a retry can be chosen', async () => {
  answer(brokerA, BUSY)
  answer(brokerB, BUSY)
  const producer = await place.start({ retryResponseCodes: [ILLEGAL] })
  await expect(producer.send({ topic: 'T', body: 'x' })).rejects.toMatchObject({
    responseCode: BUSY,
  })
  expect(sendsTo(brokerA) + sendsTo(brokerB)).toBe(1)
})

test.each([
  ['steps that fall', { latencyStepsMs: [50, 10], notAvailableMs: [0, 0] }],
  ['a step too many', { latencyStepsMs: [50, 100], notAvailableMs: [0] }],
  ['a pause before its time', { latencyStepsMs: [50], notAvailableMs: [-1] }],
  ['half an attempt', { attemptTimeoutMs: 0.5 }],
])('%s are refused at start', async (_, options) => {
  await expect(place.start(options)).rejects.toMatchObject({ code: 'CLIENT_OPTION_INVALID' })
})
