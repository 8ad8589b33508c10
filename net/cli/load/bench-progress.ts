import { formatCount, formatMicroseconds } from './bench-report.ts'
import type { LoadProgress, OnProgress } from './load-meter.ts'

/** Where a phase will end. */
export interface ProgressGoal {
  readonly name: string
  readonly durationMs: number
  readonly messageCountMax: number
}

/** Shows how a benchmark goes on, on standard error: standard output is the report's. */
export interface ProgressView {
  readonly begin: (goal: ProgressGoal) => void
  readonly show: OnProgress
  readonly end: () => void
}

const PERCENT = 100

/** A bar on a terminal, lines elsewhere, nothing when `isQuiet`. */
export async function createProgressView(
  stream: NodeJS.WriteStream,
  isQuiet: boolean,
): Promise<ProgressView> {
  if (isQuiet) return { begin: () => undefined, show: () => undefined, end: () => undefined }
  return stream.isTTY ? createBar(stream) : createLines(stream)
}

async function createBar(stream: NodeJS.WriteStream): Promise<ProgressView> {
  const { SingleBar, Presets } = await import('cli-progress')
  const format = '{name} {bar} {percentage}% {text}'
  const bar = new SingleBar({ stream, format, hideCursor: true }, Presets.shades_classic)
  let goal: ProgressGoal | undefined
  return {
    begin: (next) => {
      goal = next
      bar.start(PERCENT, 0, { name: next.name.padEnd(8), text: '' })
    },
    show: (progress) => {
      if (goal !== undefined) bar.update(percentOf(goal, progress), { text: describe(progress) })
    },
    end: () => bar.stop(),
  }
}

function createLines(stream: NodeJS.WriteStream): ProgressView {
  let name = ''
  return {
    begin: (goal) => {
      name = goal.name
    },
    show: (progress) => {
      const seconds = (progress.elapsedMs / 1000).toFixed(0)
      stream.write(`${name} ${seconds} s: ${describe(progress)}\n`)
    },
    end: () => undefined,
  }
}

function percentOf(goal: ProgressGoal, progress: LoadProgress): number {
  const byTime = progress.elapsedMs / goal.durationMs
  const byCount = progress.messageCount / goal.messageCountMax
  return Math.min(Math.floor(PERCENT * Math.max(byTime, byCount)), PERCENT)
}

function describe({ ratePerSecond, latency }: LoadProgress): string {
  const { p50Us, p99Us } = latency
  const rate = `${formatCount(ratePerSecond)} messages/s`
  return `${rate}, p50 ${formatMicroseconds(p50Us)}, p99 ${formatMicroseconds(p99Us)}`
}
