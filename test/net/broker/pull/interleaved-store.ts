/**
 * The event loop and the reput thread of one store, in one thread and in an order that a seed
 * chooses: at every word that the event loop touches, the other thread may have gone on by any
 * number of its own steps. It wakes by its tick, from a nap also by time when the test says so, and
 * never by time when it is idle: what it would sleep through shows.
 */
import { StoreError } from '../../../../engine/base/errors.ts'
import { MIB } from '../../../../engine/base/units.ts'
import { MemoryDisk } from '../../../../engine/file/memory-file-system.ts'
import type { QueueTail } from '../../../../engine/log/queue-tail.ts'
import type { ColdRange, GetResult } from '../../../../engine/store/get-result.ts'
import { GetStatus } from '../../../../engine/store/get-status.ts'
import type { GetRequest } from '../../../../engine/store/message-reader.ts'
import { ReputNews, ReputWishes } from '../../../../workers/reput-signals.ts'
import { SharedState } from '../../../../workers/shared-state.ts'
import type { StoreListener, ThreadedStore } from '../../../../workers/threaded-store.ts'
import type { SeededRandom } from '../../../helpers/seeded-random.ts'
import { SteppedStore } from '../../../helpers/stepped-store.ts'

/** A disk that refuses writes while it is told to be full. */
class FullDisk extends MemoryDisk {
  isFull = false

  override write(...call: Parameters<MemoryDisk['write']>): number {
    if (this.isFull) throw Object.assign(new Error('no room'), { code: 'ENOSPC' })
    return super.write(...call)
  }
}

/** The log and its queues, used by one interleaving after the other: to open one takes a while. */
export class InterleavedLog {
  readonly disk = new FullDisk()
  readonly stepped: SteppedStore
  /** The interleaving under way. */
  heard:
    | {
        onWritten(offset: number, ms: number, queues: readonly QueueTail[]): void
        onTakenBack(from: number): void
      }
    | undefined
  reputOffset = 0

  constructor() {
    const options = { segmentBytes: 64 * MIB, consumeQueueFileBytes: 2000 }
    this.stepped = new SteppedStore(this.disk, '/store', options, {
      onWritten: (...values) => this.heard?.onWritten(...values),
      onTakenBack: (from) => this.heard?.onTakenBack(from),
      onTurnStarted: () => undefined,
      reputOffset: () => this.reputOffset,
    })
  }
}

/** The words, with the other thread let go on before and after each that the event loop touches. */
class SeenWords extends SharedState {
  between: () => void = () => undefined

  override get reputOffset(): number {
    this.between()
    return super.reputOffset
  }

  override get isReputIdle(): boolean {
    this.between()
    return super.isReputIdle
  }

  override wantReput(): void {
    this.between()
    super.wantReput()
    this.between()
  }

  override wake(worker: 'FLUSH' | 'REPUT'): void {
    this.between()
    super.wake(worker)
    this.between()
  }

  override publishWritten(offset: number, timestampMs: number): void {
    super.publishWritten(offset, timestampMs)
    this.between()
  }
}

export class InterleavedStore {
  readonly log: SteppedStore['store']['log']
  /** How many notes of the reput thread wait to be heard. */
  noteCount = 0
  /** Reads that wait for the disk, to be let go on. */
  readonly warming: (() => void)[] = []
  readonly #shared: InterleavedLog
  readonly #random: SeededRandom
  readonly #words = new SeenWords()
  readonly #threadWords: SharedState
  readonly #wishes: ReputWishes
  readonly #news: ReputNews
  readonly #thread: Generator<void, never, void>
  #listener: StoreListener | undefined
  #isInThread = false

  constructor(shared: InterleavedLog, random: SeededRandom) {
    this.#shared = shared
    this.#random = random
    const { stepped } = shared
    this.log = stepped.store.log
    const { writtenOffset } = this.log
    this.#words.publishWritten(writtenOffset, 0)
    this.#words.publishReput(stepped.reputter.reputOffset)
    shared.reputOffset = stepped.reputter.reputOffset
    this.#threadWords = new SharedState(this.#words.buffer)
    this.#wishes = new ReputWishes(this.#words, writtenOffset)
    this.#news = new ReputNews(this.#threadWords)
    this.#thread = this.#run()
    this.#words.between = () => this.#letThreadRun(this.#random.below(4))
    shared.heard = {
      onWritten: (...values) => this.#onWritten(...values),
      onTakenBack: (from) => {
        this.#listener?.onTakenBack(from, new StoreError('STORE_DISK_FULL', 'no room'))
      },
    }
  }

