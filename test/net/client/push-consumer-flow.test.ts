/**
 * Goal: a consumer takes no more than it may hold, pauses when told to, and gives back what its
 * listener does not come to an end with.
 * Method: a fake broker, and listeners that are held up.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { deferred } from '../../../engine/base/deferred.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { createResponse } from '../../../net/remoting/remoting-command.ts'
import { PushPlace } from './push-place.ts'

const place = new PushPlace()

function bodiesOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `m${index}`.padEnd(10, '.'))
}

/** The highest offset that was asked for in each of the two queues of `T`. */
function offsetsAsked(): number[] {
  const pulls = place.peer
    .requestsOf(RequestCode.PULL_MESSAGE)
    .filter(({ extFields }) => extFields.get('topic') === 'T')
  return [0, 1].map((queueId) =>
    Math.max(
      ...pulls
        .filter(({ extFields }) => Number(extFields.get('queueId')) === queueId)
        .map(({ extFields }) => Number(extFields.get('queueOffset'))),
    ),
  )
}

test.each([
  // Three queues, that of the retry topic included.
  ['count', { totalCountMax: 60 }],
  ['size', { totalBytesMax: 600 }],
  ['span', { queueSpanMax: 19 }],
])('with a bound of %s the queues hold equal parts', async (_, bound) => {
  const hold = deferred<void>()
  for (const body of bodiesOf(100)) {
    place.broker.append('T', 0, { body })
    place.broker.append('T', 1, { body })
  }
  let done = 0
  await place.start({
    ...bound,
    pullCountMax: 5,
    onMessage: async () => {
      await hold.promise
      done += 1
      return 'success'
    },
  })
  await expect.poll(offsetsAsked).toEqual([15, 15])
  // And no further.
  await sleep(80)
  expect(offsetsAsked()).toEqual([15, 15])
  hold.resolve()
  await expect.poll(() => done).toBe(200)
})

test('a paused consumer pulls no more, and goes on when resumed', async () => {
  place.append('a')
  const bodies = await place.collect()
  await expect.poll(() => bodies).toEqual(['a'])
  const [consumer] = place.consumers
  consumer!.pause()
  // The pull that waits at the broker may still bring one.
  place.append('b')
  await expect.poll(() => bodies).toEqual(['a', 'b'])
  place.append('c')
  await sleep(50)
  expect(bodies).toEqual(['a', 'b'])
  expect(consumer!.assigned).toHaveLength(3)
  consumer!.resume()
  await expect.poll(() => bodies).toEqual(['a', 'b', 'c'])
})

test('messages whose listener takes too long are handed back, and its answer is late', async () => {
  const taken: (string | undefined)[] = []
  place.peer.on(RequestCode.CONSUMER_SEND_MSG_BACK, (request) => {
    taken.push(request.extFields.get('offset'), request.extFields.get('delayLevel'))
    return createResponse(request, 0)
  })
  place.append('stuck', 'good')
  const hold = deferred<void>()
  const ended = deferred<void>()
  await place.start({
    consumeTimeoutMs: 30,
    persistIntervalMs: 10,
    onMessage: async ([message]) => {
      if (message!.body.toString() === 'good') return 'success'
      await hold.promise
      ended.resolve()
      return 'later'
    },
  })
  await expect.poll(() => taken).toEqual(['0', '3'])
  await expect.poll(place.committed).toBe(2)
  hold.resolve()
  await ended.promise
  await sleep(20)
  expect(taken).toHaveLength(2)
})

test('in order a listener has all the time that it takes', async () => {
  place.append('slow', 'next')
  const bodies: string[] = []
  await place.start({
    consumeMode: 'orderly',
    consumeTimeoutMs: 10,
    onMessage: async ([message]) => {
      await sleep(60)
      bodies.push(message!.body.toString())
      return 'success'
    },
  })
  await expect.poll(() => bodies).toEqual(['slow', 'next'])
  expect(place.peer.requestsOf(RequestCode.CONSUMER_SEND_MSG_BACK)).toEqual([])
})
