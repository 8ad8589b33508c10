/**
 * Goal: consumers share queues at once when something changes, find back after every failure, and
 * leave in order.
 * Method: a fake name server and a fake broker on loopback that come and go.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { deferred } from '../../../engine/base/deferred.ts'
import type { PushConsumer } from '../../../net/client/push-consumer.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { createRequest, createResponse } from '../../../net/remoting/remoting-command.ts'
import { FakePeer } from '../../helpers/fake-cluster.ts'
import { FakeMessageBroker } from '../../helpers/fake-message-broker.ts'
import { GROUP, PushPlace, RETRY } from './push-place.ts'

const place = new PushPlace()

test('two consumers share the queues at once when one joins, and when it leaves', async () => {
  const first = await place.start()
  const topicQueues = (consumer: PushConsumer): string[] =>
    consumer.assigned.filter(({ topic }) => topic === 'T').map(({ queueId }) => `${queueId}`)
  expect(topicQueues(first).sort()).toEqual(['0', '1'])
  const second = await place.start()
  await expect
    .poll(() => [topicQueues(first), topicQueues(second)].map((q) => q.length))
    .toEqual([1, 1])
  expect([...topicQueues(first), ...topicQueues(second)].sort()).toEqual(['0', '1'])
  await second.close()
  await expect.poll(() => topicQueues(first).sort()).toEqual(['0', '1'])
})

test('a queue that goes to somebody else has its offset stored first', async () => {
  place.append('a')
  place.broker.append('T', 1, { body: 'b' })
  const bodies = await place.collect({ persistIntervalMs: 60_000 })
  await expect.poll(() => bodies.toSorted()).toEqual(['a', 'b'])
  const more = await place.collect()
  await expect.poll(() => [place.committed(), place.broker.committed(GROUP, 'T', 1)]).toContain(1)
  await sleep(50)
  expect(bodies.length + more.length).toBeLessThanOrEqual(3)
})

test('a topic that comes into being later is consumed', async () => {
  const bodies = await place.collect({ subscriptions: { Later: '*' }, rebalanceIntervalMs: 30 })
  place.cluster.setTopic('Later', [{ broker: place.peer, count: 1 }])
  place.broker.append('Later', 0, { body: 'x' })
  await expect.poll(() => bodies).toEqual(['x'])
})

test('queues that a topic gains are consumed', async () => {
  const bodies = await place.collect({ routeIntervalMs: 20 })
  place.cluster.setTopic('T', [{ broker: place.peer, count: 3 }])
  place.broker.append('T', 2, { body: 'x' })
  await expect.poll(() => bodies).toEqual(['x'])
})

test('topics can be added and given up', async () => {
  place.cluster.setTopic('U', [{ broker: place.peer, count: 1 }])
  const bodies = await place.collect()
  const [consumer] = place.consumers
  await consumer!.subscribe('U', 'x')
  place.broker.append('U', 0, { body: 'u', properties: { TAGS: 'x' } })
  await expect.poll(() => bodies).toEqual(['u'])
  await consumer!.unsubscribe('T')
  expect(consumer!.assigned.map(({ topic }) => topic).sort()).toEqual([RETRY, 'U'])
  place.append('t')
  await sleep(30)
  expect(bodies).toEqual(['u'])
  const last = place.peer.requestsOf(RequestCode.HEART_BEAT).at(-1)!
  expect(last.body.toString()).not.toContain('"T"')
})

test('after a broker was away consumption goes on by itself', async () => {
  place.append('a')
  const bodies = await place.collect()
  await expect.poll(() => bodies).toEqual(['a'])
  const port = Number(place.peer.address.split(':')[1])
  await place.peer.stop()
  await sleep(200)
  place.append('b')
  await place.peer.listen(port)
  await expect.poll(() => bodies).toEqual(['a', 'b'])
  await expect.poll(() => place.broker.memberIds).toEqual([place.consumers[0]!.clientId])
})

test('a broker that the name server forgot is found again when it is back', async () => {
  await place.cluster.addBroker('broker-b')
  const [first, second] = place.cluster.brokers
  const other = new FakeMessageBroker(second!)
  const both = [
    { broker: first!, count: 2 },
    { broker: second!, count: 1 },
  ]
  place.cluster.setTopic('T', both)
  const bodies = await place.collect()
  other.append('T', 0, { body: 'before' })
  await expect.poll(() => bodies).toEqual(['before'])
  const port = Number(second!.address.split(':')[1])
  await second!.stop()
  place.cluster.setTopic('T', both.slice(0, 1))
  const ofBrokerB = () =>
    place.consumers[0]!.assigned.filter(({ brokerName }) => brokerName === 'broker-b')
  await expect.poll(ofBrokerB).toEqual([])
  other.append('T', 0, { body: 'after' })
  await second!.listen(port)
  place.cluster.setTopic('T', both)
  await expect.poll(() => bodies).toEqual(['before', 'after'])
})

test('when a name server is lost, another one is asked', async () => {
  const other = new FakePeer('another name server')
  const handler = place.cluster.nameServer.handlerOf(RequestCode.GET_ROUTEINFO_BY_TOPIC)!
  other.on(RequestCode.GET_ROUTEINFO_BY_TOPIC, handler)
  await other.listen()
  const nameServers = [place.cluster.nameServer.address, other.address]
  const bodies = await place.collect({ nameServers, routeIntervalMs: 20 })
  for (const lost of [other, place.cluster.nameServer]) {
    const port = Number(lost.address.split(':')[1])
    await lost.stop()
    const count = lost === other ? 3 : 4
    place.cluster.setTopic('T', [{ broker: place.peer, count }])
    const body = `in queue ${count - 1}`
    place.broker.append('T', count - 1, { body })
    await expect.poll(() => bodies).toContain(body)
    await lost.listen(port)
  }
  await other.stop()
})

test('a pull that the broker refuses is tried again, after a heartbeat if need be', async () => {
  place.append('a')
  let refusals = 3
  const heartbeats = (): number => place.peer.requestsOf(RequestCode.HEART_BEAT).length
  const handler = place.peer.handlerOf(RequestCode.PULL_MESSAGE)!
  place.peer.on(RequestCode.PULL_MESSAGE, (request, connection) => {
    refusals -= 1
    if (refusals >= 0) return createResponse(request, 24, { remark: 'no subscription' })
    return handler(request, connection)
  })
  const bodies = await place.collect()
  await expect.poll(() => bodies).toEqual(['a'])
  expect(heartbeats()).toBeGreaterThan(1)
})

test('close waits for listeners at work and stores what they did', async () => {
  const hold = deferred<void>()
  place.append('a')
  const started = deferred<void>()
  const consumer = await place.start({
    onMessage: async () => {
      started.resolve()
      await hold.promise
      return 'success'
    },
  })
  await started.promise
  const closing = consumer.close()
  await sleep(20)
  hold.resolve()
  await closing
  expect(place.committed()).toBe(1)
})

test('close does not wait longer than it was told to', async () => {
  place.append('a')
  const started = deferred<void>()
  const consumer = await place.start({
    closeTimeoutMs: 20,
    onMessage: async () => {
      started.resolve()
      return new Promise(() => undefined)
    },
  })
  await started.promise
  await consumer.close()
  expect(place.committed()).toBe(0)
})

test('a filter that no broker supports is refused at start', async () => {
  place.peer.on(RequestCode.CHECK_CLIENT_CONFIG, (request) =>
    createResponse(request, 1, { remark: 'no such filter here' }),
  )
  const failure = place.start({ subscriptions: { T: { sql: 'a > 1' } } })
  await expect(failure).rejects.toMatchObject({ code: 'CLIENT_REQUEST_REFUSED', responseCode: 1 })
  const [request] = place.peer.requestsOf(RequestCode.CHECK_CLIENT_CONFIG)
  expect(JSON.parse(request!.body.toString())).toMatchObject({
    group: GROUP,
    subscriptionData: { topic: 'T', expressionType: 'SQL92', subString: 'a > 1' },
  })
})

test('requests that this client does not know are answered with code 3', async () => {
  await place.start()
  const [connection] = place.peer.connections
  const response = await connection!.invoke(createRequest(9_999), 10_000)
  expect(response.code).toBe(3)
})
