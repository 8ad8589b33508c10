import { stderrLogger } from '../../../../engine/base/logger.ts'
import {
  ClientError,
  type ClientOptions,
  type Filter,
  type Message,
} from '../../../../net/client/index.ts'
import type { OutgoingMessage } from '../../java-toolbox.ts'
import type { ClientRequest, Refusal, Subscription } from '../requests.ts'

/** Instead of 30 s and 5 s, as the Java program has it. */
const ROUTE_INTERVAL_MS = 1_000
export const PERSIST_INTERVAL_MS = 500

/** What a client of ours is told to do what a request says. */
export function connection(request: ClientRequest): ClientOptions {
  return {
    nameServers: [request.nameServer],
    clientIp: '127.0.0.1',
    instanceName: request.instanceName,
    namespace: request.namespace,
    enableTrace: request.trace,
    routeIntervalMs: ROUTE_INTERVAL_MS,
    logger: stderrLogger,
  }
}

export function messageOf(topic: string, message: OutgoingMessage): Message {
  const { body, delayLevel, flag, keys, properties, tags } = message
  return { topic, body, delayLevel, flag, keys, properties, tags }
}

export function filterOf({ expression, sql }: Subscription): Filter {
  return sql === undefined ? (expression ?? '*') : { sql }
}

/** @throws what is not a failure of our client */
export function refusalOf(error: unknown): Refusal {
  if (!(error instanceof ClientError)) throw error
  return { exception: error.code, code: error.responseCode ?? -1, message: error.message }
}
