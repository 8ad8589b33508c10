import { expect, test } from 'vitest'
import { PushConsumer, type ReceivedMessage } from '../../net/client/index.ts'
import { describeSide, sides } from './lane.ts'
import { CONSUME_TIMEOUT_MS, contents, numbered, Suite } from './suite.ts'
import { waitFor } from './wait-for.ts'

for (const side of sides) {
  describeSide(side, 'our client', () => {
    const suite = new Suite(side)
    testMixedGroup(suite)
  })
}

function testMixedGroup(suite: Suite): void {
  test('shares the queues of a group with a Java consumer', async () => {
    await suite.createTopic('Shared', 4)
    const received: ReceivedMessage[] = []
    const java = await suite.startConsumer({ topic: 'Shared', group: 'G-shared' })
    await using ours = await PushConsumer.start({
      nameServers: [suite.cluster.nameServer],
      clientIp: '127.0.0.1',
      group: 'G-shared',
      consumeFrom: 'first',
      subscriptions: { Shared: '*' },
      onMessage: async (messages) => {
        received.push(...messages)
        return 'success'
      },
    })
    await waitFor(() => ours.assigned.filter(isOfShared).length === 2, CONSUME_TIMEOUT_MS)
    const messages = numbered('shared', 40)
    await suite.produce('Shared', messages)
    await waitFor(() => received.length >= 20, CONSUME_TIMEOUT_MS)
    const theirs = await suite.finishConsumer(java, 20)
    expect(theirs.length).toBeGreaterThan(0)
    const all = [...textsOf(received), ...contents(theirs)]
    expect(new Set(all.map(([body]) => body))).toEqual(new Set(messages.map(({ body }) => body)))
  })
}

function isOfShared(queue: { readonly topic: string }): boolean {
  return queue.topic === 'Shared'
}

/** In the form in which a Java consumer's messages are compared. */
function textsOf(messages: readonly ReceivedMessage[]): ReturnType<typeof contents> {
  return contents(
    messages.map(({ body, tags, keys }) => ({
      body: body.toString(),
      keys,
      ...(tags === undefined ? {} : { tags }),
    })),
  )
}
