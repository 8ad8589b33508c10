import type { EndToEndBenchOptions } from './bench-options.ts'
import type { BenchReport } from './bench-report.ts'
import { type BenchSession, withSession } from './bench-session.ts'
import { LoadError } from './errors.ts'
import { Follower, type FollowFigures } from './follower.ts'
import { LatencyLog } from './latency-log.ts'
import type { LoadFigures, LoadProgress } from './load-meter.ts'
import { planSendLanes, sendPhase, sendReport } from './run-send.ts'
import { SendLoad, type SendPhase } from './send-load.ts'

/** `agena bench e2e`: how soon a consumer that waits has a message, at a rate. */
export function runEndToEnd(options: EndToEndBenchOptions): Promise<BenchReport> {
  return withSession(options, async (session) => {
    const arrivals = await LatencyLog.create(options.hlog !== undefined)
    const follower = await openFollower(options, session, arrivals)
    try {
      const load = await SendLoad.open(planSendLanes(options, session))
      try {
        return await measure(options, session, { load, follower, arrivals })
      } finally {
        load.close()
      }
    } finally {
      follower.close()
    }
  })
}

interface EndToEndParts {
  readonly load: SendLoad
  readonly follower: Follower
  readonly arrivals: LatencyLog
}

function openFollower(
  options: EndToEndBenchOptions,
  { targets }: BenchSession,
  arrivals: LatencyLog,
): Promise<Follower> {
  const { topic, group: consumerGroup, pull: messageCountPerPull } = options
  const shapes = targets.map((target) => ({ target, topic, consumerGroup, messageCountPerPull }))
  return Follower.open(shapes, arrivals)
}

async function measure(
  options: EndToEndBenchOptions,
  session: BenchSession,
  { load, follower, arrivals }: EndToEndParts,
): Promise<BenchReport> {
  const { cpu, progress } = session
  const runPhase = async (
    name: string,
    bounds: Partial<SendPhase>,
  ): Promise<[LoadFigures, FollowFigures]> => {
    follower.start()
    // What the person watches is the latency that is measured here, not that of the acks.
    const onProgress = (seen: LoadProgress): void => {
      progress.show({ ...seen, latency: follower.endInterval() })
    }
    const phase = sendPhase(options, session, name, { ...bounds, isBodyStamped: true, onProgress })
    const sent = await load.run(phase)
    const followed = await follower.finish(sent.messageCount)
    progress.end()
    cpu.stopGenerator()
    return [sent, followed]
  }
  if (options.warmup > 0) await runPhase('warm-up', { durationMs: options.warmup })
  cpu.start()
  const [sent, followed] = await runPhase('measure', {
    messageCountMax: options.count ?? Number.POSITIVE_INFINITY,
    durationMs: options.count === undefined ? options.duration : Number.POSITIVE_INFINITY,
  })
  if (options.hlog !== undefined) arrivals.writeFile(options.hlog)
  if (followed.messageCount < sent.messageCount) {
    const lost = sent.messageCount - followed.messageCount
    throw new LoadError('LOAD_STALLED', `${lost} acknowledged messages did not arrive`)
  }
  const report = sendReport(options, session, sent)
  return { ...report, benchmark: 'e2e', endToEnd: followed.latency }
}
