/**
 * Goal: a listener that consumes in order decides itself what counts, by RocketMQ's rules for
 * `autoCommit`, COMMIT and ROLLBACK (ConsumeMessageOrderlyService.processConsumeResult).
 * Method: a fake broker that shows what is committed, and listeners that follow a script.
 */
import { expect, test } from 'vitest'
import type {
  ConsumeResult,
  PushConsumerOptions,
} from '../../../net/client/push-consumer-options.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { createResponse } from '../../../net/remoting/remoting-command.ts'
import { PushPlace } from './push-place.ts'

const place = new PushPlace()

/** Starts a listener that answers as `script` says, then `'success'` with `autoCommit`. */
async function follow(
  script: readonly (readonly [result: ConsumeResult, autoCommit: boolean])[],
  options: Partial<PushConsumerOptions> = {},
): Promise<string[]> {
  const calls: string[] = []
  await place.start({
    consumeMode: 'orderly',
    suspendMs: 10,
    persistIntervalMs: 10,
    onMessage: async (messages, context) => {
      const [result, autoCommit] = script[calls.length] ?? ['success', true]
      calls.push(messages.map((each) => `${each.body.toString()}.${each.reconsumeTimes}`).join(' '))
      context.autoCommit = autoCommit
      return result
    },
    ...options,
  })
  return calls
}

test('what succeeded is undecided until a commit', async () => {
  place.append('m0', 'm1', 'm2', 'm3')
  const calls = await follow([
    ['success', false],
    ['success', false],
    ['commit', false],
    ['success', false],
  ])
  await expect.poll(() => calls).toEqual(['m0.0', 'm1.0', 'm2.0', 'm3.0'])
  await expect.poll(place.committed).toBe(3)
  await place.consumers[0]!.close()
  expect(place.committed()).toBe(3)
})

test('whoever comes next gets again what stayed undecided', async () => {
  place.append('m0', 'm1', 'm2')
  const calls = await follow([
    ['commit', false],
    ['success', false],
    ['success', false],
  ])
  await expect.poll(() => calls.length).toBe(3)
  await place.consumers[0]!.close()
  const again = await follow([])
  await expect.poll(() => again).toEqual(['m1.0', 'm2.0'])
})

test('a rollback takes back everything since the last commit, in order', async () => {
  place.append('m0', 'm1', 'm2', 'm3')
  const calls = await follow([
    ['commit', false],
    ['success', false],
    ['rollback', false],
    ['success', false],
    ['success', false],
    ['commit', false],
  ])
  await expect.poll(() => calls).toEqual(['m0.0', 'm1.0', 'm2.0', 'm1.0', 'm2.0', 'm3.0'])
  await expect.poll(place.committed).toBe(4)
})

test('what is put off is tried again behind what is undecided', async () => {
  place.append('m0', 'm1', 'm2')
  const calls = await follow([
    ['success', false],
    ['later', false],
    ['success', false],
    ['commit', false],
  ])
  await expect.poll(() => calls).toEqual(['m0.0', 'm1.0', 'm1.1', 'm2.0'])
  await expect.poll(place.committed).toBe(3)
})

test('with autoCommit, commit and rollback mean success, and decide what was left', async () => {
  place.append('m0', 'm1', 'm2')
  const calls = await follow([
    ['success', false],
    ['rollback', true],
    ['commit', true],
  ])
  await expect.poll(() => calls).toEqual(['m0.0', 'm1.0', 'm2.0'])
  await expect.poll(place.committed).toBe(3)
})

test('undecided messages count as waiting', async () => {
  place.append('m0', 'm1', 'm2', 'm3')
  const script = Array.from({ length: 4 }, () => ['success', false] as const)
  const calls = await follow(script, { queueCountMax: 2, pullCountMax: 1 })
  await expect.poll(() => calls).toEqual(['m0.0', 'm1.0'])
  expect(place.broker.peer.requests.length).toBeGreaterThan(0)
  await place.consumers[0]!.close()
  expect(calls).toEqual(['m0.0', 'm1.0'])
})

test('out of order, a commit is no answer', async () => {
  const code = RequestCode.CONSUMER_SEND_MSG_BACK
  place.peer.on(code, (request) => createResponse(request, 0))
  place.append('m0')
  const calls = await follow([['commit', false]], { consumeMode: 'concurrently' })
  await expect.poll(() => calls).toEqual(['m0.0'])
  await expect.poll(() => place.peer.requestsOf(code).length).toBe(1)
})
