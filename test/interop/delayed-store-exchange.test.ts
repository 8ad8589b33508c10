import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Side } from './cluster.ts'
import { describeSide, startCluster } from './lane.ts'
import { contents, numbered, Suite } from './suite.ts'

/** Short levels, so that many tries fit into a test. */
const LEVELS = { messageDelayLevel: '1s 2s 1s 2s 3s 8s' }
const LATER_LEVEL = 6
const LATER_MS = 8_000

describeSide('agena', 'delayed messages in a store written by Apache RocketMQ', () => {
  exchange('java', 'agena')
})

describeSide('agena', 'delayed messages in a store written for Apache RocketMQ', () => {
  exchange('agena', 'java')
})

/** The reader delivers what waits, and nothing that the writer has delivered. */
function exchange(writer: Side, reader: Side): void {
  const suite = new Suite(writer, LEVELS)

  test('come once, from whoever has the store when they are due', async () => {
    await suite.createTopic('Waiting', 1)
    const before = numbered('before', 4).map((message) => ({ ...message, delayLevel: 1 }))
    await suite.produce('Waiting', before)
    const first = await suite.consume({ topic: 'Waiting', group: 'G-before' }, 4)
    expect(contents(first)).toEqual(contents(before))
    const later = numbered('later', 4).map((message) => ({ ...message, delayLevel: LATER_LEVEL }))
    const sentMs = Date.now()
    await suite.produce('Waiting', later)
    await suite.cluster.stop()

    const scratch = join(suite.scratch, 'reader')
    await mkdir(scratch)
    const { dataDirectory } = suite.cluster
    suite.cluster = await startCluster(reader, { scratch, dataDirectory, settings: LEVELS })
    const received = await suite.consume({ topic: 'Waiting', group: 'G-after' }, 8)
    expect(Date.now() - sentMs).toBeGreaterThanOrEqual(LATER_MS)
    expect(contents(received)).toEqual(contents([...before, ...later]))
  })
}
