import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { packageRoot } from '../../../scripts/java/package-root.ts'
import { guard, pauseProcesses, release, resumeProcesses } from './paused-processes.ts'
import { brokerSettings, type Side, type SideOptions } from './side.ts'

/** The command line as a user runs it. */
export const commandLinePath = join(packageRoot, 'dist/net/cli/main.js')

/** Starts a name server and a broker of ours, each in a process of its own. */
export async function startAgena(options: SideOptions): Promise<Side> {
  mkdirSync(options.scratch, { recursive: true })
  const nameServerProgram = await Program.start(['namesrv', '-p', '0'], options.scratch)
  const nameServer = nameServerProgram.fact('namesrv')
  const settings = Object.entries(brokerSettings(options)).flatMap(([key, value]) => {
    return ['--set', `${key}=${value}`]
  })
  const place = ['-n', nameServer, '--data', options.dataDirectory, '--broker-port', '0']
  const startMs = performance.now()
  const broker = await Program.start(['broker', ...place, ...settings], options.scratch)
  const readyMs = performance.now() - startMs
  const programs = [broker, nameServerProgram]
  return {
    name: 'Agena',
    nameServer,
    nameServerPid: nameServerProgram.pid,
    broker: broker.fact('broker'),
    brokerPid: broker.pid,
    readyMs,
    resume: () => resumeProcesses(programs),
    pause: () => pauseProcesses(programs),
    stop: async () => {
      for (const program of programs) await program.end('SIGTERM')
    },
    kill: async () => {
      for (const program of programs) await program.end('SIGKILL')
    },
  }
}

/** A command of ours that prints a ready line. */
class Program {
  readonly pid: number
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  readonly #readyLine: string

  private constructor(child: ChildProcess, pid: number, readyLine: string) {
    this.#child = child
    this.#exited = child.exitCode === null ? once(child, 'exit') : Promise.resolve()
    this.pid = pid
    this.#readyLine = readyLine
  }

  static async start(words: readonly string[], scratch: string): Promise<Program> {
    const log = openSync(join(scratch, `agena-${words[0]}.log`), 'a')
    const child = spawn(process.execPath, [commandLinePath, ...words], {
      stdio: ['ignore', 'pipe', log],
    })
    closeSync(log)
    const { pid, stdout } = child
    if (pid === undefined || stdout === null) throw new Error(`agena ${words[0]} did not start`)
    guard(pid)
    for await (const line of createInterface({ input: stdout })) {
      if (line.startsWith('agena ready ')) return new Program(child, pid, line)
    }
    release(pid)
    throw new Error(`agena ${words[0]} ended before it was ready: see its log in ${scratch}`)
  }

  /** A `name=value` of the ready line. */
  fact(name: string): string {
    const value = new RegExp(` ${name}=(\\S+)`).exec(this.#readyLine)?.[1]
    if (value === undefined) throw new Error(`no ${name} in: ${this.#readyLine}`)
    return value
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    resumeProcesses([this])
    this.#child.kill(signal)
    await this.#exited
    release(this.pid)
  }
}
