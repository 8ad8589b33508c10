/**
 * Goal: our name server tells what Apache RocketMQ's tells.
 * Method: one Java broker registers with both at once. Every answer of the one is compared with
 * that of the other: bodies to raw requests, and what mqadmin prints.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RequestCode } from '../../net/protocol/request-code.ts'
import { ResponseCode } from '../../net/protocol/response-code.ts'
import { brokerName, clusterName } from './cluster.ts'
import { describeSide } from './lane.ts'
import { type RawAnswer, TwoNameServers } from './two-name-servers.ts'

const TOPIC = 'NamedTopic'
const TOPIC_OF_BROKER = 'TBW102'
const BROKER = { clusterName, brokerName, brokerId: '0' }

let both: TwoNameServers

async function expectSameAnswer(
  code: number,
  fields: Readonly<Record<string, string>> = {},
  body?: Buffer,
): Promise<RawAnswer> {
  const { ours, theirs } = await both.ask(code, fields, body)
  expect(ours).toEqual(theirs)
  return ours
}

/** Both runs of an mqadmin command print the same, rates and the order of lines excepted. */
async function expectSameOutput(command: string, ...words: string[]): Promise<string> {
  const { ours, theirs } = await both.admin(command, ...words)
  expect([ours.stderr, theirs.stderr]).toEqual(['', ''])
  const { addresses } = both
  expect(linesOf(ours.stdout, addresses.ours)).toEqual(linesOf(theirs.stdout, addresses.theirs))
  return ours.stdout
}

describeSide('java', 'a Java broker under our name server and under its own', () => {
  beforeAll(async () => {
    both = await TwoNameServers.start()
    await both.untilBothRoute(TOPIC_OF_BROKER, true)
    const { ours } = both.addresses
    await both.toolbox.admin('updateTopic', '-n', ours, '-c', clusterName, '-t', TOPIC)
    await both.untilBothRoute(TOPIC, true)
  })
  afterAll(async () => {
    await both?.close()
  })
  answersToRequests()
  outputsOfMqadmin()
  endOfTheBroker()
})

function answersToRequests(): void {
  test.each([
    ['GET_ROUTEINFO_BY_TOPIC', { topic: TOPIC }],
    ['GET_ROUTEINFO_BY_TOPIC', { topic: clusterName, acceptStandardJsonOnly: 'true' }],
    ['GET_ROUTEINFO_BY_TOPIC', { topic: 'nowhere' }],
    ['GET_BROKER_CLUSTER_INFO', {}],
    ['GET_BROKER_MEMBER_GROUP', BROKER],
    ['GET_BROKER_MEMBER_GROUP', { clusterName, brokerName: 'nobody' }],
    ['GET_ALL_TOPIC_LIST_FROM_NAMESERVER', {}],
    ['GET_TOPICS_BY_CLUSTER', { cluster: clusterName }],
    ['GET_TOPICS_BY_CLUSTER', { cluster: 'nowhere' }],
    ['GET_SYSTEM_TOPIC_LIST_FROM_NS', {}],
    ['GET_UNIT_TOPIC_LIST', {}],
    ['GET_HAS_UNIT_SUB_TOPIC_LIST', {}],
    ['GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST', {}],
    ['GET_KV_CONFIG', { namespace: 'NS', key: 'nothing' }],
    ['GET_KVLIST_BY_NAMESPACE', { namespace: 'NS' }],
    ['UNREGISTER_BROKER', { ...BROKER, brokerName: 'nobody', brokerAddr: '127.0.0.1:1' }],
    ['BROKER_HEARTBEAT', { ...BROKER, brokerAddr: '127.0.0.1:1' }],
    ['WIPE_WRITE_PERM_OF_BROKER', { brokerName: 'nobody' }],
    ['ADD_WRITE_PERM_OF_BROKER', { brokerName: 'nobody' }],
    ['PULL_MESSAGE', {}],
  ] as const)('%s with %j is answered alike', async (name, fields) => {
    await expectSameAnswer(RequestCode[name], fields)
  })

  test('the version of the topics is known alike', async () => {
    const fields = { ...BROKER, brokerAddr: both.broker.broker }
    const version = Buffer.from('{"counter":0,"stateVersion":0,"timestamp":0}')
    const unlike = await expectSameAnswer(RequestCode.QUERY_DATA_VERSION, fields, version)
    expect(unlike.extFields).toEqual({ changed: 'true' })
    const known = Buffer.from(JSON.stringify(unlike.body))
    const alike = await expectSameAnswer(RequestCode.QUERY_DATA_VERSION, fields, known)
    expect(alike.extFields).toEqual({ changed: 'false' })
  })

  test('a master and its slave register and go alike', registerMasterAndSlave)
}

