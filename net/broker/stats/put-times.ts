/**
 * How long appends took: the distribution of the last whole minute, as StoreStatsService shows it
 * (`putMessageDistributeTime`, `putLatency99`).
 */

/** The ranges' names, and the time in milliseconds below which an append belongs to each. */
const RANGES: readonly (readonly [name: string, belowMs: number])[] = [
  ['[<=0ms]', 1],
  ['[0~10ms]', 10],
  ['[10~50ms]', 50],
  ['[50~100ms]', 100],
  ['[100~200ms]', 200],
  ['[200~500ms]', 500],
  ['[500ms~1s]', 1000],
  ['[1~2s]', 2000],
  ['[2~3s]', 3000],
  ['[3~4s]', 4000],
  ['[4~5s]', 5000],
  ['[5~10s]', 10_000],
  ['[10s~]', Number.POSITIVE_INFINITY],
]

/** Latency buckets as runs of equal steps: step in milliseconds, and how many of them. */
const BUCKET_RUNS: readonly (readonly [stepMs: number, count: number])[] = [
  [1, 20],
  [2, 15],
  [5, 10],
  [10, 10],
  [50, 6],
  [100, 5],
  [1000, 9],
]

const BUCKET_ENDS_MS: readonly number[] = bucketEnds()

interface Counts {
  readonly ranges: number[]
  /** One more than there are ends: the last holds what took longer than all. */
  readonly buckets: number[]
}

export class PutTimes {
  /** The longest append since the start, in milliseconds. */
  maxMs = 0
  #current = emptyCounts()
  #lastMinute = emptyCounts()

  /** Counts messages whose append took `elapsedMs`. */
  record(elapsedMs: number, messageCount: number): void {
    const wholeMs = Math.max(0, Math.floor(elapsedMs))
    const { ranges, buckets } = this.#current
    ranges[RANGES.findIndex(([, belowMs]) => wholeMs < belowMs)]! += messageCount
    buckets[bucketOf(wholeMs)]! += messageCount
    if (wholeMs > this.maxMs) this.maxMs = wholeMs
  }

  /** Begins the next minute. */
  turnMinute(): void {
    this.#lastMinute = this.#current
    this.#current = emptyCounts()
  }

  /** `name:count` for each range of the last minute, each followed by a space. */
  distribution(): string {
    return RANGES.map(([name], index) => `${name}:${this.#lastMinute.ranges[index]} `).join('')
  }

  /** The time, in milliseconds, within which `share` of the last minute's appends were done. */
  percentileMs(share: number): number {
    const { buckets } = this.#lastMinute
    const total = buckets.reduce((sum, count) => sum + count, 0)
    if (total === 0) return 0
    const rank = Math.floor(total * share)
    let passed = 0
    for (const [index, endMs] of BUCKET_ENDS_MS.entries()) {
      const count = buckets[index]!
      if (count > 0 && rank <= passed + count) {
        const startMs = BUCKET_ENDS_MS[index - 1] ?? 0
        return startMs + ((endMs - startMs) * (rank - passed)) / count
      }
      passed += count
    }
    return this.maxMs
  }
}

/** A bucket holds the times up to and including its end. */
function bucketOf(wholeMs: number): number {
  const index = BUCKET_ENDS_MS.findIndex((endMs) => wholeMs <= endMs)
  return index === -1 ? BUCKET_ENDS_MS.length : index
}

function bucketEnds(): number[] {
  const ends: number[] = []
  for (const [stepMs, count] of BUCKET_RUNS) {
    for (let step = 0; step < count; step += 1) ends.push((ends.at(-1) ?? 0) + stepMs)
  }
  return ends
}

function emptyCounts(): Counts {
  return {
    ranges: new Array<number>(RANGES.length).fill(0),
    buckets: new Array<number>(BUCKET_ENDS_MS.length + 1).fill(0),
  }
}
