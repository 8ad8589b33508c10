import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { JavaToolchain } from './java-toolchain.ts'

/** How long a program may take to end after SIGTERM before it is killed, in milliseconds. */
const STOP_GRACE_MS = 60_000
const DEFAULT_TIMEOUT_MS = 120_000
const DEFAULT_HEAP_MIB = 512
const LOG_TAIL_LINES = 20

/** RocketMQ reaches into the JDK; JDK 17 opens these packages only when asked. */
const OPENED_PACKAGES = [
  'jdk.internal.ref',
  'java.nio',
  'sun.nio.ch',
  'java.lang',
  'jdk.internal.misc',
]

export interface JavaProgram {
  readonly mainClass: string
  readonly arguments?: readonly string[]
  /** System properties, as `-Dname=value`. */
  readonly properties?: Readonly<Record<string, string>>
  /** Takes the place of the home folder and of `ROCKETMQ_HOME`, and keeps the log. */
  readonly scratch: string
  /** @default 512 */
  readonly heapMib?: number
  /** Heap, collector and compiler, in place of what suits a program that lives for seconds. */
  readonly machineOptions?: readonly string[]
  /** Whether lines will be written to its standard input. @default false */
  readonly hasInput?: boolean
  /** `run` kills a program that takes longer, in milliseconds. @default 120000 */
  readonly timeoutMs?: number
}

export interface JavaResult {
  readonly exitCode: number | null
  readonly stdout: string
  /** The end of its logs. */
  readonly logTail: string
}

/** A running Java program: its lines of output, its log on disk, its end. */
export class JavaProcess {
  readonly logPath: string
  /** Where rmq.logback.xml sends what RocketMQ itself logs. */
  readonly #rocketmqLogPath: string
  readonly #child: ChildProcess
  readonly #exited: Promise<number | null>
  readonly #lines: string[] = []
  readonly #listeners = new Set<() => void>()
  readonly #lineListeners = new Set<(line: string) => void>()
  #isExited = false

  constructor(toolchain: JavaToolchain, program: JavaProgram) {
    mkdirSync(program.scratch, { recursive: true })
    this.logPath = join(program.scratch, `${program.mainClass.split('.').at(-1)}.log`)
    this.#rocketmqLogPath = join(program.scratch, 'rocketmq.log')
    const log = openSync(this.logPath, 'a')
    this.#child = spawn('java', commandLine(toolchain, program), {
      cwd: program.scratch,
      env: { ...process.env, ROCKETMQ_HOME: program.scratch, HOME: program.scratch },
      stdio: [program.hasInput === true ? 'pipe' : 'ignore', 'pipe', log],
    })
    closeSync(log)
    this.#exited = once(this.#child, 'close').then(([code]) => {
      this.#isExited = true
      this.#notify()
      return code as number | null
    })
    const output = this.#child.stdout
    if (output === null) throw new Error('a Java program without standard output')
    createInterface({ input: output }).on('line', (line) => {
      this.#lines.push(line)
      this.#notify()
      for (const listener of this.#lineListeners) listener(line)
    })
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the Java program did not start')
    return this.#child.pid
  }

  /** Everything printed on standard output so far. */
  get lines(): readonly string[] {
    return this.#lines
  }

  /** Calls `listener` with every line from now on. */
  onLine(listener: (line: string) => void): void {
    this.#lineListeners.add(listener)
  }

  writeLine(line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  /** Resolves with the exit code, or null after a signal. */
  get exited(): Promise<number | null> {
    return this.#exited
  }

  /** The first line that matches, now or later. Fails when the program ends or time runs out. */
  async waitForLine(matches: (line: string) => boolean, timeoutMs: number): Promise<string> {
    await this.waitUntil((lines) => lines.some(matches), timeoutMs)
    return this.#lines.find(matches) ?? ''
  }

  async waitUntil(isDone: (lines: readonly string[]) => boolean, timeoutMs: number): Promise<void> {
    const signal = AbortSignal.timeout(timeoutMs)
    while (!isDone(this.#lines)) {
      if (this.#isExited) throw new Error(`ended early: ${await this.logTail()}`)
      if (signal.aborted) throw new Error(`not ready in ${timeoutMs} ms: ${await this.logTail()}`)
      await this.#nextChange(signal)
    }
  }

  /** SIGTERM, then SIGKILL when that was not enough. */
  async stop(): Promise<void> {
    if (this.#isExited) return
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_GRACE_MS)
    await this.#exited
    clearTimeout(timer)
  }

  /** The end that a power button would give the process. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  /** The end of the log and of the output, to say why something failed. */
  async logTail(): Promise<string> {
    const logs = await Promise.all([this.logPath, this.#rocketmqLogPath].map(lastLines))
    return [...this.#lines.slice(-10), ...logs.flat()].join('\n')
  }

  #nextChange(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const settle = (): void => {
        this.#listeners.delete(settle)
        signal.removeEventListener('abort', settle)
        resolve()
      }
      this.#listeners.add(settle)
      signal.addEventListener('abort', settle)
    })
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}

async function lastLines(path: string): Promise<readonly string[]> {
  if (!existsSync(path)) return []
  return (await readFile(path, 'utf8')).trimEnd().split('\n').slice(-LOG_TAIL_LINES)
}

/** Runs a Java program to its end. */
export async function runJava(toolchain: JavaToolchain, program: JavaProgram): Promise<JavaResult> {
  const child = new JavaProcess(toolchain, program)
  const timer = setTimeout(() => void child.kill(), program.timeoutMs ?? DEFAULT_TIMEOUT_MS)
  const exitCode = await child.exited
  clearTimeout(timer)
  return { exitCode, stdout: child.lines.join('\n'), logTail: await child.logTail() }
}

/** As {@link runJava}, but anything other than exit code 0 is an error that shows the log. */
export async function runJavaOrFail(
  toolchain: JavaToolchain,
  program: JavaProgram,
): Promise<JavaResult> {
  const result = await runJava(toolchain, program)
  if (result.exitCode === 0) return result
  throw new Error(`${program.mainClass} ended with ${result.exitCode}: ${result.logTail}`)
}

/** Serial collector and first-tier compiler: these programs live for seconds on few cores. */
function shortLived({ heapMib = DEFAULT_HEAP_MIB }: JavaProgram): readonly string[] {
  return [`-Xmx${heapMib}m`, '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
}

function commandLine(toolchain: JavaToolchain, program: JavaProgram): string[] {
  const properties = { 'user.home': program.scratch, ...program.properties }
  return [
    '-Dfile.encoding=UTF-8',
    ...(program.machineOptions ?? shortLived(program)),
    '--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED',
    ...OPENED_PACKAGES.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`),
    ...Object.entries(properties).map(([name, value]) => `-D${name}=${value}`),
    '-cp',
    toolchain.classPath,
    program.mainClass,
    ...(program.arguments ?? []),
  ]
}
