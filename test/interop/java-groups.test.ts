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

    test('lets the broker share out the queues', async () => {
      await suite.createTopic('Shared', 4)
      const subscription = { topic: 'Shared', group: 'G-shared', brokerRebalance: true }
      const first = await suite.startConsumer(subscription)
      const second = await suite.startConsumer(subscription)
      const messages = numbered('shared', 24)
      await suite.produce('Shared', messages)
      const wait = { count: 24, timeoutMs: CONSUME_TIMEOUT_MS, quietMs: 0 }
      await expect
        .poll(
          async () => {
            const now = { ...wait, timeoutMs: 0 }
            const both = await Promise.all(
              [first, second].map((consumer) => suite.toolbox.awaitMessages(consumer, now)),
            )
            return contents(both.flat())
          },
          { timeout: CONSUME_TIMEOUT_MS },
        )
        .toEqual(contents(messages))
      for (const consumer of [first, second]) await suite.toolbox.stopConsumer(consumer)
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
