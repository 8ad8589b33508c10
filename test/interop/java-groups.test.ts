import { expect, test } from 'vitest'
import { describeSide, sides } from './lane.ts'
import { CONSUME_TIMEOUT_MS, contents, numbered, Suite } from './suite.ts'

for (const side of sides) {
  describeSide(side, 'a group of Java consumers', () => {
    const suite = new Suite(side)

    test('is sent back while it consumes, and gets everything once more', async () => {
      await suite.createTopic('Replayed', 2)
      const messages = numbered('replayed', 8)
      await suite.produce('Replayed', messages)
      const consumer = await suite.startConsumer({ topic: 'Replayed', group: 'G-replayed' })
      const first = { count: 8, timeoutMs: CONSUME_TIMEOUT_MS, quietMs: 0 }
      expect(await suite.toolbox.awaitMessages(consumer, first)).toHaveLength(8)
      const group = ['-g', 'G-replayed', '-t', 'Replayed']
      const words = ['-n', suite.cluster.nameServer, ...group, '-s', '0']
      const { stderr } = await suite.toolbox.admin('resetOffsetByTime', ...words)
      expect(stderr).toBe('')
      const received = await suite.finishConsumer(consumer, 16)
      expect(contents(received)).toEqual(contents([...messages, ...messages]))
    })
  })
}
