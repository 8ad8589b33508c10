/** How long a request may take, in milliseconds: longer than what any of them waits for itself. */
const ANSWER_TIMEOUT_MS = 120_000
/** Programs print other lines too. */
const ANSWER = /^\{"id":/

/** A process that reads lines and prints lines. */
export interface LineProcess {
  readonly exited: Promise<number | null>
  writeLine(line: string): void
  /** Calls `listener` with every line from now on. */
  onLine(listener: (line: string) => void): void
  /** The end of what it printed and logged. */
  logTail(): Promise<string>
  /** SIGKILL. */
  kill(): Promise<void>
}

type Answer =
  | { readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly id: number; readonly ok: false; readonly error: string }

interface Pending {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

/** Asks a process that answers request by request, in any order. */
export class RequestChannel {
  readonly #process: LineProcess
  readonly #pending = new Map<number, Pending>()
  #lastId = 0

  constructor(process: LineProcess) {
    this.#process = process
    process.onLine((line) => this.#settle(line))
    void process.exited.then(async () => {
      const error = new Error(`the process ended: ${await process.logTail()}`)
      for (const { reject } of this.#pending.values()) reject(error)
    })
  }

  /** Has `tool` work on `request`, which has no `id` or `do`, and resolves with what it returns. */
  ask(tool: string, request: object & { readonly id?: never }): Promise<unknown> {
    this.#lastId += 1
    const id = this.#lastId
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.get(id)?.reject(new Error(`no answer to ${tool} in ${ANSWER_TIMEOUT_MS} ms`))
      }, ANSWER_TIMEOUT_MS)
      const end = (): void => {
        clearTimeout(timer)
        this.#pending.delete(id)
      }
      this.#pending.set(id, {
        resolve: (result) => {
          end()
          resolve(result)
        },
        reject: (error) => {
          end()
          reject(error)
        },
      })
      this.#process.writeLine(JSON.stringify({ ...request, id, do: tool }))
    })
  }

  #settle(line: string): void {
    if (!ANSWER.test(line)) return
    const answer = JSON.parse(line) as Answer
    const pending = this.#pending.get(answer.id)
    if (answer.ok) pending?.resolve(answer.result)
    else pending?.reject(new Error(`the other side failed: ${answer.error}`))
  }
}
