import { expect, test } from 'vitest'
import { describeSide, sides } from './lane.ts'
import { CONSUME_TIMEOUT_MS, contents, numbered, Suite } from './suite.ts'

for (const side of sides) {
  describeSide(side, 'a group of Java consumers', () => {
    const suite = new Suite(side)

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
  })
}
