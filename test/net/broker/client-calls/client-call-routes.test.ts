/**
 * Goal: what an admin tool asks of one consumer reaches that consumer, and the answer comes back.
 * Method: a broker on loopback; members that answer, refuse, or are gone.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { messagesIn } from '../../../../engine/format/stored-message.ts'
import { ConsumerList } from '../../../../net/protocol/consumer-list.ts'
import { GetConsumerStatusBody } from '../../../../net/protocol/consumer-status.ts'
import { decodeBody, encodeBody } from '../../../../net/protocol/json-shape.ts'
import { RequestCode } from '../../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../../net/protocol/response-code.ts'
import { createResponse, type RemotingCommand } from '../../../../net/remoting/remoting-command.ts'
import { type Fields, RawMember } from '../../../helpers/raw-member.ts'
import { RunningStandalone, sendFields } from '../../../helpers/running-standalone.ts'

const TOPIC = 'orders'
const GROUP = 'shop'

let running: RunningStandalone
const members: RawMember[] = []

beforeEach(async () => {
  running = await RunningStandalone.start()
})
afterEach(async () => {
  for (const member of members.splice(0)) await member[Symbol.asyncDispose]()
  await running[Symbol.asyncDispose]()
})

async function join(
  clientId: string,
  answer?: (request: RemotingCommand) => RemotingCommand | undefined,
): Promise<RawMember> {
  const member = new RawMember(running.server.brokerAddress, clientId, answer)
  members.push(member)
  await member.beat({ group: GROUP, topics: { [TOPIC]: '*' } })
  return member
}

function ask(code: number, fields: Fields): Promise<RemotingCommand> {
  return running.ask(code, fields)
}

test('running info is the answer of the client that was named', async () => {
  const told = (clientId: string) => (request: RemotingCommand) =>
    createResponse(request, ResponseCode.SUCCESS, {
      body: Buffer.from(`{"properties":"${clientId}"}`),
    })
  const one = await join('one', told('one'))
  const two = await join('two', told('two'))
  const fields = { consumerGroup: GROUP, clientId: 'two', jstackEnable: true }
  const answer = await ask(RequestCode.GET_CONSUMER_RUNNING_INFO, fields)
  expect(answer.code).toBe(ResponseCode.SUCCESS)
  expect(answer.body.toString()).toBe('{"properties":"two"}')
  const [call] = two.pushed(RequestCode.GET_CONSUMER_RUNNING_INFO)
  expect(Object.fromEntries(call?.extFields ?? [])).toEqual({
    consumerGroup: GROUP,
    clientId: 'two',
    jstackEnable: 'true',
  })
  expect(one.pushed(RequestCode.GET_CONSUMER_RUNNING_INFO)).toEqual([])
})

test('what a client refuses is refused with its code and remark', async () => {
  await join('one', (request) => createResponse(request, 1, { remark: 'not now' }))
  const fields = { consumerGroup: GROUP, clientId: 'one' }
  const answer = await ask(RequestCode.GET_CONSUMER_RUNNING_INFO, fields)
  expect(answer).toMatchObject({ code: ResponseCode.SYSTEM_ERROR, remark: 'not now' })
})

test('a client that is not there, or leaves meanwhile, is named', async () => {
  const fields = { consumerGroup: GROUP, clientId: 'one' }
  const missing = await ask(RequestCode.GET_CONSUMER_RUNNING_INFO, fields)
  expect(missing).toMatchObject({ code: 1, remark: 'The Consumer <shop> <one> not online' })
  const leaving = await join('one', () => {
    void leaving[Symbol.asyncDispose]()
    return undefined
  })
  const left = await ask(RequestCode.GET_CONSUMER_RUNNING_INFO, fields)
  expect(left.code).toBe(ResponseCode.SYSTEM_ERROR)
  expect(left.remark).toMatch(/^invoke consumer <shop> <one> Exception: .*connection/)
})

test('a message is consumed directly by the client that was named', async () => {
  const sent = await running.ask(
    RequestCode.SEND_MESSAGE_V2,
    sendFields(TOPIC),
    Buffer.from('once'),
  )
  const messageId = sent.extFields.get('msgId') ?? ''
  const member = await join('one', (request) =>
    createResponse(request, ResponseCode.SUCCESS, {
      body: Buffer.from('{"consumeResult":"CR_SUCCESS"}'),
    }),
  )
  const fields = { consumerGroup: GROUP, clientId: 'one', msgId: messageId, topic: TOPIC }
  const answer = await ask(RequestCode.CONSUME_MESSAGE_DIRECTLY, fields)
  expect(answer.body.toString()).toBe('{"consumeResult":"CR_SUCCESS"}')
  const [call] = member.pushed(RequestCode.CONSUME_MESSAGE_DIRECTLY)
  expect([...messagesIn(call!.body)].map(({ body }) => body.toString())).toEqual(['once'])
  expect(Object.fromEntries(call!.extFields)).toEqual({
    ...fields,
    brokerName: running.server.broker.config.brokerName,
    topicSysFlag: '0',
    groupSysFlag: '0',
  })
  const nothing = await ask(RequestCode.CONSUME_MESSAGE_DIRECTLY, { ...fields, msgId: 'none' })
  expect(nothing).toMatchObject({
    code: 1,
    remark: 'can not find message by the offset message id <none>',
  })
})

test('the status of consumers is gathered, without those that do not tell', async () => {
  const queue = { brokerName: 'b', queueId: 0, topic: TOPIC }
  const told = (offset: number) => (request: RemotingCommand) => {
    if (request.code !== RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT) return undefined
    const status = { consumerTable: new Map(), messageQueueTable: [[queue, offset]] }
    const body = encodeBody(GetConsumerStatusBody, status as GetConsumerStatusBody)
    return createResponse(request, ResponseCode.SUCCESS, { body })
  }
  await join('one', told(1))
  await join('two', told(2))
  await join('odd', (request) => createResponse(request, ResponseCode.SYSTEM_ERROR))
  const status = async (clientId: string) => {
    const fields = { topic: TOPIC, group: GROUP, clientAddr: clientId }
    const answer = await ask(RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS, fields)
    expect(answer.code).toBe(ResponseCode.SUCCESS)
    return Object.fromEntries(decodeBody(GetConsumerStatusBody, answer.body).consumerTable)
  }
  expect(await status('')).toEqual({ one: [[queue, 1]], two: [[queue, 2]] })
  expect(await status('two')).toEqual({ two: [[queue, 2]] })
  const fields = { topic: TOPIC, group: 'nobody' }
  const nobody = await ask(RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS, fields)
  expect(nobody).toMatchObject({
    code: 1,
    remark: 'No Any Consumer online in the consumer group: [nobody]',
  })
})

test('of two connections of a client the newer is asked', async () => {
  const old = await join('one', (request) => createResponse(request, 1))
  await join('one', (request) => createResponse(request, 0))
  const fields = { consumerGroup: GROUP, clientId: 'one' }
  expect((await ask(RequestCode.GET_CONSUMER_RUNNING_INFO, fields)).code).toBe(0)
  const list = await old.ask(RequestCode.GET_CONSUMER_LIST_BY_GROUP, { consumerGroup: GROUP })
  expect(decodeBody(ConsumerList, list.body).consumerIdList).toEqual(['one'])
})