async function registerMasterAndSlave(): Promise<void> {
  const addresses = { brokerAddr: '192.0.2.1:10911', haServerAddr: '192.0.2.1:10912' }
  const master = { ...BROKER, ...addresses, brokerName: 'raw' }
  const slave = { ...master, brokerId: '1', brokerAddr: '192.0.2.2:10911' }
  const topicConfigTable = Object.fromEntries(
    ['t1', 't2'].map((topicName) => [topicName, { topicName, topicSysFlag: 3 }]),
  )
  const dataVersion = { counter: 1, stateVersion: 0, timestamp: 1 }
  const topicConfigSerializeWrapper = { dataVersion, topicConfigTable }
  const filterServerList = ['192.0.2.1:30000']
  const body = Buffer.from(JSON.stringify({ filterServerList, topicConfigSerializeWrapper }))
  const { REGISTER_BROKER, UNREGISTER_BROKER, GET_BROKER_CLUSTER_INFO } = RequestCode
  const refused = await expectSameAnswer(REGISTER_BROKER, { ...master, bodyCrc32: '1' }, body)
  expect(refused.code).toBe(ResponseCode.SYSTEM_ERROR)
  await expectSameAnswer(REGISTER_BROKER, { ...master, __ZONE_NAME: 'east' }, body)
  const answer = await expectSameAnswer(REGISTER_BROKER, slave, body)
  expect(answer.extFields).toEqual({
    haServerAddr: master.haServerAddr,
    masterAddr: master.brokerAddr,
  })
  const topic = { topic: 't1' }
  const route = await expectSameAnswer(RequestCode.GET_ROUTEINFO_BY_TOPIC, topic)
  expect(route.code).toBe(ResponseCode.SUCCESS)
  await expectSameAnswer(RequestCode.GET_UNIT_TOPIC_LIST)
  await expectSameAnswer(GET_BROKER_CLUSTER_INFO)
  await expectSameAnswer(UNREGISTER_BROKER, master)
  await both.untilBothForget(master.brokerAddr)
  await expectSameAnswer(RequestCode.GET_ROUTEINFO_BY_TOPIC, topic)
  await expectSameAnswer(UNREGISTER_BROKER, slave)
  await both.untilBothForget(slave.brokerAddr)
  await expectSameAnswer(GET_BROKER_CLUSTER_INFO)
}

