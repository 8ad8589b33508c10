import process from 'node:process'
import { type ConsumeFrom, LitePullConsumer, type ReceivedMessage } from '../client/index.ts'
import { printMessage } from './print-message.ts'

/** What `agena consume` is told. */
export interface ConsumeArguments {
  readonly namesrv: string
  readonly topic: string
  readonly group?: string
  readonly from: ConsumeFrom
  readonly tags: string
  readonly count?: number
  readonly json?: boolean
}

/** Group under which someone looks who is in none: it never stores an offset. */
const LOOKING_GROUP = 'agena_cli_looker'
const POLL_COUNT_MAX = 32
const POLL_MS = 1000
const STOP_SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Prints messages until there were enough of them, or a signal comes. */
export async function consumeMessages(options: ConsumeArguments): Promise<void> {
  const stop = new AbortController()
  for (const signal of STOP_SIGNALS) process.once(signal, () => stop.abort())
  await using consumer = await startConsumer(options)
  const countMax = options.count ?? Number.POSITIVE_INFINITY
  let printedCount = 0
  while (!stop.signal.aborted && printedCount < countMax) {
    const most = Math.min(POLL_COUNT_MAX, countMax - printedCount)
    const messages = await consumer.poll({ timeoutMs: POLL_MS, countMax: most })
    const wanted = options.group === undefined ? messages.filter(tagFilter(options.tags)) : messages
    for (const message of wanted) await printMessage(message, options.json === true)
    printedCount += wanted.length
  }
  // What was printed counts as consumed, also what the last poll brought.
  if (options.group !== undefined) await consumer.commit()
}

async function startConsumer(options: ConsumeArguments): Promise<LitePullConsumer> {
  const { topic, group, from, tags } = options
  const nameServers = options.namesrv.split(';')
  if (group !== undefined) {
    const subscriptions = { [topic]: tags }
    return LitePullConsumer.start({ nameServers, group, subscriptions, consumeFrom: from })
  }
  const consumer = await LitePullConsumer.start({
    nameServers,
    group: LOOKING_GROUP,
    autoCommit: false,
  })
  try {
    const queues = await consumer.fetchQueues(topic)
    await consumer.assign(queues)
    for (const queue of queues) await consumer.seek(queue, from)
  } catch (error) {
    await consumer.close()
    throw error
  }
  return consumer
}

/** Whether a message has one of the tags of `a || b`; `*` takes all. */
function tagFilter(expression: string): (message: ReceivedMessage) => boolean {
  const tags = new Set(expression.split('||').map((tag) => tag.trim()))
  if (tags.has('*')) return () => true
  return (message) => message.tags !== undefined && tags.has(message.tags)
}
