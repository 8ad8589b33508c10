/** Goal: an offset is committed only when everything before it is done, whatever is done first. */
import { expect, test } from 'vitest'
import { ProcessQueue, type WaitingMessage } from '../../../net/client/process-queue.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'

const LIMITS = { countMax: 1_000, bytesMax: 1_000_000, spanMax: 2_000 }

function messages(...offsets: number[]): WaitingMessage[] {
  return offsets.map((queueOffset) => ({ queueOffset, bodyBytes: 10 }))
}

async function isSettled(promise: Promise<void>): Promise<boolean> {
  let settled = false
  void promise.then(() => {
    settled = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  return settled
}

test('an empty queue commits where the next pull begins', () => {
  const queue = new ProcessQueue(5, () => LIMITS)
  expect(queue.committable).toBe(5)
  queue.put([], 9)
  expect(queue.committable).toBe(9)
})

test('the first message that waits holds the offset back', () => {
  const queue = new ProcessQueue(0, () => LIMITS)
  queue.put(messages(0, 1, 2, 3), 4)
  queue.remove(messages(1, 3))
  expect(queue.committable).toBe(0)
  queue.remove(messages(0))
  expect(queue.committable).toBe(2)
  queue.remove(messages(2))
  expect(queue.committable).toBe(4)
})

test('offsets that were filtered out count as consumed with what lies before them', () => {
  const queue = new ProcessQueue(0, () => LIMITS)
  queue.put(messages(2, 7), 10)
  expect(queue.committable).toBe(2)
  queue.remove(messages(2))
  expect(queue.committable).toBe(7)
  queue.remove(messages(7))
  expect(queue.committable).toBe(10)
})

test('what is done twice or was never there changes nothing', () => {
  const queue = new ProcessQueue(0, () => LIMITS)
  queue.put(messages(0, 1), 2)
  queue.remove(messages(0))
  queue.remove(messages(0, 17))
  expect(queue.count).toBe(1)
  expect(queue.committable).toBe(1)
})

test('in any order of ends the offset is the first one that waits', () => {
  const random = new SeededRandom(11)
  const queue = new ProcessQueue(0, () => LIMITS)
  const waiting = new Set<number>()
  let next = 0
  for (let step = 0; step < 5_000; step += 1) {
    if (waiting.size === 0 || random.below(2) === 0) {
      const offset = next + random.below(3)
      next = offset + 1
      waiting.add(offset)
      queue.put(messages(offset), next)
    } else {
      const done = random.pick([...waiting])
      waiting.delete(done)
      queue.remove(messages(done))
    }
    const expected = waiting.size === 0 ? next : Math.min(...waiting)
    expect(queue.committable).toBe(expected)
    expect(queue.count).toBe(waiting.size)
  }
})

test.each([
  ['count', { ...LIMITS, countMax: 2 }, [0, 1], [0]],
  ['bytes', { ...LIMITS, bytesMax: 20 }, [0, 1], [0]],
  ['span', { ...LIMITS, spanMax: 50 }, [0, 50], [0]],
])('at the limit of %s there is no room until something is done', async (_, limits, put, done) => {
  const queue = new ProcessQueue(0, () => limits)
  expect(await isSettled(queue.room())).toBe(true)
  queue.put(messages(...put), 100)
  const room = queue.room()
  expect(await isSettled(room)).toBe(false)
  queue.remove(messages(...done))
  expect(await isSettled(room)).toBe(true)
})

test('a dropped queue lets its puller go', async () => {
  const queue = new ProcessQueue(0, () => ({ ...LIMITS, countMax: 1 }))
  queue.put(messages(0), 1)
  const room = queue.room()
  queue.drop()
  expect(await isSettled(room)).toBe(true)
  expect(queue.isDropped).toBe(true)
})
