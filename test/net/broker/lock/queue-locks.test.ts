/**
 * Goal: a queue belongs to one consumer of a group at a time, until it lets go or goes silent.
 * Method: time is handed in; one round trip shows the bodies that Java sends and reads.
 */
import { beforeEach, expect, test } from 'vitest'
import { lockRoutes } from '../../../../net/broker/lock/lock-routes.ts'
import { QueueLocks } from '../../../../net/broker/lock/queue-locks.ts'
import { RequestCode } from '../../../../net/protocol/request-code.ts'
import { LiveRoutes } from '../live-routes.ts'

const LIFETIME_MS = 60_000
const START_MS = 1_000_000
const [zero, one] = [queue(0), queue(1)]

let locks: QueueLocks
beforeEach(() => {
  locks = new QueueLocks()
})

function queue(queueId: number): { topic: string; brokerName: string; queueId: number } {
  return { topic: 'orders', brokerName: 'broker', queueId }
}

test('a queue goes to the first who asks, and to others not before it is free', () => {
  expect(locks.lock('shop', [zero], 'a', START_MS)).toEqual([zero])
  expect(locks.lock('shop', [zero, one], 'b', START_MS)).toEqual([one])
  locks.unlock('shop', [zero, one], 'a')
  expect(locks.lock('shop', [zero, one], 'b', START_MS)).toEqual([zero, one])
})

test('groups do not know of each other', () => {
  locks.lock('shop', [zero], 'a', START_MS)
  expect(locks.lock('audit', [zero], 'b', START_MS)).toEqual([zero])
})

test('a lock that is renewed lives on, one that is not falls to who asks', () => {
  locks.lock('shop', [zero], 'a', START_MS)
  locks.lock('shop', [zero], 'a', START_MS + LIFETIME_MS)
  const lastMs = START_MS + 2 * LIFETIME_MS
  expect(locks.lock('shop', [zero], 'b', lastMs)).toEqual([])
  expect(locks.lock('shop', [zero], 'b', lastMs + 1)).toEqual([zero])
  expect(locks.lock('shop', [zero], 'a', lastMs + 1)).toEqual([])
})

test('only its owner gives a lock back', () => {
  locks.lock('shop', [zero], 'a', START_MS)
  locks.unlock('shop', [zero], 'b')
  locks.unlock('nobody', [zero], 'a')
  expect(locks.lock('shop', [zero], 'b', START_MS)).toEqual([])
})

test('sweeping drops what has expired and nothing else', () => {
  locks.lock('shop', [zero], 'a', START_MS)
  locks.lock('shop', [one], 'a', START_MS + 1)
  locks.expire(START_MS + LIFETIME_MS + 1)
  expect(locks.lock('shop', [zero, one], 'b', START_MS + LIFETIME_MS + 1)).toEqual([zero])
})

test('the bodies are those of the Java client', async () => {
  await using live = await LiveRoutes.start(lockRoutes({ locks }))
  const [mine, other] = [live.peer(), live.peer()]
  const bodyOf = (clientId: string): Buffer =>
    Buffer.from(
      `{"clientId":"${clientId}","consumerGroup":"shop","mqSet":[` +
        '{"brokerName":"broker","queueId":0,"topic":"orders"}],"onlyThisBroker":false}',
    )
  const locked = await mine.ask(RequestCode.LOCK_BATCH_MQ, { body: bodyOf('a') })
  expect(JSON.parse(locked.body.toString())).toEqual({ lockOKMQSet: [zero] })
  const refused = await other.ask(RequestCode.LOCK_BATCH_MQ, { body: bodyOf('b') })
  expect(refused.code).toBe(0)
  expect(JSON.parse(refused.body.toString())).toEqual({ lockOKMQSet: [] })
  expect((await mine.ask(RequestCode.UNLOCK_BATCH_MQ, { body: bodyOf('a') })).code).toBe(0)
  const granted = await other.ask(RequestCode.LOCK_BATCH_MQ, { body: bodyOf('b') })
  expect(JSON.parse(granted.body.toString())).toEqual({ lockOKMQSet: [zero] })
})
