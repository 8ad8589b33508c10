import { expect, test } from 'vitest'
import { startAgena } from './agena-peers.ts'
import { brokerName, clusterName } from './cluster.ts'
import { describeAgenaAlone } from './lane.ts'
import { contents, numbered, Suite } from './suite.ts'

const BOTH = [`${brokerName}-0`, `${brokerName}-1`]

describeAgenaAlone('brokers side by side under one command', () => {
  const suite = new Suite('agena', {}, (options) => startAgena({ ...options, shards: 2 }))

  test('are listed as two masters of one cluster', async () => {
    const { stdout } = await admin('clusterList')
    const rows = stdout.split('\n').filter((line) => line.startsWith(clusterName))
    expect(rows.map((row) => row.split(/ +/).slice(1, 3).join(' ')).sort()).toEqual(
      BOTH.map((name) => `${name} 0`),
    )
  })

  test('have a topic on both when one message of the Java client has made it', async () => {
    expect(await suite.produce('Single', numbered('single', 1))).toHaveLength(1)
    await expect.poll(() => routeOf('Single')).toEqual(BOTH)
  })

  test('serve the Java client from both', async () => {
    const messages = numbered('spread', 16)
    const sent = await suite.produce('Spread', messages)
    expect(new Set(sent.map((row) => row.brokerName))).toEqual(new Set(BOTH))
    const received = await suite.consume({ topic: 'Spread', group: 'G-spread' }, 16)
    expect(contents(received)).toEqual(contents(messages))
  })

  function admin(command: string, ...words: readonly string[]) {
    return suite.toolbox.admin(command, '-n', suite.cluster.nameServer, ...words)
  }

  /** Names of the brokers that mqadmin sees in a topic's route, sorted. */
  async function routeOf(topic: string): Promise<readonly string[]> {
    const { stdout } = await admin('topicRoute', '-t', topic)
    const names = stdout.match(/(?<="brokerName": ?")[^"]+/g) ?? []
    return [...new Set(names)].sort()
  }
})
