import { execFileSync } from 'node:child_process'
import { rmSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describeError } from '../../../engine/base/errors.ts'
import { BrokerProcess } from '../../../net/cli/load/broker-process.ts'
import { runLoads } from '../loads/bench-command.ts'
import type { Sample } from '../measures/metrics.ts'
import type { VersusOptions } from '../options.ts'
import type { BenchLoad } from '../row.ts'
import { startAgena } from './agena.ts'
import { startJava } from './java.ts'
import { useFreeMemory } from './page-supply.ts'
import type { Side, SideName } from './side.ts'

/** What a broker does while its machine code is made: sends of both sizes, pulls. */
const WARM_UP: readonly (readonly [benchmark: BenchLoad['benchmark'], words: string])[] = [
  ['send', '--size 1KiB --topic Warm'],
  ['send', '--size 128 --topic Warm'],
  ['send', '--size 128 --connections 1 --in-flight 1 --topic Warm'],
  ['consume', '--pull 32 --topic Warm'],
]
const NO_WARM_UP_MS = 0
/** V8 has made its code of ours after so much of the time that a Java virtual machine wants. */
const AGENA_SHARE = 0.2

/** The unit of `stat.blocks`, whatever the file system's own is. */
const STAT_BLOCK_BYTES = 512

export type Flush = 'async' | 'sync'

/** Both brokers on the same disk. Each stands still while the other one is measured. */
export class BrokerPair {
  readonly #directory: string
  /** How the sides started, on empty stores. */
  readonly starts = new Map<SideName, Sample>()
  /** A side that could not be started is there as the reason. */
  readonly #sides = new Map<SideName, Side | Error>()

  private constructor(directory: string) {
    this.#directory = directory
  }

  /** Starts both on empty stores and warms the virtual machine. */
  static async start(flush: Flush, options: VersusOptions): Promise<BrokerPair> {
    const directory = join(options.directory, 'brokers')
    rmSync(directory, { recursive: true, force: true })
    const pair = new BrokerPair(directory)
    for (const name of ['RocketMQ', 'Agena'] as const) await pair.#start(name, flush, options)
    useFreeMemory(options.directory)
    return pair
  }

  /**
   * Runs something on one side, alone on the machine and with nothing left to write back.
   * @throws what kept the side from starting
   */
  async withSide<T>(
    name: SideName,
    run: (side: Side, dataDirectory: string) => Promise<T>,
  ): Promise<T> {
    const side = this.#sides.get(name)!
    if (side instanceof Error) throw side
    execFileSync('sync')
    side.resume()
    try {
      return await run(side, dataDirectoryOf(this.#directory, name))
    } finally {
      side.pause()
    }
  }

  /** Bytes that the stores take on the disk. */
  async storedBytes(): Promise<number> {
    const names = await readdir(this.#directory, { recursive: true })
    const sizes = names.map((name) => {
      const stat = statSync(join(this.#directory, name), { throwIfNoEntry: false })
      return stat?.isFile() === true ? stat.blocks * STAT_BLOCK_BYTES : 0
    })
    return sizes.reduce((sum, size) => sum + size, 0)
  }

  /** Ends both and removes what they have stored. */
  async stop(): Promise<void> {
    for (const side of this.#sides.values()) if (!(side instanceof Error)) await side.kill()
    rmSync(this.#directory, { recursive: true, force: true })
  }

  async #start(name: SideName, flush: Flush, options: VersusOptions): Promise<void> {
    try {
      const side = await startSide(name, this.#directory, flush, options)
      this.#sides.set(name, side)
      this.starts.set(name, startSample(side))
      await warmUp(side, dataDirectoryOf(this.#directory, name), options)
      side.pause()
    } catch (error) {
      options.log(`${name} cannot be measured: ${describeError(error)}`)
      this.#sides.set(name, error as Error)
    }
  }
}

/** How long a start took, and the memory it took that no file backs. */
export function startSample({ readyMs, brokerPid }: Side): Sample {
  return { readyMs, rssAnonBytes: new BrokerProcess(brokerPid).rssAnonBytes() }
}

/** Where a side of a pair keeps its store. */
function dataDirectoryOf(directory: string, name: SideName): string {
  return join(directory, name, 'store')
}

/** Starts a side in a folder of its own below `directory`, on what it has left there. */
export function startSide(
  name: SideName,
  directory: string,
  flush: Flush,
  { javaHeap, log }: VersusOptions,
  segmentBytes?: number,
): Promise<Side> {
  log(`${name} starts, ${flush} flush`)
  const dataDirectory = dataDirectoryOf(directory, name)
  const scratch = join(directory, name)
  const options = { dataDirectory, scratch, flush, segmentBytes }
  return name === 'RocketMQ' ? startJava(options, javaHeap) : startAgena(options)
}

/** How long a side wants to run under load before it is measured. */
export function warmUpMsOf(name: SideName, javaWarmupMs: number): number {
  return name === 'RocketMQ' ? javaWarmupMs : javaWarmupMs * AGENA_SHARE
}

/** Runs a broker under load for as long as it wants before it is measured. */
export async function warmUp(
  side: Side,
  dataDirectory: string,
  { javaWarmupMs, log }: VersusOptions,
): Promise<void> {
  const totalMs = warmUpMsOf(side.name, javaWarmupMs)
  log(`${side.name} warms up for ${totalMs / 1000} s`)
  const place = { broker: side.broker, pid: side.brokerPid, dataDirectory }
  const times = { durationMs: Math.ceil(totalMs / WARM_UP.length), warmupMs: NO_WARM_UP_MS }
  for (const [benchmark, words] of WARM_UP) {
    await runLoads([{ benchmark, words: words.split(' ') }], place, times)
  }
}
