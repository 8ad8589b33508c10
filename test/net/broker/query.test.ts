/** Look-ups of queues' ends and of messages by time, over the wire. */
import { expect, test } from 'vitest'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { RunningStandalone, sendFields } from '../../helpers/running-standalone.ts'

const { SEARCH_OFFSET_BY_TIMESTAMP, GET_MAX_OFFSET, GET_MIN_OFFSET } = RequestCode
const { GET_EARLIEST_MSG_STORETIME, SEND_MESSAGE_V2 } = RequestCode

async function built(running: RunningStandalone): Promise<void> {
  const { store } = running.server.broker
  while (store.reputOffset < store.log.writtenOffset) {
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

test('a queue tells its ends and what was stored when', async () => {
  await using running = await RunningStandalone.start()
  const before = Date.now()
  for (const text of ['a', 'b']) {
    await running.ask(SEND_MESSAGE_V2, sendFields('T'), Buffer.from(text))
  }
  await built(running)
  const queue = { topic: 'T', queueId: 0 }
  const offset = async (code: number, more: Record<string, string | number> = {}) => {
    const answer = await running.ask(code, { ...queue, ...more })
    return Number(answer.extFields.get('offset'))
  }
  expect(await offset(GET_MAX_OFFSET)).toBe(2)
  expect(await offset(GET_MIN_OFFSET)).toBe(0)
  expect(await offset(SEARCH_OFFSET_BY_TIMESTAMP, { timestamp: before })).toBe(0)
  expect(await offset(SEARCH_OFFSET_BY_TIMESTAMP, { timestamp: Date.now() + 60_000 })).toBe(2)
  const earliest = await running.ask(GET_EARLIEST_MSG_STORETIME, queue)
  expect(Number(earliest.extFields.get('timestamp'))).toBeGreaterThanOrEqual(before)
})

test('a queue that no topic has is answered as empty', async () => {
  await using running = await RunningStandalone.start()
  const queue = { topic: 'Missing', queueId: 7, timestamp: 0 }
  const answers = await Promise.all([
    running.ask(GET_MAX_OFFSET, queue),
    running.ask(GET_MIN_OFFSET, queue),
    running.ask(SEARCH_OFFSET_BY_TIMESTAMP, queue),
  ])
  expect(answers.map(({ extFields }) => extFields.get('offset'))).toEqual(['0', '-1', '0'])
  const earliest = await running.ask(GET_EARLIEST_MSG_STORETIME, queue)
  expect(earliest.extFields.get('timestamp')).toBe('-1')
})
