import assert from 'node:assert/strict'
import { LitePullConsumer } from '../../../net/client/index.ts'
import {
  Collector,
  connection,
  quiet,
  type ScenarioPlace,
  sendAll,
  startProducer,
} from './scenario.ts'

const NORTH_AND_LARGE = { sql: "region = 'north' AND amount BETWEEN 3 AND 5 AND void IS NULL" }

/** Of a topic's messages only those come whose properties meet a condition, old ones and new. */
export async function sqlFilter(place: ScenarioPlace): Promise<void> {
  const { topic } = place
  await using producer = await startProducer(place)
  const send = (name: string) =>
    sendAll(
      producer,
      ['north', 'south'].flatMap((region) =>
        [1, 3, 5, 7].map((amount) => ({
          topic,
          body: `${name} ${region} ${amount}`,
          properties: { region, amount: String(amount) },
        })),
      ),
    )
  await send('old')
  const filter = { subscriptions: { [topic]: NORTH_AND_LARGE } }
  const collector = await Collector.start(place, filter)
  try {
    await collector.until(2)
    await send('new')
    await sendAll(producer, [{ topic, body: 'none', properties: { region: 'north', amount: 'x' } }])
    await collector.until(4)
    await quiet()
    const expected = ['new north 3', 'new north 5', 'old north 3', 'old north 5']
    assert.deepEqual(collector.bodies.toSorted(), expected)
  } finally {
    await collector.close()
  }
  const again = await Collector.start(place, filter)
  await quiet()
  await again.close()
  assert.deepEqual(again.bodies, [])
  await pullLightly(place)
  await refuse(place)
}

async function pullLightly(place: ScenarioPlace): Promise<void> {
  await using consumer = await LitePullConsumer.start({
    ...connection(place),
    group: `${place.group}-lite`,
    consumeFrom: 'first',
    subscriptions: { [place.topic]: { sql: "amount > 5 AND region <> 'south'" } },
  })
  const bodies: string[] = []
  while (bodies.length < 2) {
    for (const { body } of await consumer.poll()) bodies.push(body.toString())
  }
  assert.deepEqual(bodies.toSorted(), ['new north 7', 'old north 7'])
}

/** A wrong condition is refused at the start. */
async function refuse(place: ScenarioPlace): Promise<void> {
  const subscriptions = { [place.topic]: { sql: 'amount >> 3' } }
  const started = Collector.start({ ...place, group: `${place.group}-wrong` }, { subscriptions })
  await assert.rejects(started, {
    code: 'CLIENT_SUBSCRIPTION_INVALID',
    message: /at column 9/,
  })
}
