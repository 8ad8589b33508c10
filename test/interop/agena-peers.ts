import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { packageRoot } from '../../scripts/java/package-root.ts'
import { type Cluster, type PeerOptions, sharedBrokerSettings } from './cluster.ts'

const READY_TIMEOUT_MS = 20_000
const STOP_TIMEOUT_MS = 20_000
const COMMAND_LINE = join(packageRoot, 'dist/net/cli/main.js')
const READY = /^agena ready (?<facts>.*)$/

/** False until the command line is compiled. */
export const isAgenaBuilt = existsSync(COMMAND_LINE)

/** How a command of ours ended before it was ready. */
export class AgenaRefusal extends Error {
  override readonly name = 'AgenaRefusal'
  readonly exitCode: number | null
  /** Everything it printed, both streams. */
  readonly output: string

  constructor(exitCode: number | null, output: string) {
    super(`agena ended with ${exitCode}: ${output}`)
    this.exitCode = exitCode
    this.output = output
  }
}

/** A name server and a broker of ours in one process, or a broker under a given name server. */
export async function startAgena(options: PeerOptions): Promise<Cluster> {
  const dataDirectory = options.dataDirectory ?? join(options.scratch, 'store')
  const settings = { ...sharedBrokerSettings, ...options.settings }
  const sets = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`])
  const { broker = 0, nameServer = 0 } = options.ports ?? {}
  const shards = options.shards === undefined ? [] : ['--shards', String(options.shards)]
  const common = ['--data', dataDirectory, '--broker-port', String(broker), ...shards, ...sets]
  const words =
    options.nameServer === undefined
      ? ['standalone', '--namesrv-port', String(nameServer), ...common]
      : ['broker', '-n', options.nameServer, ...common]
  const running = await startCommand(words, options.scratch)
  return {
    side: 'agena',
    nameServer: options.nameServer ?? running.fact('namesrv'),
    broker:
      options.shards === undefined
        ? running.fact('broker')
        : running.fact('brokers').replace(/,.*$/, ''),
    dataDirectory,
    stop: () => running.stop(),
    kill: () => running.kill(),
  }
}

/** Starts one of our commands and waits for its ready line. */
async function startCommand(words: readonly string[], cwd: string): Promise<RunningCommand> {
  const child = spawn(process.execPath, [COMMAND_LINE, ...words], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const running = new RunningCommand(child)
  await running.ready()
  return running
}

class RunningCommand {
  readonly #child: ChildProcess
  readonly #exited: Promise<number | null>
  readonly #ready: Promise<Readonly<Record<string, string>>>
  readonly #output: string[] = []
  #facts: Readonly<Record<string, string>> = {}

  constructor(child: ChildProcess) {
    this.#child = child
    this.#exited = once(child, 'close').then(([code]) => code as number | null)
    this.#ready = new Promise((resolve) => {
      for (const stream of [child.stdout, child.stderr]) {
        if (stream === null) continue
        createInterface({ input: stream }).on('line', (line) => {
          this.#output.push(line)
          const facts = READY.exec(line)?.groups?.['facts']
          if (facts !== undefined) resolve(parseFacts(facts))
        })
      }
    })
  }

  /** @throws {AgenaRefusal} when the command ends, or is not ready in time. */
  async ready(): Promise<void> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), READY_TIMEOUT_MS)
    const facts = await Promise.race([this.#ready, this.#exited])
    clearTimeout(timer)
    if (facts === null || typeof facts === 'number') {
      throw new AgenaRefusal(facts, this.#output.join('\n'))
    }
    this.#facts = facts
  }

  /** A `name=value` of the ready line. */
  fact(name: string): string {
    const value = this.#facts[name]
    if (value === undefined) throw new Error(`no ${name} in: ${this.#output.join('\n')}`)
    return value
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    const exitCode = await this.#exited
    clearTimeout(timer)
    if (exitCode !== 0) throw new AgenaRefusal(exitCode, this.#output.join('\n'))
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }
}

function parseFacts(text: string): Readonly<Record<string, string>> {
  const pairs = text.split(' ').filter((word) => word.includes('='))
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  )
}
