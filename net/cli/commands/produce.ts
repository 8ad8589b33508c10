import process from 'node:process'
import { createInterface } from 'node:readline'
import { Command } from 'commander'
import type { Message, Producer, SendResult } from '../../client/index.ts'
import { addressesArgument, integerArgument } from '../arguments.ts'

const EXAMPLES = `
Each line of standard input becomes a message; empty lines are left out.

Examples:
  echo 'hello' | agena produce -t Greetings
  agena produce -t Greetings --tags formal --keys 17,18 < letters.txt
  agena produce -t Greetings --count 1000         "message 1" to "message 1000"
  agena produce -t Greetings --sharding-key 17    all to one queue, one after the other
  agena produce -t Greetings --json               and says of each where it is stored
`

interface ProduceArguments {
  readonly namesrv: string
  readonly topic: string
  readonly group: string
  readonly tags?: string
  readonly keys?: string
  readonly shardingKey?: string
  readonly count?: number
  readonly inFlight: number
  readonly json?: boolean
}

/** `agena produce`. */
export function produceCommand(): Command {
  return new Command('produce')
    .description('Send messages: lines of standard input, or a number of them.')
    .requiredOption('-t, --topic <name>', 'topic')
    .option('-n, --namesrv <addresses>', 'name servers', addressesArgument, '127.0.0.1:9876')
    .option('-g, --group <name>', 'producer group', 'agena_cli_producer')
    .option('--tags <tag>', 'tag that consumers filter by')
    .option('--keys <keys>', 'keys to find the messages by, split at commas')
    .option('--sharding-key <key>', 'send all to the queue of this key, in order')
    .option('--count <n>', 'send this many messages instead of lines', integerArgument(1))
    .option('--in-flight <n>', 'sends at the same time', integerArgument(1, 10_000), 32)
    .option('--json', 'print one JSON object a message')
    .addHelpText('after', EXAMPLES)
    .action(produce)
}

async function produce(options: ProduceArguments): Promise<void> {
  const { Producer: ProducerClass } = await import('../../client/index.ts')
  const nameServers = options.namesrv.split(';')
  await using producer = await ProducerClass.start({ nameServers, group: options.group })
  // One queue keeps its order only when each send waits for the one before.
  const inFlight = options.shardingKey === undefined ? options.inFlight : 1
  const bodies = options.count === undefined ? inputLines() : numberedBodies(options.count)
  const sentCount = await sendAll(producer, { ...options, inFlight }, bodies)
  process.stderr.write(`sent ${sentCount} messages to ${options.topic}\n`)
}

async function* inputLines(): AsyncGenerator<string> {
  if (process.stdin.isTTY) process.stderr.write('Each line is a message; Ctrl+D ends.\n')
  const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })
  for await (const line of lines) if (line !== '') yield line
}

async function* numberedBodies(count: number): AsyncGenerator<string> {
  for (let number = 1; number <= count; number++) yield `message ${number}`
}

/** Sends with a number of sends in flight; the first that fails ends it. */
async function sendAll(
  producer: Producer,
  options: ProduceArguments,
  bodies: AsyncIterable<string>,
): Promise<number> {
  const sending = new Set<Promise<void>>()
  let sentCount = 0
  let failure: { readonly error: unknown } | undefined
  const sendOne = async (message: Message): Promise<void> => {
    try {
      const result = await producer.send(message, { shardingKey: options.shardingKey })
      sentCount += 1
      if (options.json === true) process.stdout.write(`${receiptLine(result)}\n`)
    } catch (error) {
      failure ??= { error }
    }
  }
  for await (const body of bodies) {
    const sent = sendOne(messageOf(options, body))
    sending.add(sent)
    void sent.then(() => sending.delete(sent))
    if (sending.size >= options.inFlight) await Promise.race(sending)
    if (failure !== undefined) break
  }
  await Promise.all(sending)
  if (failure === undefined) return sentCount
  process.stderr.write(`sent ${sentCount} messages to ${options.topic} before one failed\n`)
  throw failure.error
}

function messageOf({ topic, tags, keys }: ProduceArguments, body: string): Message {
  return { topic, body, tags, keys: keys?.split(',') }
}

function receiptLine({ queue, ...result }: SendResult): string {
  const { brokerName, queueId } = queue
  return JSON.stringify({ ...result, brokerName, queueId })
}
