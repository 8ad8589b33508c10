import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clusterName, type NameServer } from './cluster.ts'
import { startJavaBroker, startJavaNameServer } from './java-peers.ts'
import { describeSide, sides, startCluster } from './lane.ts'
import { contents, numbered, Suite } from './suite.ts'

const VISITOR = 'interop-visitor'

for (const side of sides) {
  describeSide(side, 'a name server with a Java broker as its second', () => {
    const suite = new Suite(side)
    let visitor: NameServer

    beforeAll(async () => {
      const scratch = join(suite.scratch, 'visitor')
      await mkdir(scratch)
      const { nameServer } = suite.cluster
      visitor = await startJavaBroker({ scratch, nameServer, settings: { brokerName: VISITOR } })
    })

    afterAll(() => visitor?.kill())

    test('lists both brokers in the cluster', async () => {
      expect(await clusterList(suite)).toEqual(['interop-a', VISITOR])
    })

    test('leads the Java client to both', async () => {
      const { nameServer } = suite.cluster
      const queues = ['-r', '2', '-w', '2']
      const words = ['-n', nameServer, '-c', clusterName, '-t', 'Spread', ...queues]
      await suite.toolbox.admin('updateTopic', ...words)
      const messages = numbered('spread', 16)
      const sent = await suite.produce('Spread', messages)
      expect(new Set(sent.map((row) => row.brokerName))).toEqual(new Set(['interop-a', VISITOR]))
      const received = await suite.consume({ topic: 'Spread', group: 'G-spread' }, 16)
      expect(contents(received)).toEqual(contents(messages))
    })

    test('forgets a broker that says goodbye', async () => {
      await visitor.stop()
      expect(await clusterList(suite)).toEqual(['interop-a'])
    })
  })
}

for (const side of sides) {
  describeSide(side, 'a broker under a Java name server', () => {
    const suite = new Suite(side, {}, async (options) => {
      const nameServer = await startJavaNameServer({ scratch: options.scratch })
      const broker = await startCluster(side, { ...options, nameServer: nameServer.nameServer })
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
    })

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
}

/** Names of the brokers that mqadmin sees, sorted. */
async function clusterList(suite: Suite): Promise<readonly string[]> {
  const { stdout } = await suite.toolbox.admin('clusterList', '-n', suite.cluster.nameServer)
  const rows = stdout.split('\n').filter((line) => line.startsWith(clusterName))
  return rows.map((row) => row.split(/ +/)[1] ?? '').sort()
}
