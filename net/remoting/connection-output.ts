import type { Socket } from 'node:net'
import { assert } from '../../engine/base/assert.ts'
import { KIB } from '../../engine/base/units.ts'
import type { OutputRanges, RangeSender } from './output-ranges.ts'
import type { Flushable, OutputTurn } from './output-turn.ts'
import { OUTPUT_CHUNK_BYTES } from './output-turn.ts'
import { descriptorOf } from './socket-handle.ts'

/** Where to build: the bytes `at..at + reserved` of `buffer`. One object, reused by every call. */
export interface Reservation {
  buffer: Buffer
  at: number
}

const EMPTY: Buffer = Buffer.alloc(0)

/** What one write refers to until it has finished. */
interface OutputBatch {
  bytes: number
  chunks: Buffer[]
  listeners: (() => void)[]
}

/** Slices below this size are copied into the chunk: cheaper than a vector of their own. */
const COPIED_SLICE_BYTES_MAX = 1024
/** Up to this, a part that the socket did not take is copied: cheaper than a slice. */
const COPIED_PART_BYTES_MAX = 16 * KIB

/** A stretch of some buffer. */
export interface BufferPart {
  readonly start: number
  readonly lengthBytes: number
}

interface OutputSettings {
  readonly sendRanges: RangeSender
  /** What has so many bytes leaves before the turn ends. */
  readonly earlyBytes: number
  /** Called after each finished write: inside {@link ConnectionOutput.flush} when the socket takes
   *  all at once. */
  readonly onProgress: () => void
}

/**
 * The output of one connection. What is built in a turn is one batch, or several where
 * `earlyBytes` come before its end: pieces of pooled chunks with uncopied slices between them.
 *
 *   chunk:  | written before | open piece | reserved | free |
 *                            ^ pieceStart ^ chunkAt
 *
 * A batch that finds no other in front of it is offered to the socket from where its bytes lie; as
 * a rule that takes all of it, and the batch has finished. What is not taken becomes a write of
 * Node's, and the batch keeps its chunks and slices until that has finished.
 */
export class ConnectionOutput implements Flushable {
  readonly #socket: Socket
  readonly #turn: OutputTurn
  readonly #onProgress: () => void
  readonly #earlyBytes: number
  readonly #sendRanges: RangeSender
  readonly #reservation: Reservation
  readonly #written: (error?: Error | null) => void
  #chunk: Buffer | undefined
  #pieceStart = 0
  #chunkAt = 0
  #reservedBytes = 0
  /** What `#filling` consists of so far. */
  #pieces: OutputRanges | undefined
  #filling: OutputBatch = { bytes: 0, chunks: [], listeners: [] }
  readonly #inFlight: OutputBatch[] = []
  #spare: OutputBatch | undefined
  #dirty = false
  #released = false
  #unsentBytes = 0
  #writtenCount = 0

  constructor(
    socket: Socket,
    turn: OutputTurn,
    { sendRanges, earlyBytes, onProgress }: OutputSettings,
  ) {
    this.#sendRanges = sendRanges
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
    this.#addPiece(slice, 0, slice.length, false)
    if (onSent !== undefined) this.#filling.listeners.push(onSent)
    this.#grow(slice.length)
  }

  /**
   * As {@link append} for some parts of `buffer`, of which a small one is copied only where the
   * socket does not take it at the end of the turn.
   */
  appendParts(
    buffer: Buffer,
    parts: readonly BufferPart[],
    first: number,
    end: number,
    onSent: () => void,
  ): void {
    if (this.#released) {
      onSent()
      return
    }
    this.#closePiece()
    this.#pieces ??= this.#turn.takeRanges()
    let bytes = 0
    for (let index = first; index < end; index += 1) {
      const { start, lengthBytes } = parts[index]!
      this.#pieces.add(buffer, start, lengthBytes, lengthBytes <= COPIED_PART_BYTES_MAX)
      bytes += lengthBytes
    }
    this.#filling.listeners.push(onSent)
    this.#grow(bytes)
  }

  /** Writes what was committed since the last flush. */
  flush(): void {
    this.#dirty = false
    this.#closePiece()
    const pieces = this.#pieces
    if (pieces === undefined || this.#released) return
    this.#pieces = undefined
    // Else nothing will be written any more: release() takes the batch back when the socket closes.
    if (this.#socket.writable) this.#write(pieces)
    this.#turn.giveRanges(pieces)
  }

  /** Gives everything back. Only when the socket's handle is closed: no write refers to it then. */
  release(): void {
    if (this.#released) return
    this.#released = true
    for (const batch of this.#inFlight.splice(0)) this.#releaseBatch(batch)
    this.#releaseBatch(this.#filling)
    this.#pieces = undefined
    this.#chunk = undefined
    this.#unsentBytes = 0
  }

  #write(pieces: OutputRanges): void {
    const socket = this.#socket
    const batch = this.#filling
    const isFirst = this.#inFlight.length === 0
    this.#inFlight.push(batch)
    this.#filling = this.#spare ?? { bytes: 0, chunks: [], listeners: [] }
    this.#spare = undefined
    this.#chunk = undefined
    this.#pieceStart = 0
    this.#chunkAt = 0
    const taken = isFirst ? this.#sendRanges(descriptorOf(socket), pieces) : 0
    if (taken === batch.bytes) {
      this.#finishBatch()
      return
    }
    const slices = this.#slicesBehind(taken, pieces, batch)
    const last = slices.pop()
    assert(last !== undefined, 'what was not taken is to be written')
    if (slices.length > 0) socket.cork()
    for (const slice of slices) socket.write(slice)
    socket.write(last, this.#written)
    if (slices.length > 0) socket.uncork()
  }

  /** What lies behind the first `taken` bytes of `pieces`; small parts in a row are one copy. */
  #slicesBehind(taken: number, pieces: OutputRanges, batch: OutputBatch): Buffer[] {
    const slices: Buffer[] = []
    const copy = { chunk: EMPTY, start: 0, at: 0 }
    const closeCopy = (): void => {
      if (copy.at > copy.start) slices.push(copy.chunk.subarray(copy.start, copy.at))
      copy.start = copy.at
    }
    let before = taken
    for (let index = 0; index < pieces.count; index += 1) {
      const length = pieces.lengths[index]!
      const skipped = Math.min(before, length)
      before -= skipped
      if (skipped === length) continue
      const buffer = pieces.buffers[index]!
      const start = pieces.starts[index]! + skipped
      const end = start + length - skipped
      if (!pieces.mayCopy(index)) {
        closeCopy()
        slices.push(end - start === buffer.length ? buffer : buffer.subarray(start, end))
        continue
      }
      if (copy.at + end - start > copy.chunk.length) {
        closeCopy()
        copy.chunk = this.#turn.takeChunk(OUTPUT_CHUNK_BYTES)
        copy.start = 0
        copy.at = 0
        batch.chunks.push(copy.chunk)
      }
      copy.at += buffer.copy(copy.chunk, copy.at, start, end)
    }
    closeCopy()
    return slices
  }

  #addPiece(buffer: Buffer, start: number, lengthBytes: number, mayCopy: boolean): void {
    this.#pieces ??= this.#turn.takeRanges()
    this.#pieces.add(buffer, start, lengthBytes, mayCopy)
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
    this.#addPiece(this.#chunk, this.#pieceStart, this.#chunkAt - this.#pieceStart, false)
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
assert(COPIED_PART_BYTES_MAX <= OUTPUT_CHUNK_BYTES, 'a copied part fits in a chunk')
