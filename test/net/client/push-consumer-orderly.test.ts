/**
 * Goal: messages of a queue are consumed in order, by one call of a listener at a time in the whole
 * group, whatever fails and whoever comes and goes.
 * Method: a fake broker that grants and refuses locks, and listeners that take their time.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { deferred } from '../../../engine/base/deferred.ts'
import { propertiesFromString } from '../../../engine/format/properties-codec.ts'
import type { PushConsumer } from '../../../net/client/push-consumer.ts'
import type { PushConsumerOptions } from '../../../net/client/push-consumer-options.ts'
import { QueryConsumerOffsetRequestHeader } from '../../../net/protocol/consumer-offset.ts'
import { decodeHeader } from '../../../net/protocol/header-table.ts'
import { PullMessageRequestHeader } from '../../../net/protocol/pull-message.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { fromShortNames, SendMessageRequestHeaderV2 } from '../../../net/protocol/send-message.ts'
import type { RemotingCommand } from '../../../net/remoting/remoting-command.ts'
import { storedAnswer } from '../../helpers/fake-cluster.ts'
import { GROUP, PushPlace, RETRY } from './push-place.ts'

const place = new PushPlace()

const ORDERLY = { consumeMode: 'orderly', suspendMs: 10 } as const

function startOrderly(options: Partial<PushConsumerOptions> = {}): Promise<PushConsumer> {
  return place.start({ ...ORDERLY, ...options })
}

function collectOrderly(options: Partial<PushConsumerOptions> = {}): Promise<string[]> {
  return place.collect({ ...ORDERLY, ...options })
}

function names(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `m${index}`)
}

/** Holds calls of listeners up and notes how many of one queue are in progress at once. */
class Watch {
  readonly bodies: string[] = []
  most = 0
  #running = new Map<number, number>()

