import { ClientInstance } from '../../../../net/client/client-instance.ts'
import { parseClientOptions } from '../../../../net/client/client-options.ts'
import { PullClient } from '../../../../net/client/pull-client.ts'
import { subscriptionOf } from '../../../../net/client/subscription.ts'
import type { PulledOnce, PullOnce } from '../requests.ts'
import { connection } from './connection.ts'

const SUSPEND_MS = 200
const TIMEOUT_MS = 10_000
const PULL_BYTES_MAX = 0x7fff_ffff
/** Java's names of what it calls PullStatus. */
const JAVA_STATUS = {
  FOUND: 'FOUND',
  NO_NEW_MESSAGE: 'NO_NEW_MSG',
  NO_MATCHED_MESSAGE: 'NO_MATCHED_MSG',
  OFFSET_ILLEGAL: 'OFFSET_ILLEGAL',
} as const

/** Pulls once, which shows what the broker answers; see PullTools.java. */
export async function pullOnce(request: PullOnce): Promise<PulledOnce> {
  const { brokerName, expression, group, offset, queueId, topic } = request
  const instance = new ClientInstance(parseClientOptions(connection(request), {}), {
    producerGroups: [],
    leavesCalls: false,
    consumers: () => [],
    onRouteChange: () => undefined,
    handlerOf: () => undefined,
  })
  try {
    const pulls = new PullClient(instance, {
      group,
      isLite: true,
      messageCountMax: 32,
      messageBytesMax: PULL_BYTES_MAX,
      suspendMs: SUSPEND_MS,
      timeoutMs: TIMEOUT_MS,
    })
    const subscription = subscriptionOf(topic, expression, 1)
    const queue = { topic, brokerName, queueId }
    const pulled = await pulls.pull(queue, subscription, { offset, commitOffset: undefined })
    const count = pulled.body.length === 0 ? 0 : countRecords(pulled.body)
    return { status: JAVA_STATUS[pulled.status], nextOffset: pulled.nextOffset, count }
  } finally {
    await instance.close()
  }
}

/** Each record begins with its size. */
function countRecords(body: Buffer): number {
  let count = 0
  for (let at = 0; at < body.length; at += body.readInt32BE(at)) count += 1
  return count
}
