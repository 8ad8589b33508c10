import { MessageChannel } from 'node:worker_threads'
import type { StoreError } from '../engine/base/errors.ts'
import type { FromWorker, ToHousekeeping, ToReput, WorkerSetup } from './messages.ts'
import { type SharedState, StopStage } from './shared-state.ts'
import { WorkerHandle } from './worker-handle.ts'

/** The threads of one store, started together and stopped in order. */
export class StoreThreads {
  readonly #state: SharedState
  readonly #flush: WorkerHandle
  readonly #reput: WorkerHandle
  readonly #housekeeping: WorkerHandle

  constructor(
    state: SharedState,
    setup: Omit<WorkerSetup, 'state'>,
    events: { onMessage: (message: FromWorker) => void; onDeath: (cause: StoreError) => void },
  ) {
    this.#state = state
    const shared = { ...setup, state: state.buffer }
    const { port1: housekeeping, port2: fromReput } = new MessageChannel()
    this.#flush = new WorkerHandle({ ...events, name: 'flush-worker', workerData: shared })
    this.#reput = new WorkerHandle({
      ...events,
      name: 'reput-worker',
      workerData: { ...shared, housekeeping },
      transferList: [housekeeping],
    })
    this.#housekeeping = new WorkerHandle({
      ...events,
      name: 'housekeeping-worker',
      workerData: { ...shared, fromReput },
      transferList: [fromReput],
    })
  }

  /** Resolves when all run; rejects when one cannot, and then ends the others. */
  async ready(): Promise<void> {
    try {
      await Promise.all([this.#flush.ready, this.#reput.ready, this.#housekeeping.ready])
    } catch (error) {
      await this.terminate()
      throw error
    }
  }

  /** Whether queues and index are still being built. */
  get isReputAlive(): boolean {
    return this.#reput.isAlive
  }

  /** Whether the log is still being flushed. */
  get isFlushAlive(): boolean {
    return this.#flush.isAlive
  }

  askHousekeeping(message: ToHousekeeping): void {
    this.#housekeeping.post(message)
  }

  askReput(message: ToReput): void {
    this.#reput.post(message)
    this.#state.wake('REPUT')
  }

  /**
   * The order of a clean stop: queues and index are built to the end of the log, the log is
   * flushed, then what reput wrote is synced and the checkpoint written.
   */
  async stop(): Promise<void> {
    this.#reput.expectEnd()
    this.#state.stop(StopStage.REPUT)
    await this.#reput.ended
    this.#flush.expectEnd()
    this.#state.stop(StopStage.FLUSH)
    await this.#flush.ended
    this.#housekeeping.expectEnd()
    this.askHousekeeping({ kind: 'stop' })
    await this.#housekeeping.ended
  }

  async terminate(): Promise<void> {
    await Promise.all([
      this.#reput.terminate(),
      this.#flush.terminate(),
      this.#housekeeping.terminate(),
    ])
  }
}
