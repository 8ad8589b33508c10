/**
 * Goal: a consumer whose pulls are ahead of its heartbeats gets its messages again without waiting
 * for the next heartbeat.
 * Method: a broker on loopback; a member that pulls with a newer version than it told, and answers
 * what Java's client answers, or something of no use.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { deferred } from '../../../../engine/base/deferred.ts'
import { ConsumerConnection } from '../../../../net/protocol/connections.ts'
import { decodeBody } from '../../../../net/protocol/json-shape.ts'
import { RequestCode } from '../../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../../net/protocol/response-code.ts'
import { createResponse, type RemotingCommand } from '../../../../net/remoting/remoting-command.ts'
import type { RequestHandler } from '../../../../net/remoting/request-routes.ts'
import { RawMember } from '../../../helpers/raw-member.ts'
import { pullFields, RunningStandalone, sendFields } from '../../../helpers/running-standalone.ts'
import { until } from '../../../helpers/until.ts'

const TOPIC = 'orders'
const GROUP = 'shop'
const TOLD_VERSION = 1
const PULLED_VERSION = 7

let running: RunningStandalone
let members: RawMember[]

beforeEach(async () => {
  members = []
  running = await RunningStandalone.start()
  await running.ask(RequestCode.SEND_MESSAGE_V2, sendFields(TOPIC), Buffer.from('one'))
})
afterEach(async () => {
  for (const member of members) await member[Symbol.asyncDispose]()
  await running[Symbol.asyncDispose]()
})

/** As fastjson of Apache RocketMQ 5.5.0 writes it: keys of maps are objects, not texts. */
function runningInfo(subString: string, subVersion: number): Buffer {
  const queue = `{"brokerName":"broker-a","queueId":0,"topic":"${TOPIC}"}`
  return Buffer.from(
    `{"mqPopTable":{},"mqTable":{${queue}:{"cachedMsgCount":0,"droped":false}},` +
      '"properties":{"PROP_CONSUMEORDERLY":"true"},"statusTable":{},"subscriptionSet":' +
      `[{"classFilterMode":false,"codeSet":[],"expressionType":"TAG","subString":"${subString}",` +
      `"subVersion":${subVersion},"tagsSet":[],"topic":"${TOPIC}"}],"userConsumerInfo":{}}`,
  )
}

async function join(answer: RequestHandler): Promise<RawMember> {
  const member = new RawMember(running.server.brokerAddress, 'one', answer)
  members.push(member)
  await member.beat({ group: GROUP, topics: { [TOPIC]: '*' }, subVersion: TOLD_VERSION })
  return member
}

function pull(from: RawMember): Promise<RemotingCommand> {
  // The flag of a pull that brings no subscription of its own.
  const fields = { consumerGroup: GROUP, sysFlag: 0, subVersion: PULLED_VERSION }
  return from.ask(RequestCode.PULL_MESSAGE, pullFields(TOPIC, fields))
}

/** Also what was sent has to reach its queue. */
async function untilPulled(from: RawMember, code: number): Promise<void> {
  const wait = { timeout: 20_000, interval: 10 }
  await expect.poll(async () => (await pull(from)).code, wait).toBe(code)
}

test('it is refused, asked, and served by what it answers', async () => {
  const one = await join((request) =>
    createResponse(request, ResponseCode.SUCCESS, { body: runningInfo('*', PULLED_VERSION) }),
  )
  expect((await pull(one)).code).toBe(ResponseCode.SUBSCRIPTION_NOT_LATEST)
  await untilPulled(one, ResponseCode.SUCCESS)
  const [call] = one.pushed(RequestCode.GET_CONSUMER_RUNNING_INFO)
  expect(call?.extFields.get('consumerGroup')).toBe(GROUP)
  expect(call?.extFields.get('clientId')).toBe('one')
})

test('the filter is the one of its answer', async () => {
  const one = await join((request) =>
    createResponse(request, ResponseCode.SUCCESS, { body: runningInfo('blue', PULLED_VERSION) }),
  )
  expect((await pull(one)).code).toBe(ResponseCode.SUBSCRIPTION_NOT_LATEST)
  await untilPulled(one, ResponseCode.PULL_RETRY_IMMEDIATELY)
})

test('of two connections of one client, the one that pulled is asked', async () => {
  const puller = await join((request) =>
    createResponse(request, ResponseCode.SUCCESS, { body: runningInfo('*', PULLED_VERSION) }),
  )
  const newer = await join(() => undefined)
  expect((await pull(puller)).code).toBe(ResponseCode.SUBSCRIPTION_NOT_LATEST)
  await untilPulled(puller, ResponseCode.SUCCESS)
  expect(puller.pushed(RequestCode.GET_CONSUMER_RUNNING_INFO)).toHaveLength(1)
  expect(newer.pushed(RequestCode.GET_CONSUMER_RUNNING_INFO)).toEqual([])
})

test('a late answer takes no topic away that a heartbeat told meanwhile', async () => {
  const answered = deferred<void>()
  const one = await join(async (request) => {
    await answered.promise
    return createResponse(request, ResponseCode.SUCCESS, { body: runningInfo('late', 9) })
  })
  expect((await pull(one)).code).toBe(ResponseCode.SUBSCRIPTION_NOT_LATEST)
  await until(() => one.pushed(RequestCode.GET_CONSUMER_RUNNING_INFO).length > 0)
  await one.beat({ group: GROUP, topics: { [TOPIC]: '*', bills: '*' }, subVersion: PULLED_VERSION })
  answered.resolve()
  const wanted = async (): Promise<Record<string, string>> => {
    const fields = { consumerGroup: GROUP }
    const answer = await one.ask(RequestCode.GET_CONSUMER_CONNECTION_LIST, fields)
    const { subscriptionTable } = decodeBody(ConsumerConnection, answer.body)
    return Object.fromEntries(
      [...subscriptionTable].map(([topic, { subString }]) => [topic, subString]),
    )
  }
  const wait = { timeout: 20_000, interval: 10 }
  await expect.poll(wanted, wait).toEqual({ [TOPIC]: 'late', bills: '*' })
})

test('a client that owes an answer is not asked again', async () => {
  const one = await join(() => undefined)
  for (let pulls = 0; pulls < 3; pulls++) {
    expect((await pull(one)).code).toBe(ResponseCode.SUBSCRIPTION_NOT_LATEST)
  }
  expect(one.pushed(RequestCode.GET_CONSUMER_RUNNING_INFO)).toHaveLength(1)
})

test.each([
  ['a refusal', (request: RemotingCommand) => createResponse(request, 1, { remark: 'no' })],
  [
    'an old version',
    (request: RemotingCommand) =>
      createResponse(request, ResponseCode.SUCCESS, { body: runningInfo('*', TOLD_VERSION) }),
  ],
  ['no body', (request: RemotingCommand) => createResponse(request, ResponseCode.SUCCESS)],
])('%s leaves it refused, and its next heartbeat mends that', async (_name, answer) => {
  const one = await join(answer)
  expect((await pull(one)).code).toBe(ResponseCode.SUBSCRIPTION_NOT_LATEST)
  await until(() => one.pushed(RequestCode.GET_CONSUMER_RUNNING_INFO).length > 0)
  expect((await pull(one)).code).toBe(ResponseCode.SUBSCRIPTION_NOT_LATEST)
  await one.beat({ group: GROUP, topics: { [TOPIC]: '*' }, subVersion: PULLED_VERSION })
  await untilPulled(one, ResponseCode.SUCCESS)
})
