/**
 * The words that the threads of one store share. Each has one writer.
 *
 *   word               writer        unit              meaning
 *   WRITTEN            event loop    physical offset   the log is in the files up to here
 *   WRITTEN_TIMESTAMP  event loop    ms                store time of the newest written message
 *   FLUSH_WANTED       event loop    physical offset   somebody waits for the flush up to here
 *   FLUSHED            flush         physical offset   the log is on the disk up to here
 *   FLUSHED_TIMESTAMP  flush         ms                store time that FLUSHED covers
 *   REPUT              reput         physical offset   queues and index are built up to here
 *
 *   FLUSH_TICK         event loop    count             bumped to wake the flush worker
 *   REPUT_TICK         event loop    count             bumped to wake the reput worker
 *   FLUSH_SLEEPS       flush         0 or 1            it waits on its tick
 *   REPUT_SLEEPS       reput         0 or 1            it waits on its tick
 *   REPUT_WANTED       event loop    count             how often the event loop asked to be told
 *   REPUT_IDLE         reput         0 or 1            the next write is to wake it
 *   FLUSH_WISHES       event loop    count             how often FLUSH_WANTED was moved
 *   STOP               event loop    StopStage         who must finish and leave
 *   SEGMENT_FDS[n]     event loop    descriptor        of the segment whose number is n modulo the
 * ring
 *
 * Order: first the data (file contents), then the offset word, then the tick, then the notify. A
 * waiter reads its tick, then the offset words, and waits only while the tick is still the same, so
 * a change in between is never slept through. Timestamps are read before the offset that they go
 * with, so they never claim more than the offset does.
 */
import { assert } from '../engine/base/assert.ts'
import { I64_BYTES } from '../engine/base/units.ts'

const Offsets = {
  WRITTEN: 0,
  WRITTEN_TIMESTAMP: 1,
  FLUSH_WANTED: 2,
  FLUSHED: 3,
  FLUSHED_TIMESTAMP: 4,
  REPUT: 5,
} as const
const OFFSET_COUNT = Object.keys(Offsets).length

const Words = {
  FLUSH_TICK: 0,
  REPUT_TICK: 1,
  FLUSH_SLEEPS: 2,
  REPUT_SLEEPS: 3,
  REPUT_WANTED: 4,
  REPUT_IDLE: 5,
  FLUSH_WISHES: 6,
  STOP: 7,
} as const
const SEGMENT_FDS = Object.keys(Words).length
/** More segments than can ever wait for their last flush at the same time. */
const SEGMENT_FD_COUNT = 256
const WORD_COUNT = SEGMENT_FDS + SEGMENT_FD_COUNT

/** Who must finish and leave, in the order of a clean stop. */
export const StopStage = { NONE: 0, REPUT: 1, FLUSH: 2 } as const

export type TickWord = 'FLUSH' | 'REPUT'

export class SharedState {
  readonly buffer: SharedArrayBuffer
  readonly #offsets: BigInt64Array
  readonly #words: Int32Array

  /** @param buffer of another thread's state; a new one is made without it. */
  constructor(buffer?: SharedArrayBuffer) {
    const offsetBytes = OFFSET_COUNT * I64_BYTES
    const bytes = offsetBytes + WORD_COUNT * Int32Array.BYTES_PER_ELEMENT
    this.buffer = buffer ?? new SharedArrayBuffer(bytes)
    assert(this.buffer.byteLength === bytes, 'both threads know the same words')
    this.#offsets = new BigInt64Array(this.buffer, 0, OFFSET_COUNT)
    this.#words = new Int32Array(this.buffer, offsetBytes, WORD_COUNT)
  }

  get writtenOffset(): number {
    return this.#offset(Offsets.WRITTEN)
  }

  get writtenTimestampMs(): number {
    return this.#offset(Offsets.WRITTEN_TIMESTAMP)
  }

  get flushWantedOffset(): number {
    return this.#offset(Offsets.FLUSH_WANTED)
  }

  get flushedOffset(): number {
    return this.#offset(Offsets.FLUSHED)
  }

  get flushedTimestampMs(): number {
    return this.#offset(Offsets.FLUSHED_TIMESTAMP)
  }

