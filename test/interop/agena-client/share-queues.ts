import assert from 'node:assert/strict'
import type { MessageQueue } from '../../../net/client/index.ts'
import {
  Collector,
  numbered,
  quiet,
  type ScenarioPlace,
  sendAll,
  startProducer,
  until,
} from './scenario.ts'

/** Group changes are pushed: nobody waits for the next regular rebalance, 20 s away. */
const PROMPT_MS = 5_000

/** Two consumers of a group share the queues at once, and one takes over what the other leaves. */
export async function shareQueues(place: ScenarioPlace): Promise<void> {
  const { topic } = place
  await using producer = await startProducer(place)
  await sendAll(producer, numbered(topic, 'before', 8))
  const first = await Collector.start(place)
  await first.until(8)
  const all = queuesOf(first, topic)
  assert.ok(all.length >= 2, 'the topic has queues to share')

  const startedMs = performance.now()
  const second = await Collector.start(place)
  await until('an even share', () => {
    const [left, right] = [queuesOf(first, topic), queuesOf(second, topic)]
    return left.length + right.length === all.length && Math.abs(left.length - right.length) <= 1
  })
  assert.ok(performance.now() - startedMs < PROMPT_MS, 'the share came promptly')
  assert.deepEqual([...queuesOf(first, topic), ...queuesOf(second, topic)].sort(), all.toSorted())

  await quiet()
  await sendAll(producer, numbered(topic, 'shared', 40))
  // Messages whose offsets were not stored yet when a queue changed hands may come twice.
  const shared = (): Set<string> =>
    new Set([...first.bodies, ...second.bodies].filter((body) => body.startsWith('shared')))
  await until('all of them', () => shared().size === 40)
  assert.ok(second.received.length > 0, 'the second consumer got its part')

  const leftMs = performance.now()
  await second.close()
  await until('the whole', () => queuesOf(first, topic).length === all.length)
  assert.ok(performance.now() - leftMs < PROMPT_MS, 'the rest was taken over promptly')
  await sendAll(producer, numbered(topic, 'after', 8))
  const after = (): number => first.bodies.filter((body) => body.startsWith('after')).length
  await until('what comes then', () => after() === 8)
  await first.close()
}

function queuesOf(collector: Collector, topic: string): string[] {
  return collector.consumer.assigned
    .filter((queue) => queue.topic === topic)
    .map(({ brokerName, queueId }: MessageQueue) => `${brokerName}:${queueId}`)
    .sort()
}
