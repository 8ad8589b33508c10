/**
 * Goal: names get into a namespace and out of it by Java's rules.
 * Method: the examples of Java's NamespaceUtilTest and NameServerAddressUtilsTest, and a fake
 * cluster for what brokers see.
 */
import { expect, test } from 'vitest'
import { LitePullConsumer } from '../../../net/client/lite-pull-consumer.ts'
import {
  addressInEndpoint,
  namespaceInEndpoint,
  unwrapNamespace,
  withoutNamespace,
  wrapNamespace,
} from '../../../net/client/namespace.ts'
import { Producer } from '../../../net/client/producer.ts'
import { RunningStandalone } from '../../helpers/running-standalone.ts'

const INSTANCE = 'MQ_INST_XXX'

test.each([
  ['topic', 'MQ_INST_XXX%topic'],
  ['%RETRY%group', '%RETRY%MQ_INST_XXX%group'],
  ['%DLQ%group', '%DLQ%MQ_INST_XXX%group'],
  ['MQ_INST_XXX%topic', 'MQ_INST_XXX%topic'],
  ['%RETRY%MQ_INST_XXX%group', '%RETRY%MQ_INST_XXX%group'],
  ['rmq_sys_topic', 'rmq_sys_topic'],
  ['RMQ_SYS_TRACE_TOPIC', 'RMQ_SYS_TRACE_TOPIC'],
  ['CID_RMQ_SYS_group', 'CID_RMQ_SYS_group'],
  ['', ''],
])('%s in the namespace is %s', (name, wrapped) => {
  expect(wrapNamespace(INSTANCE, name)).toBe(wrapped)
  expect(wrapNamespace('', name)).toBe(name)
})

test.each([
  ['MQ_INST_XXX%topic', 'topic', 'topic'],
  ['%RETRY%MQ_INST_XXX%group', '%RETRY%group', '%RETRY%group'],
  ['%DLQ%MQ_INST_XXX%group', '%DLQ%group', '%DLQ%group'],
  ['MQ_INST_OTHER%topic', 'MQ_INST_OTHER%topic', 'topic'],
  ['topic', 'topic', 'topic'],
  ['%topic', '%topic', '%topic'],
  ['rmq_sys_a%b', 'rmq_sys_a%b', 'rmq_sys_a%b'],
])('%s out of the namespace is %s, and out of any %s', (name, own, any) => {
  expect(unwrapNamespace(INSTANCE, name)).toBe(own)
  expect(withoutNamespace(name)).toBe(any)
  expect(unwrapNamespace('', name)).toBe(name)
})

test.each([
  ['http://MQ_INST_1_a.cn.example.com:8080', 'MQ_INST_1_a', 'MQ_INST_1_a.cn.example.com:8080'],
  ['MQ_INST_1_a.cn.example.com:8080', 'MQ_INST_1_a', 'MQ_INST_1_a.cn.example.com:8080'],
  ['http://127.0.0.1:9876', undefined, '127.0.0.1:9876'],
  ['127.0.0.1:9876', undefined, '127.0.0.1:9876'],
  ['MQ_INST_1.example.com:8080', undefined, 'MQ_INST_1.example.com:8080'],
])('the endpoint %s', (endpoint, namespace, address) => {
  expect(namespaceInEndpoint(endpoint)).toBe(namespace)
  expect(addressInEndpoint(endpoint)).toBe(address)
})

test('a consumer by polls sees topics without the namespace, whatever it is asked', async () => {
  await using running = await RunningStandalone.start()
  const nameServers = [`http://${running.server.nameServerAddress}`]
  const inside = { nameServers, namespace: INSTANCE, group: 'g' }
  await using producer = await Producer.start(inside)
  const selector = (queues: readonly { readonly topic: string; readonly queueId: number }[]) => {
    expect(queues.every(({ topic }) => topic === 'T')).toBe(true)
    return queues[1] as never
  }
  const { queue } = await producer.send({ topic: 'T', body: 'x' }, { selector })
  expect(queue).toMatchObject({ topic: 'T', queueId: 1 })
  await using consumer = await LitePullConsumer.start({ ...inside, consumeFrom: 'first' })
  expect((await consumer.fetchQueues('T')).map(({ topic }) => topic)).toEqual(['T', 'T', 'T', 'T'])
  await consumer.assign([queue])
  expect(consumer.assigned).toEqual([queue])
  const [message] = await consumer.poll()
  expect(message).toMatchObject({ topic: 'T', queue })
  expect(message!.properties.get('INSTANCE_ID')).toBe(INSTANCE)
  await consumer.commit()
  expect(await consumer.committed(queue)).toBe(1)
  await consumer.seek(queue, 'first')
  expect((await consumer.poll()).length).toBe(1)
  await using outside = await LitePullConsumer.start({ ...inside, namespace: '' })
  expect(await outside.fetchQueues(`${INSTANCE}%T`)).toHaveLength(4)
})