  get asThreaded(): ThreadedStore {
    return this as unknown as ThreadedStore
  }

  get reputOffset(): number {
    return this.#words.reputOffset
  }

  listen(listener: StoreListener): void {
    this.#listener = listener
  }

  tail(topic: string, queueId: number): QueueTail {
    this.#words.between()
    return this.#shared.stepped.store.tails.tail(topic, queueId)
  }

  /** Now and then what is asked for is not in memory. */
  get(topic: string, queueId: number, request: GetRequest, result: GetResult): void {
    this.#words.between()
    const { store } = this.#shared.stepped
    this.#shared.reputOffset = this.#words.reputOffset
    store.reader.get(store.queue(topic, queueId), store.tails.tail(topic, queueId), request, result)
    if (this.#random.below(12) === 0) {
      result.status = GetStatus.COLD
      result.coldRanges.push({ path: '', position: 0, lengthBytes: 1 })
    }
    this.#words.between()
  }

  minQueueOffset(): number {
    return 0
  }

  maxQueueOffset(topic: string, queueId: number): number {
    return this.tail(topic, queueId).nextQueueOffset
  }

  warm(_ranges: readonly ColdRange[]): Promise<void> {
    return new Promise((resolve) => this.warming.push(resolve))
  }

  wantReput(seenOffset: number): boolean {
    this.#words.between()
    return this.#wishes.want(seenOffset, this.log.writtenOffset)
  }

  /** Stages one message. */
  stage(topic: string, queueId: number, tags: string): void {
    this.#shared.stepped.stage({ topic, queueId, tags, body: 'm' })
  }

  /** Ends the turn; on a full disk it is taken back. */
  commit({ isDiskFull = false }: { isDiskFull?: boolean } = {}): void {
    this.#shared.disk.isFull = isDiskFull
    this.log.commitTurn()
    this.#shared.disk.isFull = false
  }

  /** The event loop hears the oldest note. */
  hearNote(): void {
    this.noteCount -= 1
    this.#wishes.told()
    this.#listener?.onReput(this.#words.reputOffset)
  }

  /** Lets the thread go on until it sleeps. */
  runThread(): void {
    this.#letThreadRun(1_000)
  }

  /** Whether the thread sleeps until it is woken. */
  get isThreadIdle(): boolean {
    return this.#sleep === 'idle'
  }

  /** Its nap is over, if it naps. */
  endNap(): void {
    if (this.#sleep === 'nap') this.#isTimeUp = true
  }

  #sleep: 'none' | 'nap' | 'idle' = 'none'
  #isTimeUp = false

  #onWritten(offset: number, timestampMs: number, queues: readonly QueueTail[]): void {
    this.#words.publishWritten(offset, timestampMs)
    this.#listener?.onWritten(offset, queues)
    this.#wishes.written(offset)
  }

  #letThreadRun(steps: number): void {
    if (this.#isInThread) return
    this.#isInThread = true
    for (let count = 0; count < steps; count += 1) {
      this.#thread.next()
      if (this.#sleep !== 'none' && steps === 1_000) break
    }
    this.#isInThread = false
  }

  /** As the reput thread's loop, with a stop wherever the other thread may get a word in. */
  *#run(): Generator<void, never, void> {
    const words = this.#threadWords
    const { reputter } = this.#shared.stepped
    let hasWorked = false
    for (;;) {
      const tick = words.tick('REPUT')
      yield
      const { writtenOffset } = words
      yield
      if (reputter.reputOffset < writtenOffset) {
        const offset = reputter.reputStep(writtenOffset)
        yield
        this.#news.publish(offset)
        yield
        if (this.#news.takeWish()) this.noteCount += 1
        yield
        hasWorked = true
      }
      if (reputter.reputOffset < words.writtenOffset && !hasWorked) continue
      yield
      words.setReputIdle(!hasWorked)
      yield
      if (hasWorked || reputter.reputOffset >= words.writtenOffset) {
        this.#sleep = hasWorked ? 'nap' : 'idle'
        while (words.tick('REPUT') === tick && !this.#isTimeUp) yield
      }
      this.#isTimeUp = false
      this.#sleep = 'none'
      words.setReputIdle(false)
      yield
      hasWorked = false
    }
  }
}
