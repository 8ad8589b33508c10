/** Look-ups of queues' ends and of messages by time, key and id, over the wire. */
import { describe, expect, test } from 'vitest'
import { encodeProperties } from '../../../engine/format/properties-codec.ts'
import { messagesIn } from '../../../engine/format/stored-message.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../net/protocol/response-code.ts'
import type { RemotingCommand } from '../../../net/remoting/remoting-command.ts'
import { RunningStandalone, sendFields } from '../../helpers/running-standalone.ts'
import { whenBuilt } from '../../helpers/until.ts'

const { SEARCH_OFFSET_BY_TIMESTAMP, GET_MAX_OFFSET, GET_MIN_OFFSET } = RequestCode
const { GET_EARLIEST_MSG_STORETIME, SEND_MESSAGE_V2 } = RequestCode
const { QUERY_MESSAGE, VIEW_MESSAGE_BY_ID } = RequestCode
/** Java's `Long.MAX_VALUE`, which its client sends as the end of the time. */
const FOREVER = '9223372036854775807'

function built(running: RunningStandalone): Promise<void> {
  return whenBuilt(running.server.broker.store)
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

describe('a look-up by key', () => {
  /** Ten messages of one key, two of another, in all queues; each its own id and tag. */
  async function filled(): Promise<RunningStandalone> {
    const running = await RunningStandalone.start()
    for (let number = 0; number < 12; number += 1) {
      const own = { KEYS: number < 10 ? 'often shared' : 'rare', UNIQ_KEY: `ID${number}` }
      const properties = new Map(Object.entries({ ...own, TAGS: number === 3 ? 'red' : 'blue' }))
      const fields = sendFields('T', { e: number % 4, i: encodeProperties(properties).toString() })
      await running.ask(SEND_MESSAGE_V2, fields, Buffer.from(String(number)))
    }
    await built(running)
    return running
  }

  function query(key: string, more: Readonly<Record<string, string | number | boolean>> = {}) {
    return { topic: 'T', key, maxNum: 32, beginTimestamp: 0, endTimestamp: FOREVER, ...more }
  }

  function bodies(answer: RemotingCommand): string[] {
    return [...messagesIn(answer.body)].map(({ body }) => body.toString())
  }

  test.each([
    ['each of several keys', query('often'), ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']],
    ['a key of its own', query('rare'), ['10', '11']],
    ['no more than are wanted', query('shared', { maxNum: 3 }), ['7', '8', '9']],
    ['a unique key', query('ID5', { _UNIQUE_KEY_QUERY: true }), ['5']],
    ['a tag', query('red', { indexType: 'T' }), ['3']],
  ])('finds %s, in the order of the log', async (_what, fields, expected) => {
    await using running = await filled()
    const answer = await running.ask(QUERY_MESSAGE, fields)
    expect(answer.code).toBe(ResponseCode.SUCCESS)
    expect(bodies(answer)).toEqual(expected)
    const { log } = running.server.broker.store
    const indexedUntil = Number(answer.extFields.get('indexLastUpdatePhyoffset'))
    expect(indexedUntil).toBeGreaterThan(0)
    expect(indexedUntil).toBeLessThan(log.writtenOffset)
    const indexedMs = Number(answer.extFields.get('indexLastUpdateTimestamp'))
    expect(Math.abs(Date.now() - indexedMs)).toBeLessThan(60_000)
  })

  test('finds what was acknowledged just before', async () => {
    await using running = await RunningStandalone.start()
    for (let number = 0; number < 20; number += 1) {
      const properties = new Map([['KEYS', `k${number}`]])
      const fields = sendFields('T', { i: encodeProperties(properties).toString() })
      await running.ask(SEND_MESSAGE_V2, fields, Buffer.from(String(number)))
      const answer = await running.ask(QUERY_MESSAGE, query(`k${number}`))
      expect(bodies(answer)).toEqual([String(number)])
    }
  })

  test.each([
    ['a key that no message has', query('none')],
    ['a key of another topic', query('rare', { topic: 'U' })],
    ['another time', query('rare', { endTimestamp: 1 })],
  ])('says that it finds nothing for %s', async (_what, fields) => {
    await using running = await filled()
    const answer = await running.ask(QUERY_MESSAGE, fields)
    expect(answer.code).toBe(ResponseCode.QUERY_NOT_FOUND)
    expect(answer.remark).toContain('can not find message')
    expect(answer.body).toHaveLength(0)
  })
})

test.each([-1, 5, 2 ** 40])(
  'a look-up by id says that there is no message at %i',
  async (offset) => {
    await using running = await RunningStandalone.start()
    await running.ask(SEND_MESSAGE_V2, sendFields('T'), Buffer.from('a'))
    const answer = await running.ask(VIEW_MESSAGE_BY_ID, { offset })
    expect(answer.code).toBe(ResponseCode.SYSTEM_ERROR)
    expect(answer.remark).toContain(String(offset))
  },
)