  readonly onMessage: PushConsumerOptions['onMessage'] = async ([message], { queue }) => {
    const { queueId } = queue
    const running = (this.#running.get(queueId) ?? 0) + 1
    this.#running.set(queueId, running)
    this.most = Math.max(this.most, running)
    await sleep(5)
    this.#running.set(queueId, this.#running.get(queueId)! - 1)
    this.bodies.push(`${queueId} ${message!.body.toString()}`)
    return 'success'
  }

  of(queueId: number): string[] {
    return this.bodies.filter((body) => body.startsWith(`${queueId} `))
  }
}

test('a queue is consumed one message after the other, several queues side by side', async () => {
  const bodies = names(12)
  for (const body of bodies) {
    place.broker.append('T', 0, { body })
    place.broker.append('T', 1, { body })
  }
  const watch = new Watch()
  await startOrderly({ onMessage: watch.onMessage })
  await expect.poll(() => watch.bodies.length).toBe(24)
  expect(watch.most).toBe(1)
  expect(watch.of(0)).toEqual(bodies.map((body) => `0 ${body}`))
  expect(watch.of(1)).toEqual(bodies.map((body) => `1 ${body}`))
  // Neither waits for the other's end.
  expect(new Set(watch.bodies.slice(0, 12).map((body) => body[0]))).toEqual(new Set(['0', '1']))
})

test('no more queues are at work than allowed, and each gets its turn', async () => {
  for (const body of names(4)) {
    place.broker.append('T', 0, { body })
    place.broker.append('T', 1, { body })
  }
  const watch = new Watch()
  const isPulled = deferred<void>()
  let running = 0
  let most = 0
  await startOrderly({
    consumeConcurrency: 1,
    onMessage: async (messages, context) => {
      running += 1
      most = Math.max(most, running)
      await isPulled.promise
      const result = await watch.onMessage(messages, context)
      running -= 1
      return result
    },
  })
  // Both queues have work to do before the first of them goes on.
  await expect.poll(() => [lastAsked(0), lastAsked(1)]).toEqual([4, 4])
  isPulled.resolve()
  await expect.poll(() => watch.bodies.length).toBe(8)
  expect(most).toBe(1)
  expect(watch.bodies.slice(0, 6).filter((body) => body.startsWith('0')).length).toBeLessThan(5)
})

test('a batch that is put off is tried again in place, and nothing overtakes it', async () => {
  place.append(...names(5))
  const calls: string[] = []
  await startOrderly({
    batchSizeMax: 2,
    persistIntervalMs: 10,
    onMessage: async (messages, context) => {
      calls.push(messages.map((each) => `${each.body.toString()}.${each.reconsumeTimes}`).join(' '))
      context.suspendMs = 10
      const isThird = messages.some(({ body }) => body.toString() === 'm2')
      if (isThird && messages[0]!.reconsumeTimes < 2) return 'later'
      return 'success'
    },
  })
  await expect.poll(() => calls.at(-1)).toBe('m4.0')
  expect(calls).toEqual(['m0.0 m1.0', 'm2.0 m3.0', 'm2.1 m3.1', 'm2.2 m3.2', 'm4.0'])
  await expect.poll(place.committed).toBe(5)
})

test('what fails too often is handed over to the retry topic, and the rest goes on', async () => {
  place.peer.on(RequestCode.SEND_MESSAGE_V2, (request) => storedAnswer(request))
  place.broker.append('T', 0, { body: 'bad', properties: { UNIQ_KEY: 'ID' } })
  place.append('good')
  const calls: string[] = []
  await startOrderly({
    reconsumeTimesMax: 2,
    persistIntervalMs: 10,
    onMessage: async ([message]) => {
      calls.push(`${message!.body.toString()}.${message!.reconsumeTimes}`)
      return message!.body.toString() === 'bad' ? 'later' : 'success'
    },
  })
  await expect.poll(() => calls).toEqual(['bad.0', 'bad.1', 'bad.2', 'good.0'])
  const [request] = place.peer.requestsOf(RequestCode.SEND_MESSAGE_V2)
  const header = fromShortNames(decodeHeader(SendMessageRequestHeaderV2, request!.extFields))
  // More often than it may be: the broker makes it a dead letter.
  expect(header).toMatchObject({ topic: RETRY, reconsumeTimes: 3, maxReconsumeTimes: 2 })
  expect(propertiesFromString(header.properties!).get('RETRY_TOPIC')).toBe('T')
  await expect.poll(place.committed).toBe(2)
})

test('by default a message is tried in place without end, and no broker hears of it', async () => {
  place.append('bad', 'good')
  let calls = 0
  const seen: string[] = []
  await startOrderly({
    onMessage: async ([message]) => {
      calls += 1
      seen.push(message!.body.toString())
      return calls < 20 ? 'later' : 'success'
    },
  })
  await expect.poll(() => seen.at(-1)).toBe('good')
  expect(seen.filter((body) => body === 'bad').length).toBe(20)
  expect(place.peer.requestsOf(RequestCode.CONSUMER_SEND_MSG_BACK)).toEqual([])
})

test('a queue is not consumed before its lock is granted', async () => {
  place.append('a')
  place.broker.append('T', 1, { body: 'b' })
  place.broker.locks.set('T@0', 'somebody')
  const bodies = await collectOrderly()
  await expect.poll(() => bodies).toEqual(['b'])
  expect(place.consumers[0]!.assigned.map(({ queueId, topic }) => `${topic}@${queueId}`)).toEqual(
    expect.not.arrayContaining(['T@0']),
  )
  place.broker.locks.delete('T@0')
  await expect.poll(() => bodies).toEqual(['b', 'a'])
})

test('close ends the call in progress, stores its offset, then unlocks', async () => {
  place.append('a', 'b')
  const started = deferred<void>()
  const hold = deferred<void>()
  const consumer = await startOrderly({
    onMessage: async () => {
      started.resolve()
      await hold.promise
      return 'success'
    },
  })
  await started.promise
  expect([...place.broker.locks.values()]).toEqual(Array(3).fill(consumer.clientId))
  const unlock = place.peer.handlerOf(RequestCode.UNLOCK_BATCH_MQ)!
  let committedAtUnlock: number | undefined
  place.peer.on(RequestCode.UNLOCK_BATCH_MQ, (request, connection) => {
    committedAtUnlock = place.committed()
    return unlock(request, connection)
  })
  const closing = consumer.close()
  hold.resolve()
  await closing
  expect(committedAtUnlock).toBe(1)
  expect(place.broker.locks.size).toBe(0)
})

test('a queue whose listener does not end stays locked at close', async () => {
  place.append('a')
  const started = deferred<void>()
  const consumer = await startOrderly({
    closeTimeoutMs: 20,
    onMessage: async () => {
      started.resolve()
      return new Promise(() => undefined)
    },
  })
  await started.promise
  await consumer.close()
  expect([...place.broker.locks]).toEqual([['T@0', consumer.clientId]])
})

test('a queue goes to another member between two calls, and nothing comes twice', async () => {
  for (const body of names(60)) {
    place.broker.append('T', 0, { body })
    place.broker.append('T', 1, { body })
  }
  const watch = new Watch()
  const first = await startOrderly({ onMessage: watch.onMessage })
  await expect.poll(() => watch.bodies.length).toBeGreaterThan(10)
  const second = await startOrderly({ onMessage: watch.onMessage })
  await expect.poll(() => [topicQueues(first).length, topicQueues(second).length]).toEqual([1, 1])
  await expect.poll(() => watch.bodies.length).toBeGreaterThan(50)
  await second.close()
  await expect.poll(() => watch.bodies.length).toBe(120)
  expect(watch.most).toBe(1)
  for (const queueId of [0, 1]) {
    expect(watch.of(queueId)).toEqual(names(60).map((body) => `${queueId} ${body}`))
  }
})

test('a busy queue that is taken away holds nobody up and is free when its call ends', async () => {
  place.append('slow', 'next')
  place.broker.append('T', 1, { body: 'other' })
  const hold = deferred<void>()
  const seen: string[] = []
  const onMessage: PushConsumerOptions['onMessage'] = async ([message]) => {
    const body = message!.body.toString()
    seen.push(body)
    if (body === 'slow') await hold.promise
    return 'success'
  }
  await startOrderly({ onMessage, instanceName: 'b' })
  await expect.poll(() => seen.toSorted()).toEqual(['other', 'slow'])
  // Sorted before the first: it is to get queue 0.
  const second = await startOrderly({ onMessage, instanceName: 'a' })
  await sleep(100)
  expect(topicQueues(second)).toEqual([])
  expect(seen).toHaveLength(2)
  hold.resolve()
  await expect.poll(() => seen.at(-1)).toBe('next')
  expect(topicQueues(second)).toEqual([0])
  expect(seen.filter((body) => body === 'slow')).toHaveLength(1)
})

test('locks are renewed, and a queue that somebody else got is let go at once', async () => {
  place.append('a', 'b')
  const hold = deferred<void>()
  const seen: string[] = []
  const consumer = await startOrderly({
    lockIntervalMs: 20,
    persistIntervalMs: 10,
    onMessage: async ([message]) => {
      seen.push(message!.body.toString())
      await hold.promise
      return 'success'
    },
  })
  await expect.poll(() => seen).toEqual(['a'])
  await expect
    .poll(() => place.peer.requestsOf(RequestCode.LOCK_BATCH_MQ).length)
    .toBeGreaterThan(3)
  place.broker.locks.set('T@0', 'somebody')
  await expect.poll(() => topicQueues(consumer)).toEqual([1])
  await expect.poll(place.committed).toBe(0)
  hold.resolve()
  await sleep(50)
  // What was in progress does not count, and nothing more begins.
  expect(seen).toEqual(['a'])
  expect(place.committed()).toBe(0)
})

test('after the connection is lost nothing begins until the lock is granted anew', async () => {
  place.append('a', 'b')
  const hold = deferred<void>()
  const seen: string[] = []
  const consumer = await startOrderly({
    onMessage: async ([message]) => {
      seen.push(message!.body.toString())
      if (seen.length === 1) await hold.promise
      return 'success'
    },
  })
  await expect.poll(() => seen).toEqual(['a'])
  const lock = place.peer.handlerOf(RequestCode.LOCK_BATCH_MQ)!
  const isAsked = deferred<void>()
  const isAllowed = deferred<void>()
  place.peer.on(RequestCode.LOCK_BATCH_MQ, async (request, connection) => {
    isAsked.resolve()
    await isAllowed.promise
    return lock(request, connection)
  })
  // A broker that was started anew.
  const port = Number(place.peer.address.split(':')[1])
  await place.peer.stop()
  place.broker.locks.clear()
  await place.peer.listen(port)
  await isAsked.promise
  hold.resolve()
  await sleep(50)
  expect(seen).toEqual(['a'])
  isAllowed.resolve()
  await expect.poll(() => seen).toEqual(['a', 'b'])
  expect(place.broker.locks.get('T@0')).toBe(consumer.clientId)
})

test('a queue lost while it is started anew is told nothing of from here', async () => {
  place.append('a', 'b', 'c')
  const seen: string[] = []
  const consumer = await startOrderly({
    lockIntervalMs: 20,
    persistIntervalMs: 10,
    onMessage: async ([message]) => {
      seen.push(message!.body.toString())
      return 'success'
    },
  })
  await expect.poll(place.committed).toBe(3)
  const query = place.peer.handlerOf(RequestCode.QUERY_CONSUMER_OFFSET)!
  const isAsked = deferred<void>()
  place.peer.on(RequestCode.QUERY_CONSUMER_OFFSET, async (request) => {
    const { queueId, topic } = decodeHeader(QueryConsumerOffsetRequestHeader, request.extFields)
    if (topic === 'T' && queueId === 0) isAsked.resolve()
    return deferred<RemotingCommand>().promise
  })
  const port = Number(place.peer.address.split(':')[1])
  await place.peer.stop()
  place.broker.locks.clear()
  await place.peer.listen(port)
  // It has the lock again and asks where to begin: the broker goes once more, and when it is back
  // somebody else is further than this one was.
  await isAsked.promise
  await place.peer.stop()
  place.peer.on(RequestCode.QUERY_CONSUMER_OFFSET, query)
  place.append('d', 'e')
  place.broker.locks.set('T@0', 'somebody')
  place.broker.setCommitted(GROUP, 'T', 0, 5)
  await place.peer.listen(port)
  await expect.poll(() => topicQueues(consumer)).toEqual([1])
  await sleep(100)
  expect(place.committed()).toBe(5)
  expect(seen).toEqual(['a', 'b', 'c'])
})

test('a body that cannot be read is handed over and not waited for', async () => {
  const sent: string[] = []
  place.peer.on(RequestCode.SEND_MESSAGE_V2, (request) => {
    sent.push(request.body.toString())
    return storedAnswer(request)
  })
  place.broker.append('T', 0, { body: 'not zlib', sysFlag: 1 })
  place.append('good')
  const bodies = await collectOrderly()
  await expect.poll(() => bodies).toEqual(['good'])
  expect(sent).toEqual(['not zlib'])
})

/** The highest offset that was asked for in a queue of `T`. */
function lastAsked(queueId: number): number {
  const offsets = place.peer
    .requestsOf(RequestCode.PULL_MESSAGE)
    .map(({ extFields }) => decodeHeader(PullMessageRequestHeader, extFields))
    .filter((header) => header.topic === 'T' && header.queueId === queueId)
    .map(({ queueOffset }) => queueOffset)
  return Math.max(...offsets)
}

function topicQueues(consumer: PushConsumer): number[] {
  return consumer.assigned.filter(({ topic }) => topic === 'T').map(({ queueId }) => queueId)
}
