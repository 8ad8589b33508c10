/**
 * Goal: a push consumer delivers what is wanted, from where it should begin, and commits no more
 * than is consumed.
 * Method: a fake name server and a fake broker with queues in memory, on loopback.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { deflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { deferred } from '../../../engine/base/deferred.ts'
import { COMPRESSED_FLAG, COMPRESSION_ZLIB_TYPE } from '../../../engine/format/sys-flag.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { createResponse } from '../../../net/remoting/remoting-command.ts'
import { GROUP, PushPlace, RETRY } from './push-place.ts'

const place = new PushPlace()

test('what lies there and what comes is delivered, and its offset stored at close', async () => {
  place.append('a', 'b')
  const bodies = await place.collect()
  await expect.poll(() => bodies).toEqual(['a', 'b'])
  place.append('c')
  place.broker.append('T', 1, { body: 'd' })
  await expect.poll(() => bodies).toEqual(['a', 'b', 'c', 'd'])
  await place.consumers[0]!.close()
  expect(place.committed()).toBe(3)
  expect(place.broker.committed(GROUP, 'T', 1)).toBe(1)
  expect(place.broker.memberIds).toEqual([])
})

test('the heartbeat says what the consumer is and wants', async () => {
  const consumer = await place.start({ subscriptions: { T: 'x || y' } })
  const [heartbeat] = place.peer.requestsOf(RequestCode.HEART_BEAT)
  const { clientID, consumerDataSet, producerDataSet } = JSON.parse(heartbeat!.body.toString())
  expect(clientID).toBe(consumer.clientId)
  expect(clientID).toMatch(/^[\d.]+@\d+#\d+$/)
  expect(producerDataSet).toEqual([{ groupName: 'CLIENT_INNER_PRODUCER' }])
  expect(consumerDataSet).toMatchObject([
    {
      groupName: GROUP,
      consumeType: 'CONSUME_PASSIVELY',
      messageModel: 'CLUSTERING',
      consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
      unitMode: false,
    },
  ])
  const subscriptions = consumerDataSet[0].subscriptionDataSet
  expect(subscriptions.map((each: { topic: string }) => each.topic)).toEqual(['T', RETRY])
  expect(subscriptions[0]).toMatchObject({ subString: 'x || y', tagsSet: ['x', 'y'] })
})

test('an offset is stored only when everything before it is consumed', async () => {
  const hold = deferred<void>()
  place.append('slow', 'fast', 'fast')
  const done: string[] = []
  await place.start({
    persistIntervalMs: 10,
    onMessage: async ([message]) => {
      if (message!.body.toString() === 'slow') await hold.promise
      done.push(message!.body.toString())
      return 'success'
    },
  })
  await expect.poll(() => done).toEqual(['fast', 'fast'])
  await expect.poll(place.committed).toBe(0)
  await sleep(50)
  expect(place.committed()).toBe(0)
  hold.resolve()
  await expect.poll(place.committed).toBe(3)
})

test('the queues of a topic are committed one after another, as Java brokers need it', async () => {
  const store = place.peer.handlerOf(RequestCode.UPDATE_CONSUMER_OFFSET)!
  let underway = 0
  let most = 0
  place.peer.on(RequestCode.UPDATE_CONSUMER_OFFSET, async (request, connection) => {
    underway += request.extFields.get('topic') === 'T' ? 1 : 0
    most = Math.max(most, underway)
    await sleep(10)
    underway -= request.extFields.get('topic') === 'T' ? 1 : 0
    return store(request, connection)
  })
  place.append('a')
  place.broker.append('T', 1, { body: 'b' })
  const bodies = await place.collect()
  await expect.poll(() => bodies.toSorted()).toEqual(['a', 'b'])
  await place.consumers[0]!.close()
  expect(most).toBe(1)
  expect(place.committed()).toBe(1)
  expect(place.broker.committed(GROUP, 'T', 1)).toBe(1)
})

test('no more listeners are at work than allowed', async () => {
  place.append(...Array.from({ length: 20 }, (_, index) => `m${index}`))
  let running = 0
  let most = 0
  let done = 0
  await place.start({
    consumeConcurrency: 3,
    onMessage: async () => {
      running += 1
      most = Math.max(most, running)
      await sleep(2)
      running -= 1
      done += 1
      return 'success'
    },
  })
  await expect.poll(() => done).toBe(20)
  expect(most).toBe(3)
})

test('a batch holds messages of one queue, at most as many as asked for', async () => {
  place.append(...Array.from({ length: 10 }, (_, index) => `m${index}`))
  const batches: number[] = []
  await place.start({
    batchSizeMax: 4,
    onMessage: async (messages) => {
      batches.push(messages.length)
      return 'success'
    },
  })
  await expect.poll(() => batches).toEqual([4, 4, 2])
})

test('a full queue is pulled no further until something is consumed', async () => {
  const hold = deferred<void>()
  place.append(...Array.from({ length: 30 }, (_, index) => `m${index}`))
  let done = 0
  await place.start({
    queueCountMax: 10,
    pullCountMax: 5,
    consumeConcurrency: 2,
    onMessage: async () => {
      await hold.promise
      done += 1
      return 'success'
    },
  })
  const offsetsAsked = (): number[] =>
    place.peer
      .requestsOf(RequestCode.PULL_MESSAGE)
      .filter(({ extFields }) => extFields.get('topic') === 'T')
      .filter(({ extFields }) => extFields.get('queueId') === '0')
      .map(({ extFields }) => Number(extFields.get('queueOffset')))
  await expect.poll(offsetsAsked).toEqual([0, 5])
  // And no further.
  await sleep(60)
  expect(offsetsAsked()).toEqual([0, 5])
  hold.resolve()
  await expect.poll(() => done).toBe(30)
})

test('only wanted tags are delivered, also where hash codes are equal', async () => {
  for (const tags of ['Aa', 'BB', 'Aa']) {
    place.broker.append('T', 0, { body: tags, properties: { TAGS: tags } })
  }
  place.broker.append('T', 0, { body: 'none' })
  const bodies = await place.collect({ subscriptions: { T: 'Aa' }, persistIntervalMs: 10 })
  await expect.poll(() => bodies).toEqual(['Aa', 'Aa'])
  await expect.poll(place.committed).toBe(4)
})

test('a group goes on where it stopped', async () => {
  place.append('a', 'b', 'c')
  place.broker.setCommitted(GROUP, 'T', 0, 2)
  const bodies = await place.collect()
  await expect.poll(() => bodies).toEqual(['c'])
})

test('a new group begins behind the last message when asked to', async () => {
  place.append('old')
  const bodies = await place.collect({ consumeFrom: 'last' })
  place.append('new')
  await expect.poll(() => bodies).toEqual(['new'])
  const [query] = place.peer.requestsOf(RequestCode.QUERY_CONSUMER_OFFSET)
  expect(query!.extFields.has('setZeroIfNotFound')).toBe(false)
})

test('a new group begins at a time, even in a queue that is young', async () => {
  place.append('a', 'b', 'c')
  place.peer.on(RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, (request) =>
    createResponse(request, 0, { extFields: new Map([['offset', '1']]) }),
  )
  const bodies = await place.collect({ consumeFrom: new Date(1_234) })
  await expect.poll(() => bodies).toEqual(['b', 'c'])
  const [search] = place.peer.requestsOf(RequestCode.SEARCH_OFFSET_BY_TIMESTAMP)
  expect(search!.extFields.get('timestamp')).toBe('1234')
  const [query] = place.peer.requestsOf(RequestCode.QUERY_CONSUMER_OFFSET)
  expect(query!.extFields.get('setZeroIfNotFound')).toBe('false')
})

test('the retry topic begins at 0, wherever the group begins', async () => {
  place.broker.append(RETRY, 0, { body: 'again', properties: { RETRY_TOPIC: 'T' } })
  const bodies = await place.collect({ consumeFrom: 'last' })
  await expect.poll(() => bodies).toEqual(['again'])
})

test('an offset that the queue does not hold is corrected and stored', async () => {
  place.append('a', 'b', 'c', 'd')
  place.broker.trim('T', 0, 2)
  place.broker.setCommitted(GROUP, 'T', 0, 99)
  const bodies = await place.collect({ persistIntervalMs: 10 })
  await expect.poll(() => bodies).toEqual(['c', 'd'])
  await expect.poll(place.committed).toBe(4)
})

test('a compressed body is delivered as it was', async () => {
  const body = deflateSync('text'.repeat(50_000))
  place.broker.append('T', 0, { body, sysFlag: COMPRESSED_FLAG | COMPRESSION_ZLIB_TYPE })
  const bodies = await place.collect()
  await expect.poll(() => bodies).toEqual(['text'.repeat(50_000)])
})

test.each([
  ['no listener', { onMessage: undefined as never }],
  ['no room', { queueCountMax: 0 }],
  ['a start that is none', { consumeFrom: 'middle' as never }],
  ['a date that is none', { consumeFrom: new Date('x') }],
  ['a group that is none', { group: 'a b' }],
])('%s is refused at start', async (_, options) => {
  await expect(place.start(options)).rejects.toMatchObject({ code: 'CLIENT_OPTION_INVALID' })
})

test('a subscription to what cannot be a topic is refused at start', async () => {
  const failure = place.start({ subscriptions: { 'a b': '*' } })
  await expect(failure).rejects.toMatchObject({ code: 'CLIENT_SUBSCRIPTION_INVALID' })
})
