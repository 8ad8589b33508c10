import { expect, test } from 'vitest'
import type { OutgoingMessage, ProduceResult } from './java-toolbox.ts'
import { describeAgenaAlone, describeSide } from './lane.ts'
import { Suite } from './suite.ts'

/** The client's own code for a topic that no name server knows. */
const NOT_FOUND_TOPIC = 10_005

describeSide('agena', 'what is refused', () => {
  const suite = new Suite('agena', {
    autoCreateTopicEnable: 'false',
    enablePropertyFilter: 'false',
  })

  test('a subscription by SQL92 where it is switched off, with a reason', async () => {
    await suite.createTopic('Filtered', 1)
    const { nameServer } = suite.cluster
    const subscription = { topic: 'Filtered', group: 'G-sql', sql: 'a > 1' }
    const { failure } = await suite.toolbox.startConsumer({ nameServer, ...subscription })
    expect(failure).toMatch(/SQL92/)
  })

  test('a send to a topic that is not there and is not created', async () => {
    const { failure } = await send(suite, 'Nowhere', { body: 'lost' })
    expect(failure).toMatchObject({ exception: 'MQClientException', code: NOT_FOUND_TOPIC })
    expect(failure?.message).toContain('Nowhere')
  })
})

const unsupported: readonly [string, Partial<OutgoingMessage>, RegExp][] = [
  ['delivery-time', { deliverAfterMs: 60_000 }, /tim(ed|er|ing)/i],
  ['half-transaction', { prepared: true }, /transaction/i],
]

describeAgenaAlone('what is not built yet', () => {
  const suite = new Suite('agena')

  test.each(unsupported)(
    '%s is refused by name and not delivered',
    async (name, extra, feature) => {
      const { failure } = await send(suite, `Later-${name}`, { body: 'too early', ...extra })
      expect(failure?.message).toMatch(feature)
      const topic = `Later-${name}`
      await suite.produce(topic, [{ body: 'ordinary' }])
      const received = await suite.consume({ topic, group: `G-${name}` }, 1)
      expect(received.map((message) => message.body)).toEqual(['ordinary'])
    },
  )
})

function send(suite: Suite, topic: string, message: OutgoingMessage): Promise<ProduceResult> {
  const { nameServer } = suite.cluster
  const messages = [message]
  return suite.toolbox.produce({ nameServer, group: 'P-refused', topic, mode: 'sync', messages })
}
