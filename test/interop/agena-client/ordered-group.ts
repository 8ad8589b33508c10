import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { type MessageQueue, type Producer, PushConsumer } from '../../../net/client/index.ts'
import { connection, type ScenarioPlace, startProducer, until } from './scenario.ts'

const LISTENER_MS = 4

/** A call of a listener: of which message, and between which moments. */
export interface OrderedCall {
  readonly member: string
  readonly queue: string
  readonly queueOffset: number
  readonly startMs: number
  /** Infinite when the member died in it. */
  readonly endMs: number
}

/** Notes what the listeners of a group did, each queue's calls in the order of their beginnings. */
export class OrderRecord {
  readonly calls: OrderedCall[] = []

  note(call: OrderedCall): void {
    this.calls.push(call)
  }

  get byQueue(): ReadonlyMap<string, readonly OrderedCall[]> {
    const queues = new Map<string, OrderedCall[]>()
    for (const call of this.calls.toSorted((left, right) => left.startMs - right.startMs)) {
      queues.set(call.queue, [...(queues.get(call.queue) ?? []), call])
    }
    return queues
  }

  /** Messages that were handled at least once. */
  get handledCount(): number {
    return new Set(this.calls.map(({ queue, queueOffset }) => `${queue}@${queueOffset}`)).size
  }

  /** No two calls on one queue at once, no message before the one in front of it. */
  assertInOrder(): void {
    for (const [queue, calls] of this.byQueue) {
      let next = 0
      let freeMs = 0
      for (const call of calls) {
        const place = `${queue} at ${call.queueOffset} by ${call.member}`
        assert.ok(call.startMs >= freeMs, `${place} began while another call was in progress`)
        assert.ok(call.queueOffset <= next, `${place} came before ${next}`)
        next = Math.max(next, call.queueOffset + 1)
        freeMs = Number.isFinite(call.endMs) ? call.endMs : freeMs
      }
    }
  }

  /** Nothing was delivered twice. */
  assertOnce(): void {
    assert.equal(this.calls.length, this.handledCount, 'nothing came twice')
  }
}

export function startOrdered(
  place: ScenarioPlace,
  member: string,
  record: OrderRecord,
): Promise<PushConsumer> {
  return PushConsumer.start({
    ...connection(place),
    group: place.group,
    subscriptions: { [place.topic]: '*' },
    consumeFrom: 'first',
    consumeMode: 'orderly',
    onMessage: async ([message], { queue }) => {
      const startMs = Date.now()
      await sleep(LISTENER_MS)
      assert.ok(message !== undefined)
      const { queueOffset } = message
      const endMs = Date.now()
      record.note({ member, queue: `${queue.queueId}`, queueOffset, startMs, endMs })
      return 'success'
    },
  })
}

/** A consumer that joins and leaves while messages are consumed in order disturbs nothing. */
export async function orderedGroup(place: ScenarioPlace): Promise<void> {
  await using producer = await startProducer(place)
  await fill(producer, place.topic, 100)
  const record = new OrderRecord()
  const first = await startOrdered(place, 'first', record)
  await until('a beginning', () => record.handledCount > 40)
  const second = await startOrdered(place, 'second', record)
  await until('a share', () => record.calls.some(({ member }) => member === 'second'))
  await fill(producer, place.topic, 100)
  await until('more', () => record.handledCount > 300)
  await second.close()
  await until('everything', () => record.handledCount === 800)
  await first.close()
  record.assertInOrder()
  record.assertOnce()
}

/** Sends as many messages to each of the four queues. */
export async function fill(producer: Producer, topic: string, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    for (let queueId = 0; queueId < 4; queueId += 1) {
      const selector = (queues: readonly MessageQueue[]): MessageQueue => queues[queueId]!
      await producer.send({ topic, body: `${queueId} ${index}` }, { selector })
    }
  }
}
