import { RemotingClient } from '../../remoting/remoting-client.ts'
import type { BenchOptions } from './bench-options.ts'
import { createProgressView, type ProgressView } from './bench-progress.ts'
import { CpuAccount } from './cpu-account.ts'
import { DiskAccount } from './disk-account.ts'
import { LoadError } from './errors.ts'
import { LatencyLog } from './latency-log.ts'
import { findTargets, type LoadTarget } from './load-target.ts'
import { probeSync, type SyncProbe } from './sync-probe.ts'
import { TopicNames } from './topic-names.ts'

/** What every benchmark has at hand. */
export interface BenchSession {
  readonly targets: readonly LoadTarget[]
  /** The addresses of the targets, for the report. */
  readonly target: string
  readonly durability: string
  readonly hostSync: SyncProbe
  readonly cpu: CpuAccount
  /** Of the disk that is measured. */
  readonly disk: DiskAccount
  readonly latencies: LatencyLog
  readonly progress: ProgressView
}

/** Opens what a benchmark needs, runs it, and closes all again. */
export async function withSession<T>(
  options: BenchOptions,
  run: (session: BenchSession) => Promise<T>,
): Promise<T> {
  const cpu = new CpuAccount(options.pid)
  const client = new RemotingClient()
  const progress = await createProgressView(process.stderr, options.quiet === true)
  try {
    const targets = await findTargets(client, {
      namesrvAddress: options.namesrv,
      brokerAddress: options.broker,
      topics: new TopicNames(options.topic, options.topics),
      queueCount: options.queues,
    })
    assertAllDriven(targets, options.connections)
    return await run({
      targets,
      target: targets.map(({ control }) => control.address).join(', '),
      durability: options.durability ?? durabilityOf(targets),
      hostSync: probeSync(options.data),
      cpu,
      disk: new DiskAccount(options.data),
      latencies: await LatencyLog.create(options.hlog !== undefined),
      progress,
    })
  } finally {
    progress.end()
    await client.close()
  }
}

/** A connection leads to one broker: each takes one at least, or the figures are not of all. */
function assertAllDriven(targets: readonly LoadTarget[], connectionCount: number): void {
  const brokerCount = targets.length
  if (connectionCount >= brokerCount) return
  const message =
    `${brokerCount} brokers take ${brokerCount} connections or more, not ${connectionCount}: ` +
    'see --connections, or --broker to drive one alone'
  throw new LoadError('LOAD_CONNECTIONS_TOO_FEW', message)
}

/** What the brokers' settings promise with an ack. */
function durabilityOf(targets: readonly LoadTarget[]): string {
  const levels = targets.map(({ settings }) => {
    const flush = settings.get('flushDiskType')
    if (flush === undefined) return 'unknown: the broker does not tell, see --durability'
    const role = settings.get('brokerRole')
    return role === 'SYNC_MASTER' ? `${flush}, ${role}` : flush
  })
  return [...new Set(levels)].join(' and ')
}
