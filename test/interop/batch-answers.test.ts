/** What a sender is answered whose batch goes out without a client of Java's around it. */
import { afterAll, expect, test } from 'vitest'
import { encodeBatch } from '../../engine/format/batch-format.ts'
import { encodeProperties } from '../../engine/format/properties-codec.ts'
import { RequestCode } from '../../net/protocol/request-code.ts'
import { RemotingClient } from '../../net/remoting/remoting-client.ts'
import { createRequest } from '../../net/remoting/remoting-command.ts'
import { sendFields } from '../helpers/running-standalone.ts'
import { describeSide, sides } from './lane.ts'
import { Suite } from './suite.ts'

const TOPIC = 'Batches'
const TIMEOUT_MS = 10_000

for (const side of sides) {
  describeSide(side, 'a batch is answered', () => {
    const suite = new Suite(side)
    const client = new RemotingClient({})
    afterAll(() => client.close())

    test.each([
      ['with the unique key of its sender', new Map([['UNIQ_KEY', 'mine']]), 'mine'],
      ['with no unique key where it came with none', new Map<string, string>(), undefined],
    ])('%s', async (_what, properties, transactionId) => {
      await suite.createTopic(TOPIC, 1)
      const i = encodeProperties(properties).toString()
      const fields = Object.entries(sendFields(TOPIC, { m: true, i }))
      const request = createRequest(RequestCode.SEND_BATCH_MESSAGE, {
        extFields: new Map(fields.map(([name, value]) => [name, String(value)])),
        body: encodeBatch(
          ['a', 'b'].map((text) => ({ body: Buffer.from(text), properties: new Map() })),
        ),
      })
      const answer = await client.invoke(suite.cluster.broker, request, TIMEOUT_MS)
      expect(answer.code).toBe(0)
      expect(answer.extFields.get('msgId')?.split(',')).toHaveLength(2)
      expect(answer.extFields.get('transactionId')).toBe(transactionId)
    })
  })
}
