/**
 * Goal: what a listener fails to handle is handed back and never lost.
 * Method: a fake broker that takes messages back in one way, in the other, or not at all.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { deferred } from '../../../engine/base/deferred.ts'
import { propertiesFromString } from '../../../engine/format/properties-codec.ts'
import {
  COMPRESSED_FLAG,
  COMPRESSION_ZLIB_TYPE,
  COMPRESSION_ZSTD_TYPE,
} from '../../../engine/format/sys-flag.ts'
import type { ReceivedMessage } from '../../../net/client/index.ts'
import { decodeHeader } from '../../../net/protocol/header-table.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { fromShortNames, SendMessageRequestHeaderV2 } from '../../../net/protocol/send-message.ts'
import { createResponse } from '../../../net/remoting/remoting-command.ts'
import { storedAnswer } from '../../helpers/fake-cluster.ts'
import { GROUP, PushPlace, RETRY } from './push-place.ts'

const place = new PushPlace()

interface SentBack {
  readonly offset: string | undefined
  readonly delayLevel: string | undefined
}

/** Lets the broker take messages back and returns those it took. */
function takeBack(): SentBack[] {
  const taken: SentBack[] = []
  place.peer.on(RequestCode.CONSUMER_SEND_MSG_BACK, (request) => {
    const { extFields } = request
    taken.push({ offset: extFields.get('offset'), delayLevel: extFields.get('delayLevel') })
    return createResponse(request, 0)
  })
  return taken
}

test.each([
  ['is put off', async () => 'later' as const],
  ['fails', async () => Promise.reject(new Error('on purpose'))],
  ['returns nothing', async () => undefined as never],
])('a message whose listener %s goes back to the broker', async (_, onMessage) => {
  const taken = takeBack()
  place.append('a')
  await place.start({ onMessage, persistIntervalMs: 10 })
  await expect.poll(() => taken).toEqual([{ offset: '0', delayLevel: '0' }])
  await expect.poll(place.committed).toBe(1)
  const [request] = place.peer.requestsOf(RequestCode.CONSUMER_SEND_MSG_BACK)
  expect(Object.fromEntries(request!.extFields)).toMatchObject({
    group: GROUP,
    originTopic: 'T',
    maxReconsumeTimes: '16',
    unitMode: 'false',
    bname: 'broker-a',
  })
})

test('a listener says for how long it puts off', async () => {
  const taken = takeBack()
  place.append('a')
  await place.start({
    onMessage: async (_, context) => {
      context.delayLevel = -1
      return 'later'
    },
  })
  await expect.poll(() => taken).toEqual([{ offset: '0', delayLevel: '-1' }])
})

test('a body that cannot be read goes back without being delivered', async () => {
  const taken = takeBack()
  const sysFlag = COMPRESSED_FLAG | COMPRESSION_ZLIB_TYPE
  place.broker.append('T', 0, { body: 'not zlib', sysFlag })
  place.append('good')
  const bodies = await place.collect()
  await expect.poll(() => bodies).toEqual(['good'])
  await expect.poll(() => taken).toEqual([{ offset: '0', delayLevel: '0' }])
})

test('a broker that takes nothing back gets a delayed message of the retry topic', async () => {
  // A broker without code 36 answers with code 3 by itself.
  place.peer.on(RequestCode.SEND_MESSAGE_V2, (request) => storedAnswer(request))
  const properties = { UNIQ_KEY: 'ID', TAGS: 't', KEYS: 'k', own: 'value' }
  place.broker.append('T', 0, { body: 'x', properties, reconsumeTimes: 2 })
  await place.start({ onMessage: async () => 'later', persistIntervalMs: 10 })
  await expect.poll(() => place.peer.requestsOf(RequestCode.SEND_MESSAGE_V2).length).toBe(1)
  const [request] = place.peer.requestsOf(RequestCode.SEND_MESSAGE_V2)
  const header = fromShortNames(decodeHeader(SendMessageRequestHeaderV2, request!.extFields))
  expect(request!.body.toString()).toBe('x')
  expect(header).toMatchObject({
    producerGroup: 'CLIENT_INNER_PRODUCER',
    topic: RETRY,
    reconsumeTimes: 3,
    maxReconsumeTimes: 16,
  })
  expect(Object.fromEntries(propertiesFromString(header.properties!))).toEqual({
    ...properties,
    DELAY: '5',
    ORIGIN_MESSAGE_ID: 'ID',
    RETRY_TOPIC: 'T',
  })
  await expect.poll(place.committed).toBe(1)
})

test('a body that cannot be read keeps its compression on the way to the retry topic', async () => {
  place.peer.on(RequestCode.SEND_MESSAGE_V2, (request) => createResponse(request, 1))
  const sysFlag = COMPRESSED_FLAG | COMPRESSION_ZSTD_TYPE
  place.broker.append('T', 0, { body: 'not zstd', sysFlag })
  await place.start()
  await expect
    .poll(() => place.peer.requestsOf(RequestCode.SEND_MESSAGE_V2).length)
    .toBeGreaterThan(0)
  const [request] = place.peer.requestsOf(RequestCode.SEND_MESSAGE_V2)
  expect(request!.body.toString()).toBe('not zstd')
  expect(request!.extFields.get('f')).toBe(String(sysFlag))
})

test('a message that no broker takes back is not counted as consumed', async () => {
  place.append('a', 'b')
  const seen: string[] = []
  await place.start({
    persistIntervalMs: 10,
    onMessage: async ([message]) => {
      seen.push(message!.body.toString())
      return message!.body.toString() === 'a' ? 'later' : 'success'
    },
  })
  await expect.poll(() => seen).toEqual(['a', 'b'])
  await expect.poll(place.committed).toBe(0)
  await sleep(60)
  expect(place.committed()).toBe(0)
})

test('a message that comes back has its first topic and id', async () => {
  const properties = { RETRY_TOPIC: 'T', UNIQ_KEY: 'ID' }
  place.broker.append(RETRY, 0, { body: 'again', properties, reconsumeTimes: 1 })
  const got = deferred<ReceivedMessage>()
  await place.start({
    onMessage: async ([message]) => {
      got.resolve(message!)
      return 'success'
    },
  })
  expect(await got.promise).toMatchObject({
    topic: 'T',
    messageId: 'ID',
    reconsumeTimes: 1,
    queue: { topic: RETRY, brokerName: 'broker-a', queueId: 0 },
  })
})
