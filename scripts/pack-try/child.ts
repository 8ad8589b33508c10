import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'

/** A process that was started, with what it has written so far. */
export class Child {
  readonly #process: ChildProcessWithoutNullStreams
  readonly #exited: Promise<number | string>
  #stdout = ''
  #stderr = ''

  constructor(command: string, words: readonly string[], folder: string) {
    // A group of its own, so that what npx starts can be ended together with it.
    this.#process = spawn(command, words, { cwd: folder, detached: true })
    this.#process.stdin.end()
    this.#process.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text
    })
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
    })
    this.#exited = new Promise((resolve) => {
      this.#process.once('error', (error) => resolve(error.message))
      this.#process.once('close', (code, signal) => resolve(code ?? signal ?? 'no exit code'))
    })
  }

  get stdout(): string {
    return this.#stdout
  }

  /** Everything written, for a person who asks why. */
  get output(): string {
    return `${this.#stdout}${this.#stderr}`.trim()
  }

  /** Ends the process and all that it started, unless it has ended. */
  kill(): void {
    const { pid, exitCode, signalCode } = this.#process
    if (pid === undefined || exitCode !== null || signalCode !== null) return
    process.kill(-pid, 'SIGKILL')
  }

  /** The exit code, or the signal or error that took its place; a process that stays is killed. */
  async exit(limitMs: number): Promise<number | string> {
    const timer = setTimeout(() => this.kill(), limitMs)
    try {
      return await this.#exited
    } finally {
      clearTimeout(timer)
    }
  }

  /** Waits until standard output matches; throws when the process ends or the time is up first. */
  async waitFor(pattern: RegExp, limitMs: number): Promise<RegExpExecArray> {
    const timer = setTimeout(() => this.kill(), limitMs)
    try {
      return await new Promise((resolve, reject) => {
        const look = (): void => {
          const found = pattern.exec(this.#stdout)
          if (found !== null) resolve(found)
        }
        look()
        this.#process.stdout.on('data', look)
        this.#process.once('close', () => {
          reject(new Error(`ended or was too late to print ${pattern}:\n${this.output}`))
        })
      })
    } finally {
      clearTimeout(timer)
    }
  }
}

/** Long enough for any command here; a bound, not a measure. */
const COMMAND_LIMIT_MS = 180_000

/** Runs a command to its end and returns its standard output; throws unless it exits with 0. */
export async function run(
  command: string,
  words: readonly string[],
  folder: string,
): Promise<string> {
  const child = new Child(command, words, folder)
  const code = await child.exit(COMMAND_LIMIT_MS)
  if (code === 0) return child.stdout
  throw new Error(`${command} ${words.join(' ')} ended with ${code}:\n${child.output}`)
}
