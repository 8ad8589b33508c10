/**
 * Runs one request with ali-ons in a process of its own: its clients go on complaining after they
 * were closed. The request is the only argument, as JSON; the answer is the last line printed.
 */
import { Consumer, Message, Producer } from 'ali-ons'
import { waitFor } from './wait-for.ts'

export type OnsRequest =
  | {
      readonly kind: 'send'
      readonly nameServer: string
      readonly topic: string
      readonly bodies: readonly string[]
    }
  | {
      readonly kind: 'consume'
      readonly nameServer: string
      readonly topic: string
      readonly tags: string
      readonly count: number
      readonly timeoutMs: number
    }

export interface OnsAnswer {
  /** Of the sends, in their order. */
  readonly statuses: readonly string[]
  readonly received: readonly { readonly body: string; readonly keys: string | null }[]
}

const silent = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  debug: () => undefined,
}

async function send(request: OnsRequest & { kind: 'send' }): Promise<OnsAnswer> {
  const producer = new Producer({ ...clientOptions(request), producerGroup: 'P-ons' })
  await producer.ready()
  const statuses: string[] = []
  for (const body of request.bodies) {
    const message = new Message(request.topic, 'tag-ons', body)
    message.keys = ['ons-key']
    statuses.push((await producer.send(message)).sendStatus)
  }
  return { statuses, received: [] }
}

async function consume(request: OnsRequest & { kind: 'consume' }): Promise<OnsAnswer> {
  const received: { body: string; keys: string | null }[] = []
  const consumer = new Consumer({
    ...clientOptions(request),
    consumerGroup: `G-ons-${request.topic}`,
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    rebalanceInterval: 1_000,
  })
  // It asks for the route of its retry topic before its first heartbeat creates that topic.
  consumer.on('error', (error) => console.error(error.message))
  consumer.subscribe(request.topic, request.tags, async (message) => {
    received.push({ body: message.body.toString(), keys: message.keys ?? null })
  })
  await consumer.ready()
  await waitFor(() => received.length >= request.count, request.timeoutMs)
  return { statuses: [], received }
}

function clientOptions(request: OnsRequest) {
  return {
    nameSrv: request.nameServer,
    httpclient: { request: () => undefined },
    logger: silent,
    clientIP: '127.0.0.1',
  }
}

const request = JSON.parse(process.argv[2] ?? '') as OnsRequest
const answer = request.kind === 'send' ? await send(request) : await consume(request)
process.stdout.write(`${JSON.stringify(answer)}\n`, () => process.exit(0))
