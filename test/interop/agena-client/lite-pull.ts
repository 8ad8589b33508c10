import assert from 'node:assert/strict'
import { LitePullConsumer, type MessageQueue } from '../../../net/client/index.ts'
import {
  bodiesOf,
  connection,
  numbered,
  SCENARIO_WAIT_MS,
  type ScenarioPlace,
  sendAll,
  startProducer,
} from './scenario.ts'

const COUNT = 24
const POLL_MS = 1_000

/** Messages are pulled by subscription and by assignment; commits, seeks and restarts hold. */
export async function litePull(place: ScenarioPlace): Promise<void> {
  const { group, topic } = place
  await using producer = await startProducer(place)
  await sendAll(producer, numbered(topic, 'lite', COUNT))
  const options = { ...connection(place), group, consumeFrom: 'first' as const }
  const expected = bodiesOf('lite', COUNT)

  const subscribed = await LitePullConsumer.start({ ...options, subscriptions: { [topic]: '*' } })
  const bodies: string[] = []
  for await (const message of subscribed) {
    bodies.push(message.body.toString())
    if (bodies.length === COUNT) break
  }
  assert.deepEqual(bodies.sort(), expected)
  await subscribed.commit()
  await subscribed.close()

  await using assigned = await LitePullConsumer.start({ ...options, autoCommit: false })
  const queues = await assigned.fetchQueues(topic)
  await assigned.assign(queues)
  assert.deepEqual(await pollAll(assigned, POLL_MS), [], 'everything was committed')
  for (const queue of queues) await assigned.seek(queue, 'first')
  assert.deepEqual((await pollAll(assigned, POLL_MS)).sort(), expected)
  await checkSeeks(assigned, queues)
}

async function checkSeeks(
  consumer: LitePullConsumer,
  queues: readonly MessageQueue[],
): Promise<void> {
  const queue = await fullest(consumer, queues)
  await consumer.seek(queue, 2)
  const [first] = await consumer.poll({ timeoutMs: SCENARIO_WAIT_MS, countMax: 1 })
  assert.equal(first?.queueOffset, 2)
  assert.deepEqual(first.queue, queue)
  const before = await consumer.committed(queue)
  await consumer.commit()
  assert.equal(await consumer.committed(queue), 3)
  assert.notEqual(before, 3)
  await consumer.seek(queue, 'last')
  assert.deepEqual(await pollAll(consumer, POLL_MS), [])
  await assert.rejects(consumer.seek(queue, COUNT + 1), { code: 'CLIENT_OFFSET_OUT_OF_RANGE' })
}

/** The queue that holds most messages. */
async function fullest(
  consumer: LitePullConsumer,
  queues: readonly MessageQueue[],
): Promise<MessageQueue> {
  const counts = await Promise.all(queues.map((queue) => consumer.committed(queue)))
  const most = Math.max(...counts.map((count) => count ?? 0))
  const queue = queues[counts.indexOf(most)]
  assert.ok(queue !== undefined && most > 3, 'a queue holds more than three messages')
  return queue
}

async function pollAll(consumer: LitePullConsumer, timeoutMs: number): Promise<string[]> {
  const bodies: string[] = []
  for (;;) {
    const messages = await consumer.poll({ timeoutMs })
    if (messages.length === 0) return bodies
    bodies.push(...messages.map(({ body }) => body.toString()))
  }
}
