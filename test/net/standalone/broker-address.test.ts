/**
 * Under which address clients find the broker of a standalone.
 * Method: all of 127.0.0.0/8 is this host, so one host has many addresses to be reached by.
 */
import { expect, test } from 'vitest'
import { ClusterInfo } from '../../../net/protocol/cluster-info.ts'
import { decodeBody } from '../../../net/protocol/json-shape.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { TopicRouteData } from '../../../net/protocol/topic-route.ts'
import { RemotingClient } from '../../../net/remoting/remoting-client.ts'
import { createRequest } from '../../../net/remoting/remoting-command.ts'
import { type Standalone, startStandalone } from '../../../net/standalone/index.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const TIMEOUT_MS = 5000

function start(dataDirectory: string, ...overrides: string[]): Promise<Standalone> {
  const small = ['mappedFileSizeCommitLog=1048576', 'maxIndexNum=1000']
  const everywhere = { host: '0.0.0.0', namesrvPort: 0, brokerPort: 0 }
  return startStandalone({ dataDirectory, ...everywhere, overrides: [...small, ...overrides] })
}

/** The addresses that a client is told which reaches the name server by `host`. */
async function toldTo(host: string, server: Standalone): Promise<(string | undefined)[]> {
  const client = new RemotingClient()
  try {
    const ask = async (code: number, topic: string): Promise<Buffer> => {
      const request = createRequest(code, { extFields: new Map([['topic', topic]]) })
      const address = `${host}:${server.nameServer.port}`
      return (await client.invoke(address, request, TIMEOUT_MS)).body
    }
    const route = await ask(RequestCode.GET_ROUTEINFO_BY_TOPIC, 'TBW102')
    const cluster = await ask(RequestCode.GET_BROKER_CLUSTER_INFO, '')
    const groups = [...decodeBody(ClusterInfo, cluster).brokerAddrTable.values()]
    return [...decodeBody(TopicRouteData, route).brokerDatas, ...groups].map(({ brokerAddrs }) =>
      brokerAddrs.get(0),
    )
  } finally {
    await client.close()
  }
}

test('brokerIP1=auto: each client is told the address by which it came', async () => {
  using folder = temporaryFolder('address')
  await using server = await start(folder.path, 'brokerIP1=auto')
  const { port, config } = server.broker
  for (const host of ['127.0.0.1', '127.0.0.2', '127.1.2.3']) {
    const own = `${host}:${port}`
    expect(await toldTo(host, server)).toEqual([own, own])
  }
  // Records name the broker by an address of the host that others reach, if it has one.
  expect(config.brokerIP1).not.toBe('auto')
  expect(config.brokerIP1).not.toBe('0.0.0.0')
})

test('a broker that was given an address has it for everyone', async () => {
  using folder = temporaryFolder('address')
  await using server = await start(folder.path, 'brokerIP1=127.0.0.9')
  const given = `127.0.0.9:${server.broker.port}`
  for (const host of ['127.0.0.1', '127.0.0.2']) {
    expect(await toldTo(host, server)).toEqual([given, given])
  }
})
