/**
 * Goal: a name server starts, answers, and ends as everything here does.
 * Method: live servers on free ports of loopback.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { NameServer } from '../../../net/namesrv/index.ts'
import { BrokerMemberGroupBody, ClusterInfo } from '../../../net/protocol/cluster-info.ts'
import { decodeBody } from '../../../net/protocol/json-shape.ts'
import { TopicList } from '../../../net/protocol/name-server-topic.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../net/protocol/response-code.ts'
import { BROKER_FIELDS, LiveNameServer } from './live-name-server.ts'

test('a free port is taken and told', async () => {
  await using server = await NameServer.start({ port: 0 })
  expect(server.port).toBeGreaterThan(0)
  expect(server.address).toBe(`127.0.0.1:${server.port}`)
  expect(server.status).toBe('open')
})

test('a taken port is refused, and the one who has it goes on', async () => {
  await using live = await LiveNameServer.start()
  const second = NameServer.start({ port: live.server.port })
  await expect(second).rejects.toMatchObject({ code: 'REMOTING_LISTEN_FAILED' })
  expect((await live.ask(RequestCode.GET_BROKER_CLUSTER_INFO)).code).toBe(0)
})

test('KV configs outlive the name server that has a file for them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'agena-namesrv-'))
  const kvConfigPath = join(folder, 'namesrv', 'kvConfig.json')
  const config = { namespace: 'NS', key: 'a' }
  try {
    for (const value of ['1', '2']) {
      await using live = await LiveNameServer.start({ kvConfigPath })
      const before = await live.ask(RequestCode.GET_KV_CONFIG, config)
      expect(before.extFields.get('value')).toBe(value === '1' ? undefined : '1')
      await live.ask(RequestCode.PUT_KV_CONFIG, { ...config, value })
    }
    await using live = await LiveNameServer.start({ kvConfigPath })
    const answer = await live.ask(RequestCode.GET_KV_CONFIG, config)
    expect(answer.extFields.get('value')).toBe('2')
    await mkdir(`${kvConfigPath}.tmp`)
    const failed = await live.ask(RequestCode.PUT_KV_CONFIG, { ...config, value: '3' })
    expect(failed.code).toBe(ResponseCode.SYSTEM_ERROR)
    expect(failed.remark).toContain(kvConfigPath)
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a broken file of KV configs keeps the name server from starting', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'agena-namesrv-'))
  const kvConfigPath = join(folder, 'kvConfig.json')
  try {
    await writeFile(kvConfigPath, '{"configTable":')
    const start = NameServer.start({ port: 0, kvConfigPath })
    await expect(start).rejects.toMatchObject({ code: 'NAMESRV_KV_CONFIG_UNREADABLE' })
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('no routes are answered until brokers had time to register', async () => {
  await using live = await LiveNameServer.start({ needWaitForService: true })
  await live.register()
  const ask = { topic: 'topic-1' }
  const early = await live.ask(RequestCode.GET_ROUTEINFO_BY_TOPIC, ask)
  expect(early.code).toBe(ResponseCode.SYSTEM_ERROR)
  const settings = Buffer.from('needWaitForService=false')
  await live.ask(RequestCode.UPDATE_NAMESRV_CONFIG, {}, settings)
  expect((await live.ask(RequestCode.GET_ROUTEINFO_BY_TOPIC, ask)).code).toBe(0)
})

test('each client is answered with the addresses by which it reaches brokers', async () => {
  await using live = await LiveNameServer.start({
    brokerAddressFor: (address, { remotePort }) => address.replace('10911', String(remotePort)),
  })
  const registered = await live.register()
  expect(registered.code).toBe(0)
  const client = live.client()
  const { localPort } = await client.connection(live.server.address)
  const expected = new Map([[0, `192.0.2.1:${localPort}`]])
  const ask = async (code: number): Promise<Buffer> => {
    const fields = { ...BROKER_FIELDS, topic: 'topic-1' }
    return (await live.ask(code, fields, undefined, client)).body
  }
  const clusterInfo = decodeBody(ClusterInfo, await ask(RequestCode.GET_BROKER_CLUSTER_INFO))
  expect(clusterInfo.brokerAddrTable.get('broker-a')?.brokerAddrs).toEqual(expected)
  const group = await ask(RequestCode.GET_BROKER_MEMBER_GROUP)
  const { brokerMemberGroup } = decodeBody(BrokerMemberGroupBody, group)
  expect(brokerMemberGroup?.brokerAddrs).toEqual(expected)
  const system = decodeBody(TopicList, await ask(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS))
  expect(system.brokerAddr).toBe(expected.get(0))
  const [own] = (await live.route('topic-1'))?.brokerDatas ?? []
  expect(own?.brokerAddrs.get(0)).toMatch(/^192\.0\.2\.1:\d+$/)
  expect(own?.brokerAddrs).not.toEqual(expected)
})

test('a closed name server has let its port go, and says so twice', async () => {
  const live = await LiveNameServer.start()
  await live.register()
  const { port } = live.server
  const closing = live.server.close()
  expect(live.server.close()).toBe(closing)
  await closing
  expect(await live.server.closed).toBeUndefined()
  await using again = await NameServer.start({ port })
  expect(again.port).toBe(port)
  await live[Symbol.asyncDispose]()
})

test('a destroyed name server ends its connections with the reason', async () => {
  const live = await LiveNameServer.start()
  await live.register()
  const client = live.client()
  const connection = await client.connection(live.server.address)
  const reason = new Error('enough')
  await live.server.destroy(reason)
  expect(await live.server.closed).toBe(reason)
  await connection.closed
  await live[Symbol.asyncDispose]()
})
