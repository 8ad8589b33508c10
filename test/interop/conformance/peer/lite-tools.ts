import { randomUUID } from 'node:crypto'
import { LitePullConsumer, type MessageQueue } from '../../../../net/client/index.ts'
import type { LiteStart, LiteSteer, Outcome } from '../requests.ts'
import { connection, filterOf, PERSIST_INTERVAL_MS, refusalOf } from './connection.ts'
import { rowOf } from './received-rows.ts'

/** Polls with lite pull consumers of this package; see LitePullTools.java. */
export class LiteTools {
  readonly #running = new Map<string, LitePullConsumer>()

  async start(request: LiteStart): Promise<{ readonly lite: string }> {
    const { topic } = request
    const consumer = await LitePullConsumer.start({
      ...connection(request),
      group: request.group,
      subscriptions: topic === undefined ? {} : { [topic]: filterOf({ ...request, topic }) },
      persistIntervalMs: PERSIST_INTERVAL_MS,
      consumeFrom: request.from ?? 'first',
      autoCommit: request.autoCommit ?? false,
    })
    const name = randomUUID()
    this.#running.set(name, consumer)
    return { lite: name }
  }

  async steer(request: LiteSteer & { readonly lite: string }): Promise<Outcome> {
    try {
      return { result: (await act(this.#get(request.lite), request)) ?? null }
    } catch (error) {
      return { failure: refusalOf(error) }
    }
  }

  async stop(request: { readonly lite: string }): Promise<void> {
    await this.#get(request.lite).close()
    this.#running.delete(request.lite)
  }

  #get(name: string): LitePullConsumer {
    const consumer = this.#running.get(name)
    if (consumer === undefined) throw new Error(`no consumer ${name}`)
    return consumer
  }
}

async function act(consumer: LitePullConsumer, request: LiteSteer): Promise<unknown> {
  const { topic } = request
  switch (request.action) {
    case 'assign':
      return consumer.assign(await queuesOf(consumer, request))
    case 'assigned':
      return idsOf(consumer.assigned.filter((queue) => queue.topic === topic))
    case 'poll':
      return (await consumer.poll({ timeoutMs: request.timeoutMs })).map((row) => rowOf(row, 1))
    case 'seek':
      for (const queue of await queuesOf(consumer, request)) {
        const { atMs, to = 'first' } = request
        await consumer.seek(queue, atMs === undefined ? to : new Date(atMs))
      }
      return undefined
    case 'commit':
      return consumer.commit()
    case 'committed':
      return committedOf(consumer, await queuesOf(consumer, request))
    case 'pause':
      return consumer.pause(await queuesOf(consumer, request))
    case 'resume':
      return consumer.resume(await queuesOf(consumer, request))
  }
}

/** All queues of the topic, or those that are asked for. */
async function queuesOf(
  consumer: LitePullConsumer,
  { queueIds, topic }: LiteSteer,
): Promise<readonly MessageQueue[]> {
  const queues = await consumer.fetchQueues(topic)
  return queues.filter(({ queueId }) => queueIds?.includes(queueId) ?? true)
}

/** By queue id; Java says -1 where nothing is committed. */
async function committedOf(
  consumer: LitePullConsumer,
  queues: readonly MessageQueue[],
): Promise<Readonly<Record<string, number>>> {
  const offsets: Record<string, number> = {}
  for (const queue of queues) offsets[queue.queueId] = (await consumer.committed(queue)) ?? -1
  return offsets
}

function idsOf(queues: readonly MessageQueue[]): number[] {
  return queues.map(({ queueId }) => queueId).sort((left, right) => left - right)
}
