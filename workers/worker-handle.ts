import type { TransferListItem } from 'node:worker_threads'
import { Worker } from 'node:worker_threads'
import { type Deferred, deferred } from '../engine/base/deferred.ts'
import { StoreError } from '../engine/base/errors.ts'
import { clearArena } from '../engine/file/shared-region.ts'
import type { FromWorker } from './messages.ts'

/** These threads make little garbage, so their young generation stays small. */
const YOUNG_GENERATION_MIB = 4

/** The thread's script beside this file, with the ending that this file has (.js, or .ts). */
function scriptUrl(name: string): URL {
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'))
  return new URL(`./${name}${extension}`, import.meta.url)
}

export interface WorkerLaunch {
  /** File name without ending; also the thread's name. */
  readonly name: string
  readonly workerData: object
  readonly transferList?: TransferListItem[]
  readonly onMessage: (message: FromWorker) => void
  /** The thread ended although nobody asked it to. */
  readonly onDeath: (cause: StoreError) => void
}

/** One worker thread: started with a handshake, watched until it ends. */
export class WorkerHandle {
  readonly #worker: Worker
  readonly #name: string
  readonly #ready: Deferred<void> = deferred()
  readonly #ended: Deferred<void> = deferred()
  /** Memory over which the thread may have laid files: it is kept when the thread has ended. */
  readonly #arenas: SharedArrayBuffer[] = []
  #isExpectedToEnd = false
  #hasFailed = false

  constructor(launch: WorkerLaunch) {
    this.#name = launch.name
    this.#worker = new Worker(scriptUrl(launch.name), {
      name: launch.name,
      workerData: launch.workerData,
      transferList: launch.transferList ?? [],
      // Descriptors go from thread to thread: one that ends must not take its own along.
      trackUnmanagedFds: false,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB },
    })
    // Whoever starts the thread awaits `ready`; when it is terminated first, nobody need know.
    this.#ready.promise.catch(() => undefined)
    this.#worker.on('message', (message: FromWorker) => this.#receive(message, launch))
    this.#worker.on('error', (error) => this.#die(launch, 'by an error', error))
    this.#worker.on('exit', (exitCode) => {
      for (const arena of this.#arenas.splice(0)) clearArena(arena)
      if (!this.#isExpectedToEnd) this.#die(launch, `with code ${exitCode}`)
      this.#ended.resolve()
    })
  }

  /** Resolves when the thread runs; rejects when it ends before. */
  get ready(): Promise<void> {
    return this.#ready.promise
  }

  /** Resolves when the thread has ended. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  /** Whether it has not failed. */
  get isAlive(): boolean {
    return !this.#hasFailed
  }

  post(message: object): void {
    this.#worker.postMessage(message)
  }

  /** From now on the thread may end by itself. */
  expectEnd(): void {
    this.#isExpectedToEnd = true
  }

  /** A thread that is ended while it still loads its native module would abort the process. */
  async terminate(): Promise<void> {
    this.#isExpectedToEnd = true
    await Promise.race([Promise.allSettled([this.#ready.promise]), this.#ended.promise])
    await this.#worker.terminate()
  }

  #receive(message: FromWorker, launch: WorkerLaunch): void {
    if (message.kind === 'ready') this.#ready.resolve()
    else if (message.kind === 'arena') this.#arenas.push(message.buffer)
    else if (message.kind === 'failed') {
      this.#fail(launch, new StoreError(message.code, message.message))
    } else launch.onMessage(message)
  }

  #die(launch: WorkerLaunch, how: string, cause?: unknown): void {
    const message = `the ${this.#name} thread ended unexpectedly, ${how}`
    this.#fail(launch, new StoreError('STORE_WORKER_FAILED', message, { cause }))
  }

  /** The first reason counts: a thread that reported its failure then ends. */
  #fail(launch: WorkerLaunch, error: StoreError): void {
    if (this.#hasFailed) return
    this.#hasFailed = true
    this.#ready.reject(error)
    launch.onDeath(error)
  }
}
