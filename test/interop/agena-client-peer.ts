/**
 * The client of this package behind a process, as Toolbox.java is Apache RocketMQ's: reads one
 * request a line, `{"id": N, "do": NAME, …}`, works on all of them at the same time, and answers
 * each with one line. Ends with its standard input.
 */
import { createInterface } from 'node:readline'
import { LiteTools } from './conformance/peer/lite-tools.ts'
import { ProducerTools } from './conformance/peer/producer-tools.ts'
import { pullOnce } from './conformance/peer/pull-once.ts'
import { PushTools } from './conformance/peer/push-tools.ts'

const producers = new ProducerTools()
const consumers = new PushTools()
const lites = new LiteTools()

/** The tools by the names that the Java program gives them. */
const tools: Readonly<Record<string, (request: never) => Promise<unknown>>> = {
  producerStart: (request) => producers.start(request),
  producerSend: (request) => producers.send(request),
  producerRequest: (request) => producers.request(request),
  producerFind: (request) => producers.find(request),
  producerStop: (request) => producers.stop(request),
  consumerStart: (request) => consumers.start(request),
  consumerAwait: (request) => consumers.await(request),
  consumerDo: (request) => consumers.steer(request),
  consumerStop: (request) => consumers.stop(request),
  liteStart: (request) => lites.start(request),
  liteDo: (request) => lites.steer(request),
  liteStop: (request) => lites.stop(request),
  pullOnce,
}

async function answer(line: string): Promise<void> {
  const request = JSON.parse(line) as { readonly id: number; readonly do: string }
  const { id } = request
  try {
    const tool = tools[request.do]
    if (tool === undefined) throw new Error(`no such tool: ${request.do}`)
    const result = (await tool(request as never)) ?? null
    process.stdout.write(`${JSON.stringify({ id, ok: true, result })}\n`)
  } catch (error) {
    const text = error instanceof Error ? String(error.stack) : String(error)
    process.stdout.write(`${JSON.stringify({ id, ok: false, error: text })}\n`)
  }
}

const input = createInterface({ input: process.stdin })
input.on('line', (line) => void answer(line))
input.on('close', () => process.exit())
process.stdout.write('ready\n')
