import process from 'node:process'
import { Command, Option } from 'commander'
import { GIB } from '../../../engine/base/units.ts'
import {
  addressArgument,
  bytesArgument,
  durationArgument,
  integerArgument,
  repeated,
} from '../arguments.ts'
import type {
  AppendBenchOptions,
  ConsumeBenchOptions,
  EndToEndBenchOptions,
  MeasureOptions,
  SendBenchOptions,
} from '../load/bench-options.ts'
import type { BenchReport } from '../load/bench-report.ts'

const CONSUMER_GROUP = 'agena_bench_consumer'
const DESCRIPTION = 'Measure any RocketMQ broker over the wire, or the log library in process.'
const EXAMPLES = `
Examples:
  agena bench send --size 128                      16 connections, 16 requests in flight on each
  agena bench send --size 1KiB --connections 1 --in-flight 1 --duration 10s
  agena bench send --rate 20000 --pid $(pgrep -f BrokerStartup) --json > result.json
  agena bench send -n java-host:9876 --batch 32    a broker in another process, by its name server
  agena bench send --pid 4711 --pid 4712           two shards: their CPU time is added up
  agena bench consume --pull 32                    what "bench send" has left there, round and round
  agena bench e2e --rate 10000                     from the send until a waiting consumer has it
  agena bench append --size 1KiB --flush sync      the log library, without a broker

With --rate, requests leave on a schedule and latency counts from when each was due: a broker that
stalls cannot slow the measurement down. The generator then keeps one core busy.
The connections are spread over all brokers that the name server knows, unless --broker names one.
With --pid, CPU time is that of the whole process until its queues have caught up with the acks.
`

/** `agena bench`. */
export function benchCommand(): Command {
  return new Command('bench')
    .description(DESCRIPTION)
    .addHelpText('after', EXAMPLES)
    .addCommand(sendCommand())
    .addCommand(consumeCommand())
    .addCommand(endToEndCommand())
    .addCommand(appendCommand())
}

function sendCommand(): Command {
  return withSendOptions(
    benchmark('send', 'how fast, how soon and at what cost sends are acked', 16),
  )
    .option('--batch <n>', 'messages a request', integerArgument(1), 1)
    .option('--topics <n>', 'send to so many, TOPIC-0, TOPIC-1 …', integerArgument(1, 100_000), 1)
    .option('--rate <n>', 'messages a second, on a schedule', integerArgument(1))
    .option(
      '--stamp',
      'write into bodies when each was due, for their consumer; acks are read late then',
    )
    .action(async (options: SendBenchOptions) => {
      const { runSend } = await import('../load/run-send.ts')
      await report(options, await runSend(options))
    })
}

function consumeCommand(): Command {
  return withGroupOptions(benchmark('consume', 'how fast what a topic holds can be pulled', 1))
    .option('--topics <n>', 'pull from so many, TOPIC-0, TOPIC-1 …', integerArgument(1, 100_000), 1)
    .option('--tags <expression>', 'pull with a filter by tags, "a || b"; "send" gives TagA')
    .addOption(
      new Option('--sql <condition>', 'pull with a filter by properties').conflicts('tags'),
    )
    .action(async (options: ConsumeBenchOptions) => {
      const { runConsume } = await import('../load/run-consume.ts')
      await report(options, await runConsume(options))
    })
}

function endToEndCommand(): Command {
  return withGroupOptions(
    withSendOptions(benchmark('e2e', 'how soon a waiting consumer has what is sent', 16)),
  )
    .option('--rate <n>', 'messages a second, on a schedule', integerArgument(1), 1000)
    .action(async (options: Omit<EndToEndBenchOptions, 'batch'>) => {
      const { runEndToEnd } = await import('../load/run-end-to-end.ts')
      await report(options, await runEndToEnd({ ...options, batch: 1 }))
    })
}

function appendCommand(): Command {
  return withMeasureOptions(
    new Command('append')
      .description('how fast the log library appends, in this process')
      .option('--size <bytes>', 'body of each message', bytesArgument, 128)
      .option('--batch <n>', 'messages an append', integerArgument(1), 1)
      .option('--in-flight <n>', 'appends in flight', integerArgument(1, 1_000_000), 1024)
      .option('--queues <n>', 'queues of the topic', integerArgument(1, 1024), 8)
      .addOption(
        new Option('--flush <mode>', 'when an append counts as done')
          .choices(['async', 'sync'])
          .default('async'),
      )
      .addOption(
        new Option('--segment-preparation <how>', 'what is done to a new segment')
          .choices(['allocate', 'write'])
          .default('allocate'),
      )
      .option('--segment-size <bytes>', "size of the log's files", bytesArgument, GIB)
      .option('--no-index', 'build no index of keys'),
  ).action(async (options: AppendBenchOptions) => {
    const { runAppend } = await import('../load/run-append.ts')
    await report(options, await runAppend(options))
  })
}

/** A benchmark of a broker with the options that all of them have. */
function benchmark(name: string, description: string, inFlightCount: number): Command {
  const command = new Command(name)
    .description(description)
    .option('-n, --namesrv <host:port>', 'name server', addressArgument, '127.0.0.1:9876')
    .option('-b, --broker <host:port>', 'drive this broker only', addressArgument)
    .option('-t, --topic <name>', 'topic, created when missing', 'AgenaBench')
    .option('--queues <n>', 'queues of a topic that is created', integerArgument(1, 1024), 8)
    .option('--connections <n>', 'connections', integerArgument(1, 10_000), 16)
    .option(
      '--in-flight <n>',
      'requests in flight on each',
      integerArgument(1, 100_000),
      inFlightCount,
    )
    .addOption(
      new Option('--pid <pid>', 'a process of the broker (repeatable)')
        .argParser(repeated(integerArgument(1)))
        .default([], 'none'),
    )
    .option('--durability <text>', 'what an ack promises, if the broker does not tell')
  return withMeasureOptions(command)
}

function withMeasureOptions(command: Command): Command {
  return command
    .option('--count <n>', 'measure this many messages', integerArgument(1))
    .addOption(timeOption('--duration <time>', 'or for this long', 10_000))
    .addOption(timeOption('--warmup <time>', 'run this long before that', 2000))
    .option('--data <dir>', 'measure fdatasync in this directory; "append" works there', '.')
    .option('--hlog <file>', 'save the latencies as an HdrHistogram log')
    .option('--json', 'print the report as JSON')
    .option('--quiet', 'show no progress')
}

function timeOption(flags: string, description: string, defaultMs: number): Option {
  const text = `${defaultMs / 1000}s`
  return new Option(flags, description).argParser(durationArgument).default(defaultMs, text)
}

function withSendOptions(command: Command): Command {
  return command.option('--size <bytes>', 'body of each message', bytesArgument, 128)
}

function withGroupOptions(command: Command): Command {
  return command
    .option('-g, --group <name>', 'consumer group', CONSUMER_GROUP)
    .option('--pull <n>', 'messages that one pull asks for', integerArgument(1, 1024), 32)
}

async function report(options: MeasureOptions, measured: BenchReport): Promise<void> {
  const { formatReport } = await import('../load/bench-report.ts')
  const text =
    options.json === true ? `${JSON.stringify(measured, undefined, 2)}\n` : formatReport(measured)
  process.stdout.write(text)
}
