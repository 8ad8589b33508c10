/** Pulls with SQL92 filters as clients see them: what comes, what waits, and each refusal. */
import { describe, expect, it } from 'vitest'
import { encodeProperties } from '../../../../engine/format/properties-codec.ts'
import { messagesIn } from '../../../../engine/format/stored-message.ts'
import { RequestCode } from '../../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../../net/protocol/response-code.ts'
import type { RemotingCommand } from '../../../../net/remoting/remoting-command.ts'
import { pullFields, RunningStandalone, sendFields } from '../../../helpers/running-standalone.ts'
import { whenBuilt } from '../../../helpers/until.ts'

const { PULL_MESSAGE, SEND_MESSAGE_V2, HEART_BEAT } = RequestCode
const SUSPEND = 2
const SUBSCRIPTION = 4
const GROUP = 'readers'

type Fields = Readonly<Record<string, string | number>>

async function send(running: RunningStandalone, properties: Record<string, string>): Promise<void> {
  const i = encodeProperties(new Map(Object.entries(properties))).toString()
  const body = Buffer.from(JSON.stringify(properties))
  const answer = await running.ask(SEND_MESSAGE_V2, sendFields('T', { i }), body)
  expect(answer.code).toBe(0)
}

function built(running: RunningStandalone): Promise<void> {
  return whenBuilt(running.server.broker.store)
}

function bodies(answer: RemotingCommand): unknown[] {
  return [...messagesIn(answer.body)].map((message) => JSON.parse(message.body.toString()))
}

function pull(running: RunningStandalone, fields: Fields): Promise<RemotingCommand> {
  return running.ask(PULL_MESSAGE, pullFields('T', { expressionType: 'SQL92', ...fields }))
}

/** A consumer's heartbeat that subscribes to the topic by an expression. */
async function beat(running: RunningStandalone, subString: string, subVersion: number) {
  const subscription = { topic: 'T', subString, subVersion, expressionType: 'SQL92' }
  const consumer = { groupName: GROUP, subscriptionDataSet: [subscription] }
  const data = { clientID: 'one', consumerDataSet: [consumer], producerDataSet: [] }
  const answer = await running.ask(HEART_BEAT, {}, Buffer.from(JSON.stringify(data)))
  expect(answer.code).toBe(0)
}

describe('a pull with a filter of its own', () => {
  it('brings the messages that it matches', async () => {
    await using running = await RunningStandalone.start()
    const all = [{ amount: '1' }, { amount: '5', region: 'north' }, { region: 'north' }]
    for (const properties of all) await send(running, properties)
    await built(running)
    const wanted = await pull(running, { subscription: "region = 'north' and amount > 3" })
    expect(bodies(wanted)).toEqual([all[1]])
    expect(Number(wanted.extFields.get('nextBeginOffset'))).toBe(3)
    const none = await pull(running, { subscription: 'amount > 9' })
    expect(none.code).toBe(ResponseCode.PULL_RETRY_IMMEDIATELY)
    expect(Number(none.extFields.get('nextBeginOffset'))).toBe(3)
    const constant = await pull(running, { subscription: 'TRUE' })
    expect(bodies(constant)).toEqual(all)
  })

  it('looks at hundreds of records in one go', async () => {
    await using running = await RunningStandalone.start()
    for (let n = 0; n < 300; n += 1)
      await send(running, { n: String(n), kind: 'é'.repeat(n % 7) || 'x' })
    await built(running)
    const subscription = "n between 250 and 260 and kind not contains 'x'"
    const seen = bodies(await pull(running, { subscription, maxMsgNums: 32 }))
    expect(seen.map((properties) => (properties as { n: string }).n)).toEqual([
      '250',
      '251',
      '253',
      '254',
      '255',
      '256',
      '257',
      '258',
      '260',
    ])
  })

  it('is refused with the column of what is wrong', async () => {
    await using running = await RunningStandalone.start()
    await send(running, { a: '1' })
    const answer = await pull(running, { subscription: 'a >' })
    expect(answer.code).toBe(ResponseCode.SUBSCRIPTION_PARSE_FAILED)
    expect(answer.remark).toMatch(/at column 4 of "a >"$/)
    const strange = await pull(running, { subscription: 'a', expressionType: 'XPATH' })
    expect(strange.code).toBe(ResponseCode.SUBSCRIPTION_PARSE_FAILED)
  })

  it('is refused where the broker is told to', async () => {
    await using running = await RunningStandalone.start({ enablePropertyFilter: false })
    await send(running, { a: '1' })
    const answer = await pull(running, { subscription: 'a > 1' })
    expect(answer.code).toBe(ResponseCode.SYSTEM_ERROR)
    expect(answer.remark).toMatch(/does not support consumer to filter message by SQL92/)
  })

  it('that waits is ended only by a message that it matches', async () => {
    await using running = await RunningStandalone.start()
    await send(running, { a: '1' })
    await built(running)
    const fields = { queueOffset: 1, sysFlag: SUSPEND | SUBSCRIPTION, suspendTimeoutMillis: 60_000 }
    const waiting = pull(running, { ...fields, subscription: 'a > 5' })
    for (const a of ['2', 'many', '6']) await send(running, { a })
    expect(bodies(await waiting)).toEqual([{ a: '6' }])
  })
})

describe("a pull with its group's filter", () => {
  const ofGroup = (running: RunningStandalone, fields: Fields = {}) =>
    pull(running, { consumerGroup: GROUP, sysFlag: 0, subVersion: 1, ...fields })

  it('brings the messages that the subscription matches', async () => {
    await using running = await RunningStandalone.start()
    for (const a of ['1', '2', '3']) await send(running, { a })
    await built(running)
    await beat(running, 'a >= 2', 1)
    expect(bodies(await ofGroup(running))).toEqual([{ a: '2' }, { a: '3' }])
  })

  it('follows the subscription at once when it changes', async () => {
    await using running = await RunningStandalone.start()
    for (const a of ['1', '2', '3']) await send(running, { a })
    await built(running)
    await beat(running, 'a >= 2', 1)
    const newer = await ofGroup(running, { subVersion: 2 })
    expect(newer.code).toBe(ResponseCode.SUBSCRIPTION_NOT_LATEST)
    await beat(running, 'a < 2', 2)
    expect(bodies(await ofGroup(running, { subVersion: 2 }))).toEqual([{ a: '1' }])
  })

  it('that waits is answered when the subscription changes', async () => {
    await using running = await RunningStandalone.start()
    await send(running, { a: '1' })
    await built(running)
    await beat(running, 'a > 5', 1)
    const waiting = ofGroup(running, {
      queueOffset: 1,
      sysFlag: SUSPEND,
      suspendTimeoutMillis: 60_000,
    })
    await send(running, { a: '2' })
    await built(running)
    await beat(running, 'a < 5', 2)
    expect((await waiting).code).toBe(ResponseCode.PULL_RETRY_IMMEDIATELY)
  })

  it('is refused when the expression was, with the reason', async () => {
    await using running = await RunningStandalone.start()
    await send(running, { a: '1' })
    await beat(running, 'a > 5 and', 1)
    const answer = await ofGroup(running)
    expect(answer.code).toBe(ResponseCode.FILTER_DATA_NOT_EXIST)
    expect(answer.remark).toMatch(/filter data is not exist.*at column 10/)
  })

  it('is refused where the broker is told to', async () => {
    await using running = await RunningStandalone.start({ enablePropertyFilter: false })
    await send(running, { a: '1' })
    await beat(running, 'a > 5', 1)
    expect((await ofGroup(running)).code).toBe(ResponseCode.SYSTEM_ERROR)
  })
})
