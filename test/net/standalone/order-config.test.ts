/**
 * Goal: the order that an administrator fixes for a topic at the name server stands in its route,
 * and producers send to those queues and no others; when it is taken back, all queues are sent to
 * again.
 * Method: a standalone, the requests of `mqadmin updateOrderConf`, and this package's client.
 */
import { expect, test } from 'vitest'
import { Producer } from '../../../net/client/index.ts'
import { decodeBody } from '../../../net/protocol/json-shape.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../net/protocol/response-code.ts'
import { TopicRouteData } from '../../../net/protocol/topic-route.ts'
import type { RemotingCommand } from '../../../net/remoting/remoting-command.ts'
import { requestOf } from '../../helpers/driven-broker.ts'
import { RunningStandalone, sendFields } from '../../helpers/running-standalone.ts'

const { DELETE_KV_CONFIG, GET_KV_CONFIG, GET_ROUTEINFO_BY_TOPIC, PUT_KV_CONFIG } = RequestCode
const KEY = { namespace: 'ORDER_TOPIC_CONFIG', key: 'T' }
const SETTING = 'orderMessageEnable=true'
const SENDS = 12

function askNameServer(
  running: RunningStandalone,
  code: number,
  fields: Record<string, string>,
): Promise<RemotingCommand> {
  return running.client.invoke(running.server.nameServerAddress, requestOf(code, fields), 5_000)
}

async function orderOf(running: RunningStandalone): Promise<string | undefined> {
  const answer = await askNameServer(running, GET_ROUTEINFO_BY_TOPIC, { topic: 'T' })
  return decodeBody(TopicRouteData, answer.body).orderTopicConf
}

/** The queues that a producer sends to in turn. */
async function queuesSentTo(running: RunningStandalone): Promise<number[]> {
  await using producer = await Producer.start({
    nameServers: [running.server.nameServerAddress],
    group: 'writers',
  })
  const queues = new Set<number>()
  for (let count = 0; count < SENDS; count += 1) {
    const { queue } = await producer.send({ topic: 'T', body: Buffer.from('m') })
    queues.add(queue.queueId)
  }
  return [...queues].sort((left, right) => left - right)
}

test('an order config is in the route, and says which queues are sent to', async () => {
  await using running = await RunningStandalone.start()
  const { brokerName } = running.server.broker.config
  // Off by default, as in RocketMQ.
  const setting = requestOf(RequestCode.UPDATE_NAMESRV_CONFIG, {}, Buffer.from(SETTING))
  await running.client.invoke(running.server.nameServerAddress, setting, 5_000)
  await running.ask(RequestCode.SEND_MESSAGE_V2, sendFields('T'))
  await expect.poll(() => orderOf(running).catch(() => 'no route')).toBeUndefined()
  expect(await queuesSentTo(running)).toEqual([0, 1, 2, 3])

  const value = `${brokerName}:2`
  expect((await askNameServer(running, PUT_KV_CONFIG, { ...KEY, value })).code).toBe(0)
  expect(await orderOf(running)).toBe(value)
  expect(await queuesSentTo(running)).toEqual([0, 1])
  const read = await askNameServer(running, GET_KV_CONFIG, KEY)
  expect(read.extFields.get('value')).toBe(value)

  expect((await askNameServer(running, DELETE_KV_CONFIG, KEY)).code).toBe(0)
  expect(await orderOf(running)).toBeUndefined()
  expect(await queuesSentTo(running)).toEqual([0, 1, 2, 3])
  expect((await askNameServer(running, GET_KV_CONFIG, KEY)).code).toBe(ResponseCode.QUERY_NOT_FOUND)
})
