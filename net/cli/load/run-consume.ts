import { EXPRESSION_TYPE_SQL92, EXPRESSION_TYPE_TAG } from '../../protocol/heartbeat.ts'
import type { ConsumeBenchOptions } from './bench-options.ts'
import type { BenchReport } from './bench-report.ts'
import { type BenchSession, withSession } from './bench-session.ts'
import type { LoadFigures } from './load-meter.ts'
import { PullLoad } from './pull-load.ts'
import type { PullFilter } from './pull-template.ts'
import { TopicNames } from './topic-names.ts'

/** `agena bench consume`: how fast, how soon and at what cost a broker answers pulls. */
export function runConsume(options: ConsumeBenchOptions): Promise<BenchReport> {
  return withSession(options, async (session) => {
    const load = await PullLoad.open({
      targets: session.targets,
      topics: new TopicNames(options.topic, options.topics),
      consumerGroup: options.group,
      messageCountPerPull: options.pull,
      connectionCount: options.connections,
      inFlightCount: options.inFlight,
      filter: filterOf(options),
    })
    try {
      return await measure(options, session, load)
    } finally {
      load.close()
    }
  })
}

function filterOf({ sql, tags }: ConsumeBenchOptions): PullFilter | undefined {
  if (sql !== undefined) return { expression: sql, expressionType: EXPRESSION_TYPE_SQL92 }
  return tags === undefined ? undefined : { expression: tags, expressionType: EXPRESSION_TYPE_TAG }
}

async function measure(
  options: ConsumeBenchOptions,
  session: BenchSession,
  load: PullLoad,
): Promise<BenchReport> {
  const { cpu, latencies, progress } = session
  const runPhase = async (
    name: string,
    durationMs: number,
    messageCountMax: number,
  ): Promise<LoadFigures> => {
    progress.begin({ name, durationMs, messageCountMax })
    const phase = { durationMs, messageCountMax, latencies, onProgress: progress.show }
    const figures = await load.run(phase)
    progress.end()
    return figures
  }
  if (options.warmup > 0) await runPhase('warm-up', options.warmup, Number.POSITIVE_INFINITY)
  cpu.start()
  const figures =
    options.count === undefined
      ? await runPhase('measure', options.duration, Number.POSITIVE_INFINITY)
      : await runPhase('measure', Number.POSITIVE_INFINITY, options.count)
  cpu.stopGenerator()
  if (options.hlog !== undefined) latencies.writeFile(options.hlog)
  return { ...consumeReport(options, session, figures), storedCount: load.storedCount }
}

function consumeReport(
  options: ConsumeBenchOptions,
  session: BenchSession,
  figures: LoadFigures,
): BenchReport {
  const { brokerUs, generatorUs } = session.cpu.figures()
  const { messageCount, elapsedMs } = figures
  return {
    benchmark: 'consume',
    target: session.target,
    topic: options.topic,
    topicCount: options.topics ?? 1,
    messageBytes: 0,
    batchCount: options.pull,
    connectionCount: options.connections,
    inFlightCount: options.connections * options.inFlight,
    durability: session.durability,
    hostSync: session.hostSync,
    messageCount,
    elapsedMs,
    ratePerSecond: (messageCount * 1000) / elapsedMs,
    bytesPerSecond: (figures.bytes * 1000) / elapsedMs,
    latency: figures.latency,
    brokerCpuUsPerMessage: brokerUs === undefined ? undefined : brokerUs / messageCount,
    brokerRssAnonBytes: session.cpu.brokerRssAnonBytes,
    generatorCpuUsPerMessage: generatorUs / messageCount,
    refusals: figures.refusals,
  }
}
