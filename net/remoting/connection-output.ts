import type { Socket } from 'node:net'
import { assert } from '../../engine/base/assert.ts'
import type { Flushable, OutputTurn } from './output-turn.ts'
import { OUTPUT_CHUNK_BYTES } from './output-turn.ts'

/** Where to build: the bytes `at..at + reserved` of `buffer`. One object, reused by every call. */
export interface Reservation {
  buffer: Buffer
  at: number
}

/** What one write refers to until it has finished. */
interface OutputBatch {
  bytes: number
  chunks: Buffer[]
  listeners: (() => void)[]
}

/** Slices below this size are copied into the chunk: cheaper than a vector of their own. */
const COPIED_SLICE_BYTES_MAX = 1024

/**
 * The output of one connection. What is built in a turn is one batch: pieces of pooled chunks with
 * uncopied slices between them, written by one (vectored) write.
 *
 *   chunk:  | written before | open piece | reserved | free |
 *                            ^ pieceStart ^ chunkAt
 *
 * A batch keeps its chunks and slices until the write that refers to them has finished.
 */
export class ConnectionOutput implements Flushable {
  readonly #socket: Socket
  readonly #turn: OutputTurn
  readonly #onProgress: () => void
  readonly #earlyBytes: number
  readonly #reservation: Reservation
  readonly #written: (error?: Error | null) => void
  #chunk: Buffer | undefined
  #pieceStart = 0
  #chunkAt = 0
  #reservedBytes = 0
  #pieces: Buffer[] = []
  #filling: OutputBatch = { bytes: 0, chunks: [], listeners: [] }
  readonly #inFlight: OutputBatch[] = []
  #spare: OutputBatch | undefined
  #dirty = false
  #released = false
  #unsentBytes = 0
  #writtenCount = 0

  /** `onProgress` is called after each finished write. What has `earlyBytes` leaves before the turn
   *  ends. */
  constructor(
    socket: Socket,
    turn: OutputTurn,
    { earlyBytes, onProgress }: { earlyBytes: number; onProgress: () => void },
  ) {
    this.#socket = socket
    this.#turn = turn
    this.#onProgress = onProgress
    this.#earlyBytes = earlyBytes
    this.#reservation = { buffer: Buffer.alloc(0), at: 0 }
    this.#written = (error) => {
      // After an error the operating system may still hold the slices; release() frees them when
      // the handle is closed.
      if (error === undefined || error === null) this.#finishBatch()
    }
  }

  /** Bytes that were committed and whose write has not finished. */
  get unsentBytes(): number {
    return this.#unsentBytes
  }

  /** Number of writes that have finished. */
  get writtenCount(): number {
    return this.#writtenCount
  }

  /**
   * Room for `bytes` behind everything that was committed. Valid until the next call on this
   * object; {@link commit} says how much of it is used.
   */
  reserve(bytes: number): Reservation {
    if (this.#chunk === undefined || this.#chunkAt + bytes > this.#chunk.length) {
      this.#closePiece()
      this.#chunk = this.#turn.takeChunk(bytes)
      this.#filling.chunks.push(this.#chunk)
      this.#pieceStart = 0
      this.#chunkAt = 0
    }
    this.#reservedBytes = bytes
    this.#reservation.buffer = this.#chunk
    this.#reservation.at = this.#chunkAt
    return this.#reservation
  }

  /** Sends the first `bytes` of the last reservation. */
  commit(bytes: number): void {
    assert(bytes <= this.#reservedBytes, 'more was built than reserved')
    this.#reservedBytes = 0
    if (this.#released) return
    this.#chunkAt += bytes
    this.#grow(bytes)
  }

  /**
   * Sends `slice` behind everything that was committed. A large slice is not copied: its bytes must
   * stay as they are until `onSent`, which is called once, also when the connection is lost.
   */
  append(slice: Buffer, onSent?: () => void): void {
    const copied = slice.length <= COPIED_SLICE_BYTES_MAX || this.#released
    if (copied) {
      if (!this.#released) this.#copy(slice)
      onSent?.()
      return
    }
    this.#closePiece()
    this.#pieces.push(slice)
    if (onSent !== undefined) this.#filling.listeners.push(onSent)
    this.#grow(slice.length)
  }

  /** Writes what was committed since the last flush. */
  flush(): void {
    this.#dirty = false
    this.#closePiece()
    const pieces = this.#pieces
    const last = pieces.pop()
    if (last === undefined || this.#released) return
    if (!this.#socket.writable) {
      // Nothing will be written any more: release() takes the batch back when the socket closes.
      pieces.length = 0
      return
    }
    this.#inFlight.push(this.#filling)
    this.#filling = this.#spare ?? { bytes: 0, chunks: [], listeners: [] }
    this.#spare = undefined
    this.#chunk = undefined
    this.#pieceStart = 0
    this.#chunkAt = 0
    if (pieces.length === 0) {
      this.#socket.write(last, this.#written)
      return
    }
    this.#socket.cork()
    for (const piece of pieces) this.#socket.write(piece)
    this.#socket.write(last, this.#written)
    this.#socket.uncork()
    pieces.length = 0
  }

  /** Gives everything back. Only when the socket's handle is closed: no write refers to it then. */
  release(): void {
    if (this.#released) return
    this.#released = true
    for (const batch of this.#inFlight.splice(0)) this.#releaseBatch(batch)
    this.#releaseBatch(this.#filling)
    this.#pieces = []
    this.#chunk = undefined
    this.#unsentBytes = 0
  }

  #copy(slice: Buffer): void {
    const { buffer, at } = this.reserve(slice.length)
    slice.copy(buffer, at)
    this.commit(slice.length)
  }

  #grow(bytes: number): void {
    this.#filling.bytes += bytes
    this.#unsentBytes += bytes
    if (this.#filling.bytes >= this.#earlyBytes) {
      this.flush()
      return
    }
    if (this.#dirty) return
    this.#dirty = true
    this.#turn.add(this)
  }

  #closePiece(): void {
    if (this.#chunk === undefined || this.#chunkAt === this.#pieceStart) return
    this.#pieces.push(this.#chunk.subarray(this.#pieceStart, this.#chunkAt))
    this.#pieceStart = this.#chunkAt
  }

  #finishBatch(): void {
    const batch = this.#inFlight.shift()
    if (batch === undefined) {
      assert(this.#released, 'a write finished that was not begun')
      return
    }
    this.#unsentBytes -= batch.bytes
    assert(this.#unsentBytes >= 0, 'more bytes were sent than committed')
    this.#writtenCount += 1
    this.#releaseBatch(batch)
    this.#spare = batch
    this.#onProgress()
  }

  #releaseBatch(batch: OutputBatch): void {
    for (const chunk of batch.chunks) this.#turn.giveChunk(chunk)
    for (const listener of batch.listeners) listener()
    batch.bytes = 0
    batch.chunks.length = 0
    batch.listeners.length = 0
  }
}

assert(COPIED_SLICE_BYTES_MAX <= OUTPUT_CHUNK_BYTES, 'a copied slice fits in a chunk')
