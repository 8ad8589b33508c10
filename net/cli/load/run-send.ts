import type { SendBenchOptions } from './bench-options.ts'
import type { BenchReport } from './bench-report.ts'
import { type BenchSession, withSession } from './bench-session.ts'
import { waitUntilCaughtUp } from './catch-up.ts'
import type { LoadFigures } from './load-meter.ts'
import { toMachineMs } from './machine-clock.ts'
import type { SendLaneShape } from './send-lane.ts'
import { SendLoad, type SendPhase } from './send-load.ts'
import { TopicNames } from './topic-names.ts'

const PRODUCER_GROUP = 'agena_bench_producer'
const TAG = 'TagA'

/** `agena bench send`: how fast, how soon and at what cost a broker acknowledges sends. */
export function runSend(options: SendBenchOptions): Promise<BenchReport> {
  return withSession(options, async (session) => {
    const load = await SendLoad.open(planSendLanes(options, session))
    try {
      return await measure(options, session, load)
    } finally {
      load.close()
    }
  })
}

async function measure(
  options: SendBenchOptions,
  session: BenchSession,
  load: SendLoad,
): Promise<BenchReport> {
  const { targets, cpu, latencies } = session
  const runPhase = async (name: string, phase: Partial<SendPhase>): Promise<LoadFigures> => {
    const figures = await load.run(sendPhase(options, session, name, phase))
    session.progress.end()
    cpu.stopGenerator()
    await waitUntilCaughtUp(targets)
    return figures
  }
  if (options.warmup > 0) await runPhase('warm-up', { durationMs: options.warmup })
  const logStart = await logEnd(session)
  const measuredFromMs = toMachineMs(performance.now())
  cpu.start()
  session.disk.start()
  const figures = await runPhase('measure', {
    messageCountMax: options.count ?? Number.POSITIVE_INFINITY,
    durationMs: options.count === undefined ? options.duration : Number.POSITIVE_INFINITY,
  })
  if (options.hlog !== undefined) latencies.writeFile(options.hlog)
  const logBytes = (await logEnd(session)) - logStart
  return {
    ...sendReport(options, session, figures),
    measuredFromMs: options.stamp === true ? measuredFromMs : undefined,
    logBytes: Number.isNaN(logBytes) ? undefined : logBytes,
  }
}

/** The sum of where the logs end; NaN when a broker does not tell. */
async function logEnd({ targets }: BenchSession): Promise<number> {
  let sum = 0
  for (const { control } of targets) sum += (await control.logEndOffset()) ?? Number.NaN
  return sum
}

/** One phase of a load by the options, and what is said otherwise. */
export function sendPhase(
  options: SendBenchOptions,
  session: BenchSession,
  name: string,
  parts: Partial<SendPhase>,
): SendPhase {
  const phase: SendPhase = {
    messageCountMax: Number.POSITIVE_INFINITY,
    durationMs: Number.POSITIVE_INFINITY,
    ratePerSecond: options.rate,
    isBodyStamped: options.stamp === true,
    waiting: options.stamp === true ? 'nap' : 'spin',
    latencies: session.latencies,
    onProgress: session.progress.show,
    ...parts,
  }
  session.progress.begin({ name, ...phase })
  return phase
}

/** Spreads the connections over the brokers, and their slots over the queues. */
export function planSendLanes(
  options: SendBenchOptions,
  { targets }: BenchSession,
): SendLaneShape[] {
  const topics = new TopicNames(options.topic, options.topics)
  return Array.from({ length: options.connections }, (_, connection) => {
    const target = targets[connection % targets.length]!
    const { queueCount } = target
    return {
      address: target.control.address,
      brokerName: target.brokerName,
      topics,
      firstTopic: Math.floor((connection * topics.count) / options.connections),
      queueIds: Array.from({ length: queueCount }, (_unused, queue) => {
        return (connection + queue) % queueCount
      }),
      producerGroup: PRODUCER_GROUP,
      tag: TAG,
      bodyBytes: options.size,
      batchCount: options.batch,
      slotCount: options.inFlight,
    }
  })
}

/** The report of a phase that sent. */
export function sendReport(
  options: SendBenchOptions,
  session: BenchSession,
  figures: LoadFigures,
): BenchReport {
  const { brokerUs, generatorUs } = session.cpu.figures()
  const { messageCount, elapsedMs } = figures
  return {
    benchmark: 'send',
    target: session.target,
    topic: options.topic,
    topicCount: options.topics ?? 1,
    messageBytes: options.size,
    batchCount: options.batch,
    connectionCount: options.connections,
    inFlightCount: options.connections * options.inFlight,
    scheduledRatePerSecond: options.rate,
    durability: session.durability,
    hostSync: session.hostSync,
    messageCount,
    elapsedMs,
    ratePerSecond: (messageCount * 1000) / elapsedMs,
    bytesPerSecond: (figures.bytes * 1000) / elapsedMs,
    latency: figures.latency,
    brokerCpuUsPerMessage: brokerUs === undefined ? undefined : brokerUs / messageCount,
    brokerRssAnonBytes: session.cpu.brokerRssAnonBytes,
    disk: session.disk.figures(),
    generatorCpuUsPerMessage: generatorUs / messageCount,
    refusals: figures.refusals,
  }
}
