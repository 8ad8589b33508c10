import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { packageRoot } from '../../../scripts/java/package-root.ts'
import { type LineProcess, RequestChannel } from '../request-channel.ts'
import type { ClientProgram } from './client-program.ts'

const PROGRAM = join(packageRoot, 'dist/test/interop/agena-client-peer.js')
const LOG_TAIL_LINES = 20

/** The client of this package in a process of its own. */
export class AgenaProgram implements ClientProgram {
  readonly #process: PeerProcess
  readonly #channel: RequestChannel

  constructor(scratch: string) {
    this.#process = new PeerProcess(scratch)
    this.#channel = new RequestChannel(this.#process)
  }

  ask(tool: string, request: object): Promise<unknown> {
    return this.#channel.ask(tool, request)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.kill()
  }
}

class PeerProcess implements LineProcess {
  readonly exited: Promise<number | null>
  readonly #child: ChildProcess
  readonly #logPath: string
  readonly #listeners: ((line: string) => void)[] = []

  constructor(scratch: string) {
    this.#logPath = join(scratch, 'agena-client.log')
    const log = openSync(this.#logPath, 'a')
    this.#child = spawn(process.execPath, ['--enable-source-maps', PROGRAM], {
      cwd: scratch,
      // Where a broadcasting consumer keeps its offsets.
      env: { ...process.env, HOME: scratch },
      stdio: ['pipe', 'pipe', log],
    })
    closeSync(log)
    // One that is killed does not read what it is asked; its end tells.
    this.#child.stdin?.on('error', () => undefined)
    this.exited = once(this.#child, 'close').then(([code]) => code as number | null)
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      for (const listener of this.#listeners) listener(line)
    })
  }

  writeLine(line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  onLine(listener: (line: string) => void): void {
    this.#listeners.push(listener)
  }

  async logTail(): Promise<string> {
    const text = await readFile(this.#logPath, 'utf8')
    return text.trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n')
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.exited
  }
}
