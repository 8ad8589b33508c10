/** Our command line in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const COMMAND_LINE = fileURLToPath(new URL('../../net/cli/main.js', import.meta.url))
const READY_MS_MAX = 20_000
const READY = /^agena ready (?<facts>.*)$/m

export interface AgenaEnd {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface AgenaSpawnOptions {
  /** Standard input. @default '' */
  readonly input?: string
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** The module to run. @default our command line */
  readonly module?: string
  /** A program that starts it, with its arguments. @default none */
  readonly under?: readonly string[]
}

/** A command that was started. */
export class AgenaProcess implements AsyncDisposable {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  /** Resolves when the process has ended and all its output is here. */
  readonly ended: Promise<AgenaEnd>

  constructor(words: readonly string[], options: AgenaSpawnOptions = {}) {
    const { input = '', cwd, env, module = COMMAND_LINE, under = [] } = options
    const [program = '', ...rest] = [...under, process.execPath, module, ...words]
    const child = spawn(program, rest, {
      cwd,
      env: { ...process.env, NO_COLOR: '1', ...env },
    })
    this.child = child
    child.stdout.on('data', (chunk) => {
      this.stdout += String(chunk)
    })
    child.stderr.on('data', (chunk) => {
      this.stderr += String(chunk)
    })
    // A command that ends early does not read its input.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    this.ended = once(child, 'close').then(([code]) => {
      return { exitCode: code as number | null, stdout: this.stdout, stderr: this.stderr }
    })
  }

  /** Resolves when `pattern` stands in the output; rejects when the process ends before. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    let isOver = false
    const over = (): void => {
      isOver = true
    }
    const timer = setTimeout(over, READY_MS_MAX)
    this.ended.then(over, over)
    try {
      for (;;) {
        const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr)
        if (match !== null) return match
        if (isOver) throw new Error(`no ${pattern} in: ${this.stdout}\n${this.stderr}`)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    } finally {
      clearTimeout(timer)
    }
  }

  /** The facts of the ready line, by name. */
  async ready(): Promise<Readonly<Record<string, string>>> {
    const facts = (await this.printed(READY)).groups?.['facts'] ?? ''
    const pairs = facts.split(' ').map((word) => /^([^=]+)=(.*)$/.exec(word) ?? ['', '', ''])
    return Object.fromEntries(pairs.map(([, name, value]) => [name, value]))
  }

  /** Asks it to stop, and waits. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<AgenaEnd> {
    this.child.kill(signal)
    return this.ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null) this.child.kill('SIGKILL')
    await this.ended
  }
}

/** Runs a command to its end. */
export function runAgena(words: readonly string[], options?: AgenaSpawnOptions): Promise<AgenaEnd> {
  return new AgenaProcess(words, options).ended
}
