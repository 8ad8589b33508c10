import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BenchReport } from '../../../net/cli/load/bench-report.ts'
import { runJavaOrFail } from '../../../scripts/java/java-process.ts'
import { packageRoot } from '../../../scripts/java/package-root.ts'
import type { Sample } from '../measures/metrics.ts'
import type { VersusOptions } from '../options.ts'
import type { AppendShape, Contender, LibraryName } from '../row.ts'
import { commandLinePath } from '../sides/agena.ts'
import { javaToolchain, machineOptions } from '../sides/java.ts'
import { runForJson } from './child-report.ts'
import { ensureLibraries } from './library-install.ts'
import type { LibraryRequest } from './library-peer.ts'

const JAVA_PROGRAM = join(packageRoot, 'bench/versus/java/AppendLoad.java')
/** A virtual machine that only appends has compiled what it needs after so long. */
const JAVA_WARMUP_MS_MIN = 4000

/** Measures one contender's appends in a process of its own, on an empty store. */
export async function measureAppend(
  contender: Contender,
  append: AppendShape,
  options: VersusOptions,
): Promise<Sample> {
  mkdirSync(options.directory, { recursive: true })
  execFileSync('sync')
  switch (contender) {
    case 'Agena':
      return measureAgena(append, options)
    case 'RocketMQ':
      return measureJava(append, options)
    case 'lmdb':
    case 'classic-level':
    case 'write stream':
      return measureLibrary(contender, append, options)
  }
}

async function measureAgena(
  { bodyBytes, batch, inFlight, flush }: AppendShape,
  { directory, durationMs, warmupMs }: VersusOptions,
): Promise<Sample> {
  const load = { size: bodyBytes, batch, 'in-flight': inFlight / batch, flush, data: directory }
  const times = { duration: `${durationMs}ms`, warmup: `${warmupMs}ms` }
  const words = Object.entries({ ...load, ...times }).map(([name, value]) => `--${name}=${value}`)
  const report = await runForJson<BenchReport>(process.execPath, [
    commandLinePath,
    ...['bench', 'append', '--json', '--quiet', ...words],
  ])
  const { ratePerSecond, latency, generatorCpuUsPerMessage: cpuUs } = report
  const { p50Us, p99Us, p999Us } = latency
  return { ratePerSecond, cpuUs, p50Us, p99Us, p999Us }
}

/** RocketMQ's DefaultMessageStore, which `putMessage` waits on, with so many appends in flight. */
async function measureJava(append: AppendShape, options: VersusOptions): Promise<Sample> {
  const { bodyBytes, batch, inFlight, flush } = append
  const folder = mkdtempSync(join(options.directory, 'java-append-'))
  try {
    const warmupMs = Math.max(options.warmupMs, JAVA_WARMUP_MS_MIN)
    const shape = [bodyBytes, batch, inFlight / batch, flush, warmupMs, options.durationMs]
    const { stdout } = await runJavaOrFail(await javaToolchain(), {
      mainClass: JAVA_PROGRAM,
      arguments: [join(folder, 'store'), ...shape.map(String)],
      scratch: join(folder, 'home'),
      machineOptions: machineOptions(options.javaHeap),
    })
    const line = stdout.split('\n').findLast((text) => text.startsWith('{')) ?? ''
    const { p50Us, p99Us, p999Us, ...sample } = JSON.parse(line) as Required<Sample>
    // Without a sync to wait for, an append ends within its call: nothing is ever in flight.
    return flush === 'async' ? sample : { ...sample, p50Us, p99Us, p999Us }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measureLibrary(
  library: LibraryName,
  append: AppendShape,
  { directory, durationMs, warmupMs, log }: VersusOptions,
): Promise<Sample> {
  ensureLibraries(log)
  const request: LibraryRequest = { library, append, directory, durationMs, warmupMs }
  const program = fileURLToPath(new URL('./library-peer.js', import.meta.url))
  return runForJson(process.execPath, [program, JSON.stringify(request)])
}
