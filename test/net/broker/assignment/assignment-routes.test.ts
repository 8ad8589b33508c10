/**
 * Goal: clients that leave it to the broker which queues are theirs get what clients that compute
 * it themselves would come to, and the mode that was set outlives a restart.
 * Method: a name server and a broker on loopback; members that ask.
 */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  MessageRequestModeTable,
  QueryAssignmentResponseBody,
} from '../../../../net/protocol/assignment.ts'
import { decodeBody } from '../../../../net/protocol/json-shape.ts'
import { RequestCode } from '../../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../../net/protocol/response-code.ts'
import type { RemotingCommand } from '../../../../net/remoting/remoting-command.ts'
import { RawMember } from '../../../helpers/raw-member.ts'
import { RunningStandalone } from '../../../helpers/running-standalone.ts'

const TOPIC = 'orders'
const GROUP = 'shop'

let running: RunningStandalone
const members: RawMember[] = []

beforeEach(async () => {
  running = await RunningStandalone.start()
  for (const clientId of ['b', 'a', 'c']) {
    const member = new RawMember(running.server.brokerAddress, clientId)
    members.push(member)
    await member.beat({ group: GROUP, topics: { [TOPIC]: '*' } })
  }
  const fields = {
    topic: TOPIC,
    defaultTopic: 'TBW102',
    readQueueNums: 5,
    writeQueueNums: 5,
    perm: 6,
    topicFilterType: 'SINGLE_TAG',
    order: false,
  }
  await running.ask(RequestCode.UPDATE_AND_CREATE_TOPIC, fields)
  await vi.waitFor(expectRoute, 5_000)
})
afterEach(async () => {
  for (const member of members.splice(0)) await member[Symbol.asyncDispose]()
  await running[Symbol.asyncDispose]()
})

/** The name server has heard of the topic. */
async function expectRoute(): Promise<void> {
  expect(await assigned({ messageModel: 'BROADCASTING' })).toHaveLength(5)
}

async function assigned(more: object): Promise<number[] | undefined> {
  const asked = { topic: TOPIC, consumerGroup: GROUP, clientId: 'a', strategyName: 'AVG', ...more }
  const body = Buffer.from(JSON.stringify(asked))
  const answer = await running.ask(RequestCode.QUERY_ASSIGNMENT, {}, body)
  expect(answer.code).toBe(ResponseCode.SUCCESS)
  const { messageQueueAssignments } = decodeBody(QueryAssignmentResponseBody, answer.body)
  for (const { mode, messageQueue } of messageQueueAssignments ?? []) {
    const { brokerName } = running.server.broker.config
    expect([mode, messageQueue.topic, messageQueue.brokerName]).toEqual(['PULL', TOPIC, brokerName])
  }
  return messageQueueAssignments?.map(({ messageQueue }) => messageQueue.queueId)
}

function setMode(more: object): Promise<RemotingCommand> {
  const asked = { topic: TOPIC, consumerGroup: GROUP, mode: 'PULL', popShareQueueNum: 0, ...more }
  const body = Buffer.from(JSON.stringify(asked))
  return running.ask(RequestCode.SET_MESSAGE_REQUEST_MODE, {}, body)
}

describe('an assignment', () => {
  test.each([
    ['AVG', { a: [0, 1], b: [2, 3], c: [4] }],
    ['AVG_BY_CIRCLE', { a: [0, 3], b: [1, 4], c: [2] }],
  ])('by %s gives each member its share', async (strategyName, shares) => {
    for (const [clientId, share] of Object.entries(shares)) {
      expect(await assigned({ strategyName, clientId })).toEqual(share)
    }
  })

  test('follows the members of the group', async () => {
    await members[2]!.ask(RequestCode.UNREGISTER_CLIENT, { clientID: 'c', consumerGroup: GROUP })
    expect(await assigned({ clientId: 'b' })).toEqual([3, 4])
    expect(await assigned({ clientId: 'c' })).toEqual([])
  })

  test('of everything is what broadcasting consumers get', async () => {
    expect(await assigned({ messageModel: 'BROADCASTING' })).toEqual([0, 1, 2, 3, 4])
  })

  test.each([
    { topic: 'nowhere' },
    { consumerGroup: 'nobody' },
    { strategyName: 'MACHINE_ROOM' },
    { clientId: '' },
  ])('is left as it is for %o', async (more) => {
    expect(await assigned(more)).toBeUndefined()
  })

  test('is of all queues where the broker is not to share them out', async () => {
    const config = Buffer.from('serverLoadBalancerEnable=false\n')
    await running.ask(RequestCode.UPDATE_BROKER_CONFIG, {}, config)
    expect(await assigned({ clientId: 'b' })).toEqual([0, 1, 2, 3, 4])
  })
})

describe('the mode of a group', () => {
  test('is kept in the file that Java has for it', async () => {
    expect((await setMode({ popShareQueueNum: 2 })).code).toBe(ResponseCode.SUCCESS)
    const answer = await running.ask(RequestCode.GET_ALL_MESSAGE_REQUEST_MODE, {})
    const mode = { consumerGroup: GROUP, mode: 'PULL', popShareQueueNum: 2, topic: TOPIC }
    const { messageRequestModeMap } = decodeBody(MessageRequestModeTable, answer.body)
    expect(messageRequestModeMap).toEqual(new Map([[TOPIC, new Map([[GROUP, mode]])]]))
    const { config } = running.server.broker.store.layout
    const saved = await readFile(join(config, 'messageRequestMode.json'), 'utf8')
    expect(JSON.parse(saved)).toEqual({ messageRequestModeMap: { [TOPIC]: { [GROUP]: mode } } })
  })

  test.each([
    [
      { topic: '%RETRY%shop' },
      ResponseCode.NO_PERMISSION,
      'retry topic is not allowed to set mode',
    ],
    [{ topic: 'nowhere' }, ResponseCode.TOPIC_NOT_EXIST, 'topic[nowhere] not exist'],
    [
      { consumerGroup: 'a b' },
      ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
      'subscription group does not exist',
    ],
    [{ mode: 'POP' }, ResponseCode.INVALID_PARAMETER, 'mode POP is not supported yet'],
  ])('with %o is refused', async (more, code, remark) => {
    expect(await setMode(more)).toMatchObject({ code, remark })
  })
})
