/** Who may send and who may pull: by topic, by group, by broker. */
import { describe, expect, test } from 'vitest'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../net/protocol/response-code.ts'
import type { RemotingCommand } from '../../../net/remoting/remoting-command.ts'
import { RawMember } from '../../helpers/raw-member.ts'
import { pullFields, RunningStandalone, sendFields } from '../../helpers/running-standalone.ts'
import { whenBuilt } from '../../helpers/until.ts'

const { PULL_MESSAGE, SEND_MESSAGE_V2, UPDATE_BROKER_CONFIG } = RequestCode
const { SUCCESS, NO_PERMISSION } = ResponseCode
const READ = 4
const WRITE = 2

/** Resolves when what was sent can be pulled. */
async function send(running: RunningStandalone): Promise<RemotingCommand> {
  const answer = await running.ask(SEND_MESSAGE_V2, sendFields('T'), Buffer.from('a'))
  await whenBuilt(running.server.broker.store)
  return answer
}

function pull(
  running: RunningStandalone,
  more: Readonly<Record<string, string | number>> = {},
): Promise<RemotingCommand> {
  return running.ask(PULL_MESSAGE, pullFields('T', more))
}

async function permitTopic(running: RunningStandalone, perm: number): Promise<void> {
  const answer = await running.ask(RequestCode.UPDATE_AND_CREATE_TOPIC, {
    topic: 'T',
    defaultTopic: 'TBW102',
    readQueueNums: 4,
    writeQueueNums: 4,
    perm,
    topicFilterType: 'SINGLE_TAG',
    order: false,
  })
  expect(answer.code).toBe(SUCCESS)
}

async function codes(running: RunningStandalone): Promise<readonly [number, number]> {
  return [(await send(running)).code, (await pull(running)).code]
}

/** What a send and a pull are answered with, by permission. */
const ANSWERS = [
  [READ | WRITE, SUCCESS, SUCCESS],
  [READ, NO_PERMISSION, SUCCESS],
  [WRITE, SUCCESS, NO_PERMISSION],
  [0, NO_PERMISSION, NO_PERMISSION],
  [READ | WRITE, SUCCESS, SUCCESS],
] as const

test('a topic is read and written as its permission says, at once', async () => {
  await using running = await RunningStandalone.start()
  await send(running)
  for (const [perm, sent, pulled] of ANSWERS) {
    await permitTopic(running, perm)
    expect(await codes(running), `permission ${perm}`).toEqual([sent, pulled])
  }
})

test('a broker lets nobody do with any topic what it does not permit, at once', async () => {
  await using running = await RunningStandalone.start()
  await send(running)
  for (const [perm, sent, pulled] of ANSWERS) {
    const settings = Buffer.from(`brokerPermission=${perm}`)
    expect((await running.ask(UPDATE_BROKER_CONFIG, {}, settings)).code).toBe(SUCCESS)
    expect(await codes(running), `permission ${perm}`).toEqual([sent, pulled])
  }
})

test('a consumer that waits is answered when its topic may no longer be read', async () => {
  await using running = await RunningStandalone.start()
  await send(running)
  // For longer than its answer is waited for, and it comes to the broker before the change does.
  const waiting = pull(running, { queueOffset: 1, sysFlag: 2 | 4, suspendTimeoutMillis: 60_000 })
  await permitTopic(running, WRITE)
  expect((await waiting).code).not.toBe(SUCCESS)
})

test('a group whose consumers are switched off pulls nothing', async () => {
  await using running = await RunningStandalone.start()
  await send(running)
  for (const [consumeEnable, code] of [
    [false, NO_PERMISSION],
    [true, SUCCESS],
  ] as const) {
    const group = Buffer.from(JSON.stringify({ groupName: 'readers', consumeEnable }))
    await running.ask(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, {}, group)
    expect((await pull(running)).code).toBe(code)
  }
})

