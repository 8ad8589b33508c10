/**
 * Goal: a group goes on where it was told to, whether its consumers are connected or not, and what
 * they commit meanwhile does not undo it.
 * Method: a broker on loopback; members that speak with it on the wire.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { BrokerOptions } from '../../../../net/broker/options/broker-config.ts'
import { decodeBody } from '../../../../net/protocol/json-shape.ts'
import { RequestCode } from '../../../../net/protocol/request-code.ts'
import {
  QueryCorrectionOffsetBody,
  ResetOffsetBody,
  ResetOffsetBodyForC,
} from '../../../../net/protocol/reset-offset.ts'
import { ResponseCode } from '../../../../net/protocol/response-code.ts'
import type { RemotingCommand } from '../../../../net/remoting/remoting-command.ts'
import { type Fields, RawMember } from '../../../helpers/raw-member.ts'
import { pullFields, RunningStandalone, sendFields } from '../../../helpers/running-standalone.ts'

const TOPIC = 'orders'
const GROUP = 'shop'
/** Suspend, and a subscription of its own. */
const SUSPEND = 2 | 4
/** The same with a commit. */
const COMMIT = 1

let running: RunningStandalone
let member: RawMember

beforeEach(() => open())
afterEach(async () => {
  await member[Symbol.asyncDispose]()
  await running[Symbol.asyncDispose]()
})

async function open(options: BrokerOptions = {}): Promise<void> {
  running = await RunningStandalone.start(options)
  member = new RawMember(running.server.brokerAddress, 'one')
  // Topics have 4 queues here: the sender's wish.
  for (const body of ['a', 'b', 'c']) {
    await member.ask(RequestCode.SEND_MESSAGE_V2, sendFields(TOPIC), Buffer.from(body))
  }
  await member.beat({ group: GROUP, topics: { [TOPIC]: '*' } })
}

/** The same broker with other settings. */
async function reopen(options: BrokerOptions): Promise<void> {
  await member[Symbol.asyncDispose]()
  await running[Symbol.asyncDispose]()
  await open(options)
}

function commit(queueId: number, commitOffset: number, group = GROUP): Promise<RemotingCommand> {
  const fields = { consumerGroup: group, topic: TOPIC, queueId, commitOffset }
  return member.ask(RequestCode.UPDATE_CONSUMER_OFFSET, fields)
}

async function committed(queueId: number, group = GROUP): Promise<string | undefined> {
  const fields = { consumerGroup: group, topic: TOPIC, queueId, setZeroIfNotFound: false }
  const answer = await member.ask(RequestCode.QUERY_CONSUMER_OFFSET, fields)
  return answer.extFields.get('offset')
}

function reset(fields: Fields, language?: string): Promise<RemotingCommand> {
  const asked = { topic: TOPIC, group: GROUP, timestamp: -1, isForce: true, ...fields }
  return member.ask(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, asked, undefined, language)
}

function pull(queueOffset: number, more: Fields = {}): Promise<RemotingCommand> {
  const fields = { consumerGroup: GROUP, queueOffset, ...more }
  return member.ask(RequestCode.PULL_MESSAGE, pullFields(TOPIC, fields))
}

function table(answer: RemotingCommand): (readonly [number, number])[] {
  expect(answer).toMatchObject({ code: ResponseCode.SUCCESS })
  const { offsetTable } = decodeBody(ResetOffsetBody, answer.body)
  return offsetTable.map(([{ queueId }, offset]) => [queueId, offset] as const)
}

