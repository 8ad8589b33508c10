import { randomUUID } from 'node:crypto'
import {
  type AllocateStrategy,
  allocateByCircle,
  allocateByConsistentHash,
  Producer,
  PushConsumer,
  type PushConsumerOptions,
} from '../../../../net/client/index.ts'
import type { ReceivedMessage as ReceivedRow } from '../../java-toolbox.ts'
import type { Await, PushStart, PushStarted, PushSteer } from '../requests.ts'
import { connection, filterOf, PERSIST_INTERVAL_MS, refusalOf } from './connection.ts'
import { ListenerRules } from './listener-rules.ts'
import { ReceivedRows } from './received-rows.ts'

interface Running {
  readonly consumer: PushConsumer
  readonly received: ReceivedRows
  readonly replier: Producer | undefined
}

type Named<T> = T & { readonly consumer: string }

const strategies: Readonly<Record<NonNullable<PushStart['strategy']>, AllocateStrategy>> = {
  circle: allocateByCircle,
  consistentHash: allocateByConsistentHash(),
}

/** Runs push consumers of this package in the background; see PushConsumerTools.java. */
export class PushTools {
  readonly #running = new Map<string, Running>()

  async start(request: PushStart): Promise<PushStarted> {
    const received = new ReceivedRows()
    try {
      const replier = await replierFor(request)
      const consumer = await PushConsumer.start(optionsOf(request, received, replier))
      const name = request.instanceName ?? randomUUID()
      this.#running.set(name, { consumer, received, replier })
      return { consumer: name, clientId: consumer.clientId }
    } catch (error) {
      return { failure: refusalOf(error).message }
    }
  }

  await(request: Named<Await>): Promise<readonly ReceivedRow[]> {
    return this.#get(request.consumer).received.await(request)
  }

  async steer(request: Named<PushSteer>): Promise<unknown> {
    const { consumer } = this.#get(request.consumer)
    const { topic = '' } = request
    switch (request.action) {
      case 'assigned':
        return consumer.assigned
          .filter((queue) => queue.topic === topic)
          .map(({ queueId }) => queueId)
          .sort((left, right) => left - right)
      case 'subscribe':
        return consumer.subscribe(topic, filterOf({ ...request, topic }))
      case 'unsubscribe':
        return consumer.unsubscribe(topic)
      case 'pause':
        return consumer.pause()
      case 'resume':
        return consumer.resume()
    }
  }

  async stop(request: { readonly consumer: string }): Promise<void> {
    const { consumer, replier } = this.#get(request.consumer)
    await consumer.close()
    await replier?.close()
    this.#running.delete(request.consumer)
  }

  #get(name: string): Running {
    const running = this.#running.get(name)
    if (running === undefined) throw new Error(`no consumer ${name}`)
    return running
  }
}

/** Sends the replies of a consumer's rules. */
async function replierFor(request: PushStart): Promise<Producer | undefined> {
  if (request.replies !== true) return undefined
  return Producer.start({ ...connection(request), group: `${request.group}-replier` })
}

function optionsOf(
  request: PushStart,
  received: ReceivedRows,
  replier: Producer | undefined,
): PushConsumerOptions {
  const { from = 'first', strategy } = request
  const rules = new ListenerRules(request.rules ?? [], replier)
  return {
    ...connection(request),
    group: request.group,
    subscriptions: { [request.topic]: filterOf(request) },
    persistIntervalMs: PERSIST_INTERVAL_MS,
    consumeFrom: typeof from === 'number' ? new Date(from) : from,
    consumeMode: request.mode,
    messageModel: request.model,
    allocateStrategy: strategy === undefined ? undefined : strategies[strategy],
    reconsumeTimesMax: request.maxReconsumeTimes,
    batchSizeMax: request.batchSizeMax,
    pullCountMax: request.pullCountMax,
    consumeConcurrency: request.concurrency ?? 4,
    suspendMs: request.suspendMs,
    queueCountMax: request.queueCountMax,
    totalCountMax: request.totalCountMax,
    queueSpanMax: request.queueSpanMax,
    consumeTimeoutMs: request.consumeTimeoutMs,
    onMessage: async (messages, context) => {
      const ended = received.add(messages)
      try {
        return await rules.apply(messages, context)
      } finally {
        ended()
      }
    },
  }
}