  get reputOffset(): number {
    return this.#offset(Offsets.REPUT)
  }

  get stopStage(): number {
    return Atomics.load(this.#words, Words.STOP)
  }

  get reputWanted(): number {
    return Atomics.load(this.#words, Words.REPUT_WANTED)
  }

  get flushWishes(): number {
    return Atomics.load(this.#words, Words.FLUSH_WISHES)
  }

  get isReputIdle(): boolean {
    return Atomics.load(this.#words, Words.REPUT_IDLE) === 1
  }

  /** Event loop: the log is in the files up to `offset`. */
  publishWritten(offset: number, timestampMs: number): void {
    Atomics.store(this.#offsets, Offsets.WRITTEN, BigInt(offset))
    Atomics.store(this.#offsets, Offsets.WRITTEN_TIMESTAMP, BigInt(timestampMs))
  }

  /** Event loop: somebody waits until the log is on the disk up to `offset`. */
  wantFlush(offset: number): void {
    Atomics.store(this.#offsets, Offsets.FLUSH_WANTED, BigInt(offset))
    Atomics.add(this.#words, Words.FLUSH_WISHES, 1)
  }

  /** Event loop: tell me at the next move of the reput offset. */
  wantReput(): void {
    Atomics.add(this.#words, Words.REPUT_WANTED, 1)
  }

  /** Event loop: ask threads to finish, see {@link StopStage}. */
  stop(stage: number): void {
    Atomics.store(this.#words, Words.STOP, stage)
    this.wake('REPUT')
    this.wake('FLUSH')
  }

  /** Flush worker. */
  publishFlushed(offset: number, timestampMs: number): void {
    Atomics.store(this.#offsets, Offsets.FLUSHED, BigInt(offset))
    Atomics.store(this.#offsets, Offsets.FLUSHED_TIMESTAMP, BigInt(timestampMs))
  }

  /** Reput worker. */
  publishReput(offset: number): void {
    Atomics.store(this.#offsets, Offsets.REPUT, BigInt(offset))
  }

  /** Reput worker, before it looks at the written offset for the last time and sleeps. */
  setReputIdle(isIdle: boolean): void {
    Atomics.store(this.#words, Words.REPUT_IDLE, isIdle ? 1 : 0)
  }

  /** Wakes a worker if it sleeps. */
  wake(worker: TickWord): void {
    const tick = worker === 'FLUSH' ? Words.FLUSH_TICK : Words.REPUT_TICK
    const sleeps = worker === 'FLUSH' ? Words.FLUSH_SLEEPS : Words.REPUT_SLEEPS
    Atomics.add(this.#words, tick, 1)
    if (Atomics.load(this.#words, sleeps) === 1) Atomics.notify(this.#words, tick)
  }

  /** The worker's tick: read it before the words on which it decides to sleep. */
  tick(worker: TickWord): number {
    return Atomics.load(this.#words, worker === 'FLUSH' ? Words.FLUSH_TICK : Words.REPUT_TICK)
  }

  /** Sleeps until the tick is no longer `seen`, at most `timeoutMs`. */
  sleep(worker: TickWord, seen: number, timeoutMs: number): void {
    const tick = worker === 'FLUSH' ? Words.FLUSH_TICK : Words.REPUT_TICK
    const sleeps = worker === 'FLUSH' ? Words.FLUSH_SLEEPS : Words.REPUT_SLEEPS
    Atomics.store(this.#words, sleeps, 1)
    Atomics.wait(this.#words, tick, seen, timeoutMs)
    Atomics.store(this.#words, sleeps, 0)
  }

  /** Event loop, before the first write: the descriptor of a segment. */
  setSegmentFd(segmentNumber: number, fd: number): void {
    Atomics.store(this.#words, SEGMENT_FDS + (segmentNumber % SEGMENT_FD_COUNT), fd)
  }

  segmentFd(segmentNumber: number): number {
    return Atomics.load(this.#words, SEGMENT_FDS + (segmentNumber % SEGMENT_FD_COUNT))
  }

  #offset(index: number): number {
    return Number(Atomics.load(this.#offsets, index))
  }
}
