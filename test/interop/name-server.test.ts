import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { NameServer } from '../../net/namesrv/index.ts'
import { type Cluster, clusterName, type PeerOptions } from './cluster.ts'
import { startJavaBroker, startJavaNameServer } from './java-peers.ts'
import { describeSide, describeWithJava, startCluster } from './lane.ts'
import { contents, numbered, Suite } from './suite.ts'

const VISITOR = 'interop-visitor'
describeWithJava('our name server with a Java broker', () => {
  let nameServer: NameServer | undefined
  const suite = new Suite('java', {}, async (options) => {
    nameServer = await NameServer.start({ port: 0 })
    return startJavaBroker({ ...options, nameServer: nameServer.address })
  })
  afterAll(() => nameServer?.close())

  test('leads the Java client to it, topics made on the way included', async () => {
    const messages = numbered('guest', 8)
    await suite.produce('Guest', messages)
    const received = await suite.consume({ topic: 'Guest', group: 'G-guest' }, 8)
    expect(contents(received)).toEqual(contents(messages))
  })

  test('forgets it when it says goodbye', async () => {
    expect(await clusterList(suite)).toEqual(['interop-a'])
    await suite.cluster.stop()
    expect(await clusterList(suite)).toEqual([])
  })
})

describeSide('agena', 'a broker under a Java name server', () => {
  const suite = new Suite('agena', {}, (options) => startUnderJava(options))

  test('is listed', async () => {
    expect(await clusterList(suite)).toEqual(['interop-a'])
  })

  test('is found by the Java client, topics made on the way included', async () => {
    const messages = numbered('guest', 8)
    await suite.produce('Guest', messages)
    const received = await suite.consume({ topic: 'Guest', group: 'G-guest' }, 8)
    expect(contents(received)).toEqual(contents(messages))
  })
})

describeSide('agena', 'a cluster with a Java broker as its second', () => {
  const suite = new Suite('agena')
  let visitor: Cluster | undefined

  beforeAll(async () => {
    const scratch = join(suite.scratch, 'visitor')
    await mkdir(scratch)
    const { nameServer } = suite.cluster
    visitor = await startJavaBroker({ scratch, nameServer, settings: { brokerName: VISITOR } })
  })
  afterAll(() => visitor?.kill())

  test('serves the Java client from both', async () => {
    expect(await clusterList(suite)).toEqual(['interop-a', VISITOR])
    const words = ['-c', clusterName, '-t', 'Spread', '-r', '2', '-w', '2']
    await admin(suite, 'updateTopic', ...words)
    const messages = numbered('spread', 16)
    const sent = await suite.produce('Spread', messages)
    expect(new Set(sent.map((row) => row.brokerName))).toEqual(new Set(['interop-a', VISITOR]))
    const received = await suite.consume({ topic: 'Spread', group: 'G-spread' }, 16)
    expect(contents(received)).toEqual(contents(messages))
  })
})

async function startUnderJava(options: PeerOptions): Promise<Cluster> {
  const nameServer = await startJavaNameServer({ scratch: options.scratch })
  const broker = await startCluster('agena', { ...options, nameServer: nameServer.nameServer })
  return {
    ...broker,
    stop: async () => {
      await broker.stop()
      await nameServer.kill()
    },
    kill: async () => {
      await broker.kill()
      await nameServer.kill()
    },
  }
}

function admin(suite: Suite, command: string, ...words: readonly string[]) {
  return suite.toolbox.admin(command, '-n', suite.cluster.nameServer, ...words)
}

/** Names of the brokers that mqadmin sees, sorted. */
async function clusterList(suite: Suite): Promise<readonly string[]> {
  const { stdout } = await admin(suite, 'clusterList')
  const rows = stdout.split('\n').filter((line) => line.startsWith(clusterName))
  return rows.map((row) => row.split(/ +/)[1] ?? '').sort()
}
