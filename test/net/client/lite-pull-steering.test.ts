/**
 * Goal: a lite pull consumer stops pulling the queues that are paused and no others, and goes on
 * where an administrator resets it to, whatever it had pulled.
 * Method: a fake name server and a fake broker with queues in memory, on loopback.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LitePullConsumer } from '../../../net/client/lite-pull-consumer.ts'
import { encodeBody } from '../../../net/protocol/json-shape.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { ResetOffsetBody } from '../../../net/protocol/reset-offset.ts'
import { createRequest } from '../../../net/remoting/remoting-command.ts'
import { FakeCluster, type FakePeer } from '../../helpers/fake-cluster.ts'
import { FakeMessageBroker } from '../../helpers/fake-message-broker.ts'

const GROUP = 'tests'
const SOON = { timeoutMs: 10_000 }
const NOW = { timeoutMs: 60 }
const FIRST = { topic: 'T', brokerName: 'broker-a', queueId: 0 }

let cluster: FakeCluster
let peer: FakePeer
let broker: FakeMessageBroker
let consumer: LitePullConsumer

beforeEach(async () => {
  cluster = await FakeCluster.start('broker-a')
  peer = cluster.brokers[0]!
  broker = new FakeMessageBroker(peer)
  cluster.setTopic('T', [{ broker: peer, count: 2 }])
  consumer = await LitePullConsumer.start({
    nameServers: [cluster.nameServer.address],
    group: GROUP,
    subscriptions: { T: '*' },
    consumeFrom: 'first',
    persistIntervalMs: 10,
  })
})
afterEach(async () => {
  await consumer.close()
  await cluster[Symbol.asyncDispose]()
})

const append = (queueId: number, body: string) => broker.append('T', queueId, { body })
const poll = async (options: { timeoutMs: number } = SOON) =>
  (await consumer.poll(options)).map(({ body }) => body.toString())

async function resetTo(offset: number): Promise<number> {
  const [connection] = peer.connections
  const extFields = new Map(
    Object.entries({ topic: 'T', group: GROUP, timestamp: '0', isForce: 'true' }),
  )
  const body = encodeBody(ResetOffsetBody, { offsetTable: [[FIRST, offset]] })
  const code = RequestCode.RESET_CONSUMER_CLIENT_OFFSET
  const answer = await connection!.invoke(createRequest(code, { extFields, body }), 10_000)
  return answer.code
}

test('a paused queue is pulled no further, the others are, until it is resumed', async () => {
  append(0, 'a')
  expect(await poll()).toEqual(['a'])
  consumer.pause([FIRST])
  // A pull that was under way may still bring what comes first.
  append(0, 'b')
  append(1, 'c')
  const seen = [...(await poll()), ...(await poll(NOW))]
  expect(seen).toContain('c')
  append(0, 'd')
  append(1, 'e')
  seen.push(...(await poll()), ...(await poll(NOW)))
  expect(seen).toContain('e')
  expect(seen).not.toContain('d')
  consumer.resume([FIRST])
  while (!seen.includes('d')) seen.push(...(await poll()))
  expect(seen.filter((body) => 'bd'.includes(body))).toEqual(['b', 'd'])
})

test('what was pulled before a pause is handed out during it', async () => {
  append(0, 'a')
  await expect.poll(() => peer.requestsOf(RequestCode.LITE_PULL_MESSAGE).length).toBeGreaterThan(2)
  consumer.pause([FIRST])
  expect(await poll()).toEqual(['a'])
})

test('a reset drops what was pulled, and is gone on from and kept', async () => {
  for (const body of ['a', 'b', 'c']) append(0, body)
  expect(await poll()).toEqual(['a', 'b', 'c'])
  expect(await poll(NOW)).toEqual([])
  await expect.poll(() => broker.committed(GROUP, 'T', 0)).toBe(3)
  append(0, 'd')
  await sleep(30)
  expect(await resetTo(1)).toBe(0)
  const seen = await poll()
  while (!seen.includes('d')) seen.push(...(await poll()))
  expect(seen).toEqual(['b', 'c', 'd'])
  await poll(NOW)
  await expect.poll(() => broker.committed(GROUP, 'T', 0)).toBe(4)
})

test('a paused queue that is reset goes on from there when it is resumed', async () => {
  for (const body of ['a', 'b']) append(0, body)
  expect(await poll()).toEqual(['a', 'b'])
  consumer.pause([FIRST])
  expect(await resetTo(0)).toBe(0)
  expect(await poll(NOW)).toEqual([])
  consumer.resume([FIRST])
  expect(await poll()).toEqual(['a', 'b'])
})