describe('a reset in the broker', () => {
  test('puts all queues to a time, or to their end when the time is negative', async () => {
    const future = Date.now() + 60_000
    expect(table(await reset({ timestamp: 0 }))).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
      [3, 0],
    ])
    expect(table(await reset({ timestamp: future }))).toEqual([
      [0, 3],
      [1, 0],
      [2, 0],
      [3, 0],
    ])
    expect(table(await reset({ timestamp: -1 }))).toEqual([
      [0, 3],
      [1, 0],
      [2, 0],
      [3, 0],
    ])
    expect(await committed(0)).toBe('3')
    const answer = await reset({ timestamp: -1 })
    const { offsetTable } = decodeBody(ResetOffsetBody, answer.body)
    const { brokerName } = running.server.broker.config
    expect(offsetTable[0]).toEqual([{ brokerName, queueId: 0, topic: TOPIC }, 3])
  })

  test('of a group whose consumers are away counts when they come', async () => {
    await commit(0, 3)
    await member.ask(RequestCode.UNREGISTER_CLIENT, { clientID: 'one', consumerGroup: GROUP })
    await reset({ timestamp: 0 })
    expect(await committed(0)).toBe('0')
  })

  test('is told once to a pull, and no commit before that undoes it', async () => {
    await commit(0, 3)
    await reset({ queueId: 0, offset: 1, timestamp: 0 })
    const late = await commit(0, 3)
    expect(late).toMatchObject({ code: 0, remark: 'Offset has been previously reset' })
    const told = await pull(3, { sysFlag: COMMIT | SUSPEND, commitOffset: 3 })
    expect(told).toMatchObject({ code: ResponseCode.PULL_OFFSET_MOVED, remark: 'OFFSET_RESET' })
    expect(Object.fromEntries(told.extFields)).toMatchObject({
      nextBeginOffset: '1',
      minOffset: '0',
      maxOffset: '3',
      suggestWhichBrokerId: '0',
    })
    expect(await committed(0)).toBe('1')
    const wait = { sysFlag: SUSPEND, suspendTimeoutMillis: 10_000 }
    expect((await pull(1, wait)).code).toBe(ResponseCode.SUCCESS)
    await commit(0, 2)
    expect(await committed(0)).toBe('2')
  })

  test('wakes the pulls of the group that wait, and no others', async () => {
    const own = pull(3, { sysFlag: SUSPEND, suspendTimeoutMillis: 60_000 })
    const others = pull(3, {
      consumerGroup: 'bank',
      sysFlag: SUSPEND,
      suspendTimeoutMillis: 60_000,
    })
    let othersAreTold = false
    void others.then(() => (othersAreTold = true))
    // Both have parked when a third question, asked behind them, is answered.
    await committed(0)
    await reset({ timestamp: 0 })
    expect((await own).extFields.get('nextBeginOffset')).toBe('0')
    expect(othersAreTold).toBe(false)
    await member.ask(RequestCode.SEND_MESSAGE_V2, sendFields(TOPIC), Buffer.from('d'))
    expect((await others).code).toBe(ResponseCode.SUCCESS)
  })

  test.each([
    [{ topic: 'nowhere' }, ResponseCode.TOPIC_NOT_EXIST, 'Topic nowhere does not exist'],
    [{ group: 'nobody' }, ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, 'Group nobody does not exist'],
    [
      { queueId: 0, offset: 5 },
      ResponseCode.SYSTEM_ERROR,
      'Target offset 5 not in consume queue range [0-3]',
    ],
    [{ queueId: 9, offset: 0 }, ResponseCode.SYSTEM_ERROR, 'topic orders has no queue 9'],
  ])('with %o is refused', async (fields, code, remark) => {
    expect(await reset(fields)).toMatchObject({ code, remark })
  })

  test('survives a deleted topic: the next of its name begins anew', async () => {
    await reset({ timestamp: -1 })
    await member.ask(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: TOPIC })
    await member.ask(RequestCode.SEND_MESSAGE_V2, sendFields(TOPIC), Buffer.from('again'))
    expect((await pull(0, { sysFlag: SUSPEND, suspendTimeoutMillis: 5_000 })).code).toBe(0)
  })
})