function outputsOfMqadmin(): void {
  test('mqadmin sees the same cluster, topics and routes', async () => {
    expect(await expectSameOutput('clusterList')).toContain(both.broker.broker)
    expect(await expectSameOutput('topicList')).toContain(TOPIC)
    expect(await expectSameOutput('topicList', '-c')).toContain(clusterName)
    expect(await expectSameOutput('topicRoute', '-t', TOPIC)).toContain(both.broker.broker)
  })

  test('mqadmin wipes and adds the write permission, and the routes show it', async () => {
    const permission = async (): Promise<string | undefined> =>
      /"perm":\s*(\d)/.exec(await expectSameOutput('topicRoute', '-t', TOPIC))?.[1]
    expect(await permission()).toBe('6')
    await expectSameOutput('wipeWritePerm', '-b', brokerName)
    expect(await permission()).toBe('4')
    await expectSameOutput('addWritePerm', '-b', brokerName)
    expect(await permission()).toBe('6')
    await expectSameAnswer(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: TOPIC_OF_BROKER })
  })

  test('mqadmin puts and deletes KV configs', async () => {
    const config = ['-s', 'ORDER_TOPIC_CONFIG', '-k', TOPIC]
    const key = { namespace: 'ORDER_TOPIC_CONFIG', key: TOPIC }
    await expectSameOutput('updateKvConfig', ...config, '-v', `${brokerName}:8`)
    const found = await expectSameAnswer(RequestCode.GET_KV_CONFIG, key)
    expect(found.extFields).toEqual({ value: `${brokerName}:8` })
    await expectSameAnswer(RequestCode.GET_KVLIST_BY_NAMESPACE, key)
    await expectSameOutput('deleteKvConfig', ...config)
    const gone = await expectSameAnswer(RequestCode.GET_KV_CONFIG, key)
    expect(gone.code).toBe(ResponseCode.QUERY_NOT_FOUND)
    await expectSameAnswer(RequestCode.GET_KVLIST_BY_NAMESPACE, key)
  })

  test('mqadmin puts, shows and deletes an order config, and the routes show it', async () => {
    const order = async (): Promise<string | undefined> =>
      /"orderTopicConf":\s*"([^"]*)"/.exec(await expectSameOutput('topicRoute', '-t', TOPIC))?.[1]
    const value = `${brokerName}:2`
    await both.admin('updateNamesrvConfig', '-k', 'orderMessageEnable', '-v', 'true')
    expect(await order()).toBeUndefined()
    await expectSameOutput('updateOrderConf', '-m', 'put', '-t', TOPIC, '-v', value)
    expect(await order()).toBe(value)
    expect(await expectSameOutput('updateOrderConf', '-m', 'get', '-t', TOPIC)).toContain(value)
    await expectSameOutput('updateOrderConf', '-m', 'delete', '-t', TOPIC)
    expect(await order()).toBeUndefined()
  })

  test.each(['true', 'false'])('mqadmin changes a setting to %s and reads it', async (value) => {
    const name = 'orderMessageEnable'
    const changed = await both.admin('updateNamesrvConfig', '-k', name, '-v', value)
    expect([changed.ours.stderr, changed.theirs.stderr]).toEqual(['', ''])
    const { ours, theirs } = await both.admin('getNamesrvConfig')
    const line = new RegExp(`^${name}\\s+=\\s+${value}\\s*$`, 'm')
    expect(ours.stdout).toMatch(line)
    expect(theirs.stdout).toMatch(line)
  })

  test('mqadmin deletes a topic', async () => {
    const { ours, theirs } = both.addresses
    const words = ['-n', `${ours};${theirs}`, '-c', clusterName, '-t', TOPIC]
    expect((await both.toolbox.admin('deleteTopic', ...words)).stderr).toBe('')
    await both.untilBothRoute(TOPIC, false)
    expect(await expectSameOutput('topicList')).not.toContain(TOPIC)
  })
}

function endOfTheBroker(): void {
  test('the broker is gone from both when it is killed', async () => {
    await both.broker.kill()
    await both.untilBothRoute(TOPIC_OF_BROKER, false)
    await expectSameAnswer(RequestCode.GET_BROKER_CLUSTER_INFO)
    await expectSameAnswer(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER)
  })
}

function linesOf(output: string, nameServer: string): string[] {
  return (
    output
      .replaceAll(nameServer, 'NAMESRV')
      .replaceAll(/(?<![\d.])\d+\.\d+(?![\d.])/g, 'RATE')
      // How far Java's timer is behind: it moves from one question to the next.
      .replaceAll(/\d+-\d+(?=\(RATE)/g, 'TIMER')
      .replaceAll(/ +/g, ' ')
      .split('\n')
      .map((line) => line.trimEnd())
      .sort()
  )
}
