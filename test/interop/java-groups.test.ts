import { expect, test } from 'vitest'
import { clusterName } from './cluster.ts'
import { describeSide, sides } from './lane.ts'
import { CONSUME_TIMEOUT_MS, contents, numbered, Suite } from './suite.ts'

for (const side of sides) {
  describeSide(side, 'a group of Java consumers', () => {
    const suite = new Suite(side)

    test('answers the questions of producers', async () => {
      await suite.createTopic('Asked', 2)
      const { nameServer } = suite.cluster
      const long = 'long '.repeat(2_000)
      const questions = ['one', 'two', long]
      const replies = await suite.toolbox.requestReply({ nameServer, topic: 'Asked', questions })
      expect(replies).toEqual(
        questions.map((question) => ({
          body: `re: ${question}`,
          topic: `${clusterName}_REPLY_TOPIC`,
          sendStatus: 'SEND_OK',
        })),
      )
    })

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