describe('a pull by the subscription of its group', () => {
  async function beat(running: RunningStandalone, subVersion: number): Promise<void> {
    const subscription = { topic: 'T', subString: 'blue', tagsSet: ['blue'], subVersion }
    const consumer = {
      groupName: 'readers',
      consumeType: 'CONSUME_PASSIVELY',
      messageModel: 'CLUSTERING',
      consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
      subscriptionDataSet: [{ ...subscription, codeSet: [3_027_034], expressionType: 'TAG' }],
    }
    const heartbeat = { clientID: 'one', consumerDataSet: [consumer], producerDataSet: [] }
    const body = Buffer.from(JSON.stringify(heartbeat))
    expect((await running.ask(RequestCode.HEART_BEAT, {}, body)).code).toBe(SUCCESS)
  }

  test('is told when that is missing or older than the pull', async () => {
    await using running = await RunningStandalone.start()
    await send(running)
    const ask = (subVersion: number) => pull(running, { sysFlag: 0, subVersion })
    expect((await ask(5)).code).toBe(ResponseCode.SUBSCRIPTION_NOT_EXIST)
    await beat(running, 4)
    expect((await ask(5)).code).toBe(ResponseCode.SUBSCRIPTION_NOT_LATEST)
    await beat(running, 5)
    // The message has no tag, so the subscription passes it over.
    expect((await ask(5)).code).toBe(ResponseCode.PULL_RETRY_IMMEDIATELY)
  })
})

describe('a pull of a group', () => {
  async function pulled(
    member: RawMember,
    more: Readonly<Record<string, string | number>> = {},
  ): Promise<readonly [number, string | undefined]> {
    const fields = pullFields('T', { consumerGroup: 'shop', sysFlag: 0, subVersion: 1, ...more })
    const { code, extFields } = await member.ask(PULL_MESSAGE, fields)
    return [code, extFields.get('forbiddenType')]
  }

  function putGroup(running: RunningStandalone, fields: object): Promise<RemotingCommand> {
    const body = Buffer.from(JSON.stringify({ groupName: 'shop', ...fields }))
    return running.ask(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, {}, body)
  }

  test('that broadcasts is refused where the group may not', async () => {
    await using running = await RunningStandalone.start()
    await using member = new RawMember(running.server.brokerAddress, 'one')
    await send(running)
    await member.beat({ group: 'shop', topics: { T: '*' }, messageModel: 'BROADCASTING' })
    expect(await pulled(member)).toEqual([SUCCESS, undefined])
    await putGroup(running, { consumeBroadcastEnable: false })
    expect(await pulled(member)).toEqual([NO_PERMISSION, '4'])
    await member.beat({ group: 'shop', topics: { T: '*' }, messageModel: 'CLUSTERING' })
    expect(await pulled(member)).toEqual([SUCCESS, undefined])
  })

  test('that may not read one topic is refused there alone', async () => {
    await using running = await RunningStandalone.start()
    await using member = new RawMember(running.server.brokerAddress, 'one')
    await send(running)
    await member.beat({ group: 'shop', topics: { T: '*' } })
    const permit = (topic: string, readable: boolean) =>
      member.ask(RequestCode.UPDATE_AND_GET_GROUP_FORBIDDEN, { group: 'shop', topic, readable })
    await permit('other', false)
    expect(await pulled(member)).toEqual([SUCCESS, undefined])
    await permit('T', false)
    expect(await pulled(member)).toEqual([NO_PERMISSION, '5'])
    await permit('T', true)
    expect(await pulled(member)).toEqual([SUCCESS, undefined])
  })

  test('says who forbids it', async () => {
    await using running = await RunningStandalone.start()
    await using member = new RawMember(running.server.brokerAddress, 'one')
    await send(running)
    await member.beat({ group: 'shop', topics: { T: '*' } })
    await permitTopic(running, WRITE)
    expect(await pulled(member)).toEqual([NO_PERMISSION, '3'])
    await putGroup(running, { consumeEnable: false })
    expect(await pulled(member)).toEqual([NO_PERMISSION, '2'])
    const config = Buffer.from('brokerPermission=2\n')
    expect((await running.ask(UPDATE_BROKER_CONFIG, {}, config)).code).toBe(SUCCESS)
    expect(await pulled(member)).toEqual([NO_PERMISSION, '1'])
  })
})