describe('a reset without useServerSideResetOffset', () => {
  test('is pushed to the connected consumers', async () => {
    await reopen({ useServerSideResetOffset: false })
    for (const queueId of [0, 1, 2, 3]) await commit(queueId, queueId === 0 ? 2 : 0)
    expect(table(await reset({ timestamp: -1 }))).toEqual([
      [0, 3],
      [1, 0],
      [2, 0],
      [3, 0],
    ])
    expect(table(await reset({ timestamp: -1, isForce: false }))[0]).toEqual([0, 2])
    await vi.waitFor(() =>
      expect(member.pushed(RequestCode.RESET_CONSUMER_CLIENT_OFFSET)).toHaveLength(2),
    )
    const [push] = member.pushed(RequestCode.RESET_CONSUMER_CLIENT_OFFSET)
    expect(Object.fromEntries(push?.extFields ?? [])).toMatchObject({
      topic: TOPIC,
      group: GROUP,
      timestamp: '-1',
    })
    const { offsetTable } = decodeBody(ResetOffsetBody, push?.body ?? Buffer.alloc(0))
    expect(offsetTable.map(([queue, offset]) => [queue.queueId, offset])[0]).toEqual([0, 3])
    expect(await committed(0)).toBe('2')
  })

  test('gives clients in C++ the list that they read', async () => {
    await reopen({ useServerSideResetOffset: false })
    for (const queueId of [0, 1, 2, 3]) await commit(queueId, 0)
    await reset({ timestamp: -1 }, 'CPP')
    await vi.waitFor(() =>
      expect(member.pushed(RequestCode.RESET_CONSUMER_CLIENT_OFFSET)).toHaveLength(1),
    )
    const [push] = member.pushed(RequestCode.RESET_CONSUMER_CLIENT_OFFSET)
    const { offsetTable } = decodeBody(ResetOffsetBodyForC, push?.body ?? Buffer.alloc(0))
    expect(offsetTable[0]).toMatchObject({ topic: TOPIC, queueId: 0, offset: 3 })
  })

  test('needs a group that has read all queues, and consumers that are there', async () => {
    await reopen({ useServerSideResetOffset: false })
    expect(await reset({})).toMatchObject({
      code: 1,
      remark: 'THe consumer group <shop> not exist',
    })
    for (const queueId of [0, 1, 2, 3]) await commit(queueId, 0)
    await member.ask(RequestCode.UNREGISTER_CLIENT, { clientID: 'one', consumerGroup: GROUP })
    expect((await reset({})).code).toBe(ResponseCode.CONSUMER_NOT_ONLINE)
  })
})

describe('offsets of groups', () => {
  const clone = (fields: Fields) =>
    member.ask(RequestCode.CLONE_GROUP_OFFSET, { srcGroup: GROUP, destGroup: 'copy', ...fields })

  test('are cloned by topic, or for all topics', async () => {
    await commit(0, 2)
    await commit(1, 0)
    expect((await clone({ topic: TOPIC })).code).toBe(ResponseCode.SUCCESS)
    expect([await committed(0, 'copy'), await committed(1, 'copy')]).toEqual(['2', '0'])
    await commit(0, 3)
    await clone({})
    expect([await committed(0, 'copy'), await committed(0)]).toEqual(['3', '3'])
  })

  test('of a topic that is no longer subscribed to are cloned only when asked', async () => {
    await commit(0, 2)
    await member.beat({ group: GROUP, topics: { bills: '*' }, subVersion: 2 })
    await clone({ topic: TOPIC })
    expect(await committed(0, 'copy')).toBeUndefined()
    await clone({ topic: TOPIC, offline: true })
    expect(await committed(0, 'copy')).toBe('2')
  })

  test('are compared: the slowest counts where it is not ahead', async () => {
    for (const group of ['slow', 'quick', 'idle'])
      await member.beat({ group, topics: { [TOPIC]: '*' } })
    await commit(0, 1, 'slow')
    await commit(1, 0, 'slow')
    await commit(0, 3, 'quick')
    await commit(0, 0, 'idle')
    const correction = async (fields: Fields) => {
      const asked = { topic: TOPIC, ...fields }
      const answer = await member.ask(RequestCode.QUERY_CORRECTION_OFFSET, asked)
      return Object.fromEntries(
        decodeBody(QueryCorrectionOffsetBody, answer.body).correctionOffsets,
      )
    }
    expect(await correction({ compareGroup: 'quick' })).toEqual({ 0: '0', 1: '0' })
    const filtered = { compareGroup: 'quick', filterGroups: 'idle' }
    expect(await correction(filtered)).toEqual({ 0: '1', 1: '0' })
    const behind = { compareGroup: 'idle', filterGroups: 'idle' }
    expect(await correction(behind)).toEqual({ 0: '9223372036854775807', 1: '0' })
    expect(await committed(0, 'idle')).toBe('0')
  })
})
