/**
 * Goal: a reply reaches the client that asked while it waits, is stored, and whoever replied hears
 * whether it arrived.
 * Method: a broker on loopback; members that ask, reply, refuse, or are gone.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  encodeProperties,
  propertiesFromString,
} from '../../../../engine/format/properties-codec.ts'
import { messagesIn } from '../../../../engine/format/stored-message.ts'
import type { BrokerOptions } from '../../../../net/broker/options/broker-config.ts'
import { RequestCode } from '../../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../../net/protocol/response-code.ts'
import { createResponse, type RemotingCommand } from '../../../../net/remoting/remoting-command.ts'
import { RawMember } from '../../../helpers/raw-member.ts'
import { pullFields, RunningStandalone, sendFields } from '../../../helpers/running-standalone.ts'

const REPLY_TOPIC = 'DefaultCluster_REPLY_TOPIC'
const NOW_MS = 1_700_000_000_000

let running: RunningStandalone
const members: RawMember[] = []

beforeEach(() => open())
afterEach(() => close())

async function open(options: BrokerOptions = {}): Promise<void> {
  running = await RunningStandalone.start(options)
}

async function close(): Promise<void> {
  for (const member of members.splice(0)) await member[Symbol.asyncDispose]()
  await running[Symbol.asyncDispose]()
}

async function asker(
  clientId: string,
  answer: (request: RemotingCommand) => RemotingCommand | undefined = (request) =>
    createResponse(request, ResponseCode.SUCCESS),
): Promise<RawMember> {
  const member = new RawMember(running.server.brokerAddress, clientId, answer)
  members.push(member)
  await member.beat({ group: 'unused', producers: ['askers'] })
  return member
}

function reply(to: string | undefined, body: string): Promise<RemotingCommand> {
  const properties = new Map([['CORRELATION_ID', '42']])
  if (to !== undefined) properties.set('REPLY_TO_CLIENT', to)
  const i = encodeProperties(properties).toString()
  const fields = sendFields(REPLY_TOPIC, { i, h: 7, f: 0 })
  return running.ask(RequestCode.SEND_REPLY_MESSAGE_V2, fields, Buffer.from(body))
}

async function storedReplies(): Promise<string[]> {
  const wait = { sysFlag: 2 | 4, suspendTimeoutMillis: 2_000 }
  const answer = await running.ask(RequestCode.PULL_MESSAGE, pullFields(REPLY_TOPIC, wait))
  return [...messagesIn(answer.body)].map(({ body }) => body.toString())
}

test('a reply is pushed to who asked, with its properties, and stored', async () => {
  const [one, two] = [await asker('one'), await asker('two')]
  const answer = await reply('two', 'because')
  expect(answer.code).toBe(ResponseCode.SUCCESS)
  expect(Object.fromEntries(answer.extFields)).toMatchObject({
    queueId: '0',
    queueOffset: '0',
    MSG_REGION: 'DefaultRegion',
    TRACE_ON: 'true',
  })
  expect(answer.extFields.get('msgId')).toMatch(/^[0-9A-F]{32}$/)
  expect(one.pushes).toEqual([])
  const [push] = two.pushed(RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT)
  expect(push?.body.toString()).toBe('because')
  const header = Object.fromEntries(push!.extFields)
  expect(header).toMatchObject({
    producerGroup: 'writers',
    topic: REPLY_TOPIC,
    defaultTopic: 'TBW102',
    defaultTopicQueueNums: '4',
    queueId: '0',
    sysFlag: '0',
    flag: '7',
    bornTimestamp: String(NOW_MS),
    storeHost: running.server.brokerAddress,
    unitMode: 'false',
  })
  expect(header['bornHost']).toMatch(/^127\.0\.0\.1:\d+$/)
  expect(Number(header['storeTimestamp'])).toBeGreaterThan(NOW_MS)
  expect(Object.fromEntries(propertiesFromString(header['properties'] ?? ''))).toEqual({
    CORRELATION_ID: '42',
    REPLY_TO_CLIENT: 'two',
    PUSH_REPLY_TIME: header['storeTimestamp'],
  })
  expect(await storedReplies()).toEqual(['because'])
})

test('a reply in the long form of the header is the same', async () => {
  const one = await asker('one')
  const properties = encodeProperties(new Map([['REPLY_TO_CLIENT', 'one']])).toString()
  const fields = {
    producerGroup: 'writers',
    topic: REPLY_TOPIC,
    defaultTopic: 'TBW102',
    defaultTopicQueueNums: 4,
    queueId: 0,
    sysFlag: 0,
    bornTimestamp: NOW_MS,
    flag: 0,
    properties,
  }
  const answer = await running.ask(RequestCode.SEND_REPLY_MESSAGE, fields, Buffer.from('long'))
  expect(answer.code).toBe(ResponseCode.SUCCESS)
  expect(one.pushes[0]?.body.toString()).toBe('long')
})

test('who replied hears that nobody took the reply, which is stored nevertheless', async () => {
  await asker('grumpy', (request) => createResponse(request, 1, { remark: 'no' }))
  expect(await reply(undefined, 'a')).toMatchObject({
    code: ResponseCode.SYSTEM_ERROR,
    remark: 'reply message properties[REPLY_TO_CLIENT] is null',
  })
  expect((await reply('nobody', 'b')).remark).toBe(
    'push reply message fail, channel of <nobody> not found.',
  )
  expect(await reply('grumpy', 'c')).toMatchObject({
    code: ResponseCode.SYSTEM_ERROR,
    remark: 'push reply message to grumpyfail.',
  })
  // The last of them may not have its unit yet.
  await expect.poll(storedReplies).toEqual(['a', 'b', 'c'])
})

test('a client is found by its newest connection, and no more once it is gone', async () => {
  const old = await asker('one')
  const fresh = await asker('one')
  expect((await reply('one', 'a')).code).toBe(ResponseCode.SUCCESS)
  expect([old.pushes.length, fresh.pushes.length]).toEqual([0, 1])
  await old.ask(RequestCode.UNREGISTER_CLIENT, { clientID: 'one', producerGroup: 'askers' })
  expect((await reply('one', 'b')).code).toBe(ResponseCode.SUCCESS)
  await fresh.ask(RequestCode.UNREGISTER_CLIENT, { clientID: 'one', producerGroup: 'askers' })
  expect((await reply('one', 'c')).code).toBe(ResponseCode.SYSTEM_ERROR)
})

test('a reply is not stored where replies are not to be', async () => {
  await close()
  await open({ storeReplyMessageEnable: false })
  await asker('one')
  const answer = await reply('one', 'gone')
  expect(Object.fromEntries(answer.extFields)).toMatchObject({ msgId: '0', queueOffset: '0' })
  expect(running.server.broker.store.maxQueueOffset(REPLY_TOPIC, 0)).toBe(0)
})

test('a reply to what may not be sent to is refused', async () => {
  const fields = sendFields('SCHEDULE_TOPIC_XXXX')
  const answer = await running.ask(RequestCode.SEND_REPLY_MESSAGE_V2, fields, Buffer.from('x'))
  expect(answer.code).toBe(ResponseCode.NO_PERMISSION)
})
