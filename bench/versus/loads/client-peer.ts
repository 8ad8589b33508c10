/**
 * Our client under load, as an application uses it. Its one argument is a `ClientRequest` as JSON;
 * it prints a `Sample` as JSON. ClientLoad.java does the same with the Java client.
 */
import { Producer, PushConsumer } from '../../../net/client/index.ts'
import type { Sample } from '../measures/metrics.ts'
import type { ClientWork } from '../row.ts'
import { type ClientRequest, clientTopicOf } from './client-load.ts'

const US_PER_MS = 1000

type SendWork = Extract<ClientWork, { kind: 'send' }>
type ConsumeWork = Extract<ClientWork, { kind: 'consume' }>

/** Messages over a stretch of time, and the processor's time that this process took for them. */
class Stretch {
  readonly #startMs = performance.now()
  readonly #cpu = process.cpuUsage()

  end(messageCount: number): Sample {
    const elapsedMs = performance.now() - this.#startMs
    const { user, system } = process.cpuUsage(this.#cpu)
    return {
      ratePerSecond: (messageCount * US_PER_MS) / elapsedMs,
      cpuUs: (user + system) / messageCount,
    }
  }
}

/** So many callers that each send their next message when the last one is stored. */
async function measureSends(work: SendWork, request: ClientRequest): Promise<Sample> {
  const { durationMs, nameServer, warmupMs } = request
  await using producer = await Producer.start({ nameServers: [nameServer], group: 'client-load' })
  const topic = clientTopicOf(work)
  const body = Buffer.alloc(work.bodyBytes, 'x')
  let ackCount = 0
  const sendUntil = async (endMs: number): Promise<void> => {
    while (performance.now() < endMs) {
      const { status } = await producer.send({ topic, tags: 'TagA', body })
      if (status === 'SEND_OK') ackCount += 1
    }
  }
  const run = async (ms: number): Promise<Sample> => {
    ackCount = 0
    const stretch = new Stretch()
    const endMs = performance.now() + ms
    await Promise.all(Array.from({ length: work.inFlight }, () => sendUntil(endMs)))
    return stretch.end(ackCount)
  }
  await run(warmupMs)
  return await run(durationMs)
}

/** A new group each time reads the whole topic; the time counts from its first message on. */
async function consumeAll(work: ConsumeWork, nameServer: string): Promise<Sample> {
  let count = 0
  let stretch: Stretch | undefined
  let finish: (sample: Sample) => void
  const done = new Promise<Sample>((resolve) => {
    finish = resolve
  })
  await using _consumer = await PushConsumer.start({
    nameServers: [nameServer],
    group: `client-load-${process.pid}-${performance.now().toFixed(0)}`,
    subscriptions: { [clientTopicOf(work)]: '*' },
    consumeFrom: 'first',
    batchSizeMax: work.batchMax,
    onMessage: async (messages) => {
      stretch ??= new Stretch()
      count += messages.length
      if (count >= work.messageCount) finish(stretch.end(count))
      return 'success'
    },
  })
  return await done
}

async function measureConsuming(work: ConsumeWork, request: ClientRequest): Promise<Sample> {
  const { nameServer, warmupMs } = request
  const warmUntilMs = performance.now() + warmupMs
  while (performance.now() < warmUntilMs) await consumeAll(work, nameServer)
  return consumeAll(work, nameServer)
}

const request = JSON.parse(process.argv[2] ?? '{}') as ClientRequest
const { work } = request
const sample =
  work.kind === 'send' ? await measureSends(work, request) : await measureConsuming(work, request)
console.log(JSON.stringify(sample))
