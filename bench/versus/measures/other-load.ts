import { existsSync, readFileSync } from 'node:fs'

const TICKS_PER_SECOND = 100
/** Fields of /proc/PID/stat behind the command's name: user, system, the same of ended children. */
const TIME_FIELDS = [11, 12, 13, 14] as const
/** Columns of /proc/stat's first line: user, nice, system, interrupts, and what the host took. */
const BUSY_COLUMNS = [1, 2, 3, 6, 7, 8] as const

/**
 * How many cores something else has kept busy: neither this process nor what it has started. Where
 * that is not near nothing, a turn has measured the others as well.
 */
export class OtherLoad {
  readonly #pids: readonly number[]
  readonly #startMs = performance.now()
  readonly #startTicks: number

  /** @param pids processes that this one has started and that go on */
  constructor(pids: Iterable<number>) {
    this.#pids = [...pids]
    this.#startTicks = this.#otherTicks()
  }

  /** Since it was made. */
  cores(): number {
    const ticks = this.#otherTicks() - this.#startTicks
    const seconds = (performance.now() - this.#startMs) / 1000
    return Math.max(0, ticks / TICKS_PER_SECOND / seconds)
  }

  #otherTicks(): number {
    const own = ['self', ...this.#pids].map((pid) => processTicks(`/proc/${pid}/stat`))
    return busyTicks() - own.reduce((sum, ticks) => sum + ticks, 0)
  }
}

function busyTicks(): number {
  const line = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0]!.split(/\s+/)
  return BUSY_COLUMNS.reduce((sum, column) => sum + Number(line[column]), 0)
}

/** A process that has ended is missed by the load that wanted it, not here. */
function processTicks(path: string): number {
  if (!existsSync(path)) return 0
  const fields = readFileSync(path, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ')
  return TIME_FIELDS.reduce((sum, field) => sum + Number(fields[field]), 0)
}
