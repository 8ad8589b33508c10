import { KIB } from '../engine/base/units.ts'

/** What the event loop says of the log and of those who wait for a sync. */
export interface WaitingSenders {
  readonly writtenOffset: number
  /** How often somebody came to wait. */
  readonly flushWishes: number
}

/** One who waits alone has the next wish only when this one is granted. */
const WISHES_MIN = 2
/** A sync of less than the first is for few, one of the second has no use for more. */
const BYTES_MIN = 32 * KIB
const BYTES_MAX = 256 * KIB
/** How long a sync waits for its group, and how often it looks whether that still grows. */
const WAIT_MS = 0.6
const LOOK_MS = 0.1
/** Who was answered longer ago than this does not come again together. */
const FORGOTTEN_MS = 10

/**
 * Group commit. Many who wait for a sync come again together once they are answered, but one turn
 * of the event loop after the other: a sync for the first of them would let the others wait for
 * two. So a sync that has less to do than the last one waits for more, as long as more comes, if
 * more than one turn waited for that one.
 */
export class FlushGroup {
  readonly #senders: WaitingSenders
  readonly #pause: (milliseconds: number) => void
  readonly #now: () => number
  #bytes = 0
  #wishes = 0
  #wishesSeen = 0
  #takenMs = 0

  /** @param pause waits, of which the senders hear nothing */
  constructor(senders: WaitingSenders, pause = sleepFor, now = () => performance.now()) {
    this.#senders = senders
    this.#pause = pause
    this.#now = now
  }

  /** Waits for about as much as the last sync had. @returns how far the log is written then */
  await(flushedOffset: number): number {
    const senders = this.#senders
    let { writtenOffset } = senders
    if (this.#wishes < WISHES_MIN || this.#bytes < BYTES_MIN) return writtenOffset
    const startMs = this.#now()
    if (startMs - this.#takenMs > FORGOTTEN_MS) return writtenOffset
    const groupOffset = flushedOffset + Math.min(this.#bytes, BYTES_MAX)
    while (writtenOffset < groupOffset && this.#now() - startMs < WAIT_MS) {
      this.#pause(LOOK_MS)
      if (senders.writtenOffset === writtenOffset) break
      writtenOffset = senders.writtenOffset
    }
    return writtenOffset
  }

  /** A sync of so many bytes begins, for all who wait. */
  take(bytes: number): void {
    const wishes = this.#senders.flushWishes
    this.#bytes = bytes
    this.#wishes = wishes - this.#wishesSeen
    this.#wishesSeen = wishes
    this.#takenMs = this.#now()
  }
}

/** Nobody wakes who waits on this. */
const nobody = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))

function sleepFor(milliseconds: number): void {
  Atomics.wait(nobody, 0, 0, milliseconds)
}
