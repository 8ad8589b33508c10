import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { KIB } from '../../../engine/base/units.ts'
import { LoadError } from './errors.ts'

/** Fields of /proc/PID/stat behind the command's name, which may hold anything in its brackets. */
const USER_TICKS_FIELD = 11
const SYSTEM_TICKS_FIELD = 12
const US_PER_SECOND = 10 ** 6

/** Reads how much CPU time and memory a process uses, all of its threads, from /proc. */
export class BrokerProcess {
  readonly #pid: number
  readonly #usPerTick: number

  /** @throws {LoadError} `LOAD_PROCESS_UNKNOWN` when there is no such process */
  constructor(pid: number) {
    this.#pid = pid
    this.#usPerTick = US_PER_SECOND / ticksPerSecond()
    this.usedUs()
  }

  /** Microseconds since the process began, in steps of a clock tick (usually 10 ms). */
  usedUs(): number {
    const fields = this.#read('stat')
      .replace(/^.*\) /s, '')
      .split(' ')
    const ticks = Number(fields[USER_TICKS_FIELD]) + Number(fields[SYSTEM_TICKS_FIELD])
    return ticks * this.#usPerTick
  }

  /** Memory that no file backs: heaps and stacks, not mappings. */
  rssAnonBytes(): number {
    return Number(/^RssAnon:\s*(\d+) kB$/m.exec(this.#read('status'))?.[1]) * KIB
  }

  #read(name: string): string {
    const path = `/proc/${this.#pid}/${name}`
    try {
      return readFileSync(path, 'latin1')
    } catch (cause) {
      throw new LoadError('LOAD_PROCESS_UNKNOWN', `cannot read ${path}`, { cause })
    }
  }
}

function ticksPerSecond(): number {
  return Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'latin1' }))
}
