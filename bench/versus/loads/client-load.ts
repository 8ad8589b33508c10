/**
 * A client's own cost: our client and Apache RocketMQ's Java client do the same against one broker,
 * which is ours for both, each in a process of its own. What is measured is that process, with all
 * its threads.
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runJavaOrFail } from '../../../scripts/java/java-process.ts'
import { packageRoot } from '../../../scripts/java/package-root.ts'
import type { Sample } from '../measures/metrics.ts'
import type { ClientWork } from '../row.ts'
import { javaToolchain } from '../sides/java.ts'
import type { Side, SideName } from '../sides/side.ts'
import { runForJson } from './child-report.ts'

/** What a client does, and against which name server. */
export interface ClientRequest {
  readonly work: ClientWork
  readonly nameServer: string
  readonly warmupMs: number
  readonly durationMs: number
}

/** How long a client runs under its load before it is measured. */
export interface ClientTimes {
  readonly warmupMs: number
  readonly durationMs: number
  /** Where the Java program may write. */
  readonly scratch: string
}

const JAVA_PROGRAM = join(packageRoot, 'bench/versus/java/ClientLoad.java')
/** A Java virtual machine with a client in it has compiled what it needs after so long. */
const JAVA_WARMUP_MS_MIN = 12_000
const WARMUP_MS_MIN = 3000
const JAVA_HEAP_OPTIONS = ['-server', '-Xms1g', '-Xmx1g', '-XX:+UseG1GC']

/** The topic of a load: a consumer reads what was put there before. */
export function clientTopicOf({ kind, bodyBytes }: ClientWork): string {
  return `Client-${kind}-${bodyBytes}`
}

/** Lets one client do its work once, in a process of its own. */
export async function measureClient(
  name: SideName,
  work: ClientWork,
  broker: Pick<Side, 'nameServer'>,
  { warmupMs, durationMs, scratch }: ClientTimes,
): Promise<Sample> {
  const { nameServer } = broker
  if (name === 'Agena') {
    const program = fileURLToPath(new URL('./client-peer.js', import.meta.url))
    const request: ClientRequest = {
      work,
      nameServer,
      durationMs,
      warmupMs: Math.max(warmupMs, WARMUP_MS_MIN),
    }
    return runForJson(process.execPath, [program, JSON.stringify(request)])
  }
  const ms = [Math.max(warmupMs, JAVA_WARMUP_MS_MIN), durationMs]
  const shape =
    work.kind === 'send' ? [work.bodyBytes, work.inFlight] : [work.batchMax, work.messageCount]
  const { stdout } = await runJavaOrFail(await javaToolchain(), {
    mainClass: JAVA_PROGRAM,
    arguments: [work.kind, nameServer, clientTopicOf(work), ...[...ms, ...shape].map(String)],
    scratch,
    machineOptions: JAVA_HEAP_OPTIONS,
  })
  const line = stdout.split('\n').findLast((text) => text.startsWith('{')) ?? ''
  return JSON.parse(line) as Sample
}
