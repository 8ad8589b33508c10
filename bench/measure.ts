import { Bench } from 'tinybench'
import type { BenchSuite, BenchTask } from './suite.ts'

/** What one task took. */
export interface Measurement {
  readonly suite: string
  readonly task: string
  /** Median of the calls, for one unit of the task. */
  readonly nsPerUnit: number
  /** Half the distance between the 25th and the 75th percentile, in percent of the median. */
  readonly spreadPercent: number
  readonly unitsPerSecond: number
  /** Undefined where bytes say nothing. */
  readonly bytesPerSecond: number | undefined
  readonly sampleCount: number
}

const NS_PER_MS = 10 ** 6
const MS_PER_SECOND = 1000
const PERCENT = 100
/** The JIT settles before anything is measured. */
const WARMUP_SHARE = 0.5

/** Times every task of a suite for about `timeMs` each. */
export async function measureSuite(suite: BenchSuite, timeMs: number): Promise<Measurement[]> {
  const { tasks, close } = suite.open()
  try {
    const bench = new Bench({
      time: timeMs,
      warmupTime: timeMs * WARMUP_SHARE,
      iterations: 1,
      warmupIterations: 1,
      retainSamples: true,
      throws: true,
    })
    for (const task of tasks) {
      // Without `async` a task would be run once to find out, without its preparation.
      const beforeEach = task.prepare ?? (() => undefined)
      bench.add(task.name, task.run, { async: false, beforeEach })
    }
    await bench.run()
    return tasks.map((task, index) => {
      const result = bench.tasks[index]?.result
      if (result === undefined || !('latency' in result))
        throw new Error(`${task.name} did not run`)
      return toMeasurement(suite.name, task, result.latency.samples ?? [])
    })
  } finally {
    close?.()
  }
}

/** @param samplesMs ascending */
function toMeasurement(suite: string, task: BenchTask, samplesMs: readonly number[]): Measurement {
  const at = (share: number): number => samplesMs[Math.floor((samplesMs.length - 1) * share)] ?? 0
  const medianMs = at(0.5)
  const callsPerSecond = MS_PER_SECOND / medianMs
  return {
    suite,
    task: task.name,
    nsPerUnit: (medianMs * NS_PER_MS) / task.unitCount,
    spreadPercent: (PERCENT * (at(0.75) - at(0.25))) / 2 / medianMs,
    unitsPerSecond: callsPerSecond * task.unitCount,
    bytesPerSecond: task.bytes === undefined ? undefined : callsPerSecond * task.bytes,
    sampleCount: samplesMs.length,
  }
}
