/**
 * Finds the headers of responses in received bytes and skips their bodies: a load generator looks
 * at a few bytes of a response, however long it is. (A frame is drawn in frame-format.ts.)
 */
import { assert } from '../../../engine/base/assert.ts'
import { KIB } from '../../../engine/base/units.ts'
import { RemotingError } from '../../remoting/errors.ts'
import {
  FRAME_PREFIX_BYTES,
  HEADER_AT,
  HEADER_BYTES_MAX,
  HEADER_WORD_AT,
  headerBytesOf,
  LENGTH_WORD_AT,
} from '../../remoting/frame-format.ts'

/** Takes the header at `start..end` of `buffer`, which is valid only during the call. */
export type OnHeader = (buffer: Buffer, start: number, end: number, bodyBytes: number) => void

const KEPT_BYTES_FIRST = KIB

export class ResponseSplitter {
  readonly #onHeader: OnHeader
  /** The begin of a frame whose header has not arrived in full. */
  #kept = Buffer.allocUnsafeSlow(KEPT_BYTES_FIRST)
  #keptBytes = 0
  /** Bytes of a body that are still to come. */
  #skipBytes = 0

  constructor(onHeader: OnHeader) {
    this.#onHeader = onHeader
  }

  /**
   * Takes the bytes `0..length` of `received`.
   * @throws {RemotingError} `REMOTING_FRAME_INVALID`
   */
  feed(received: Buffer, length: number): void {
    let at = this.#skip(0, length)
    if (this.#keptBytes > 0 && at < length) at = this.#finishKept(received, length)
    while (at < length) {
      const headBytes = measureHead(received, at, length)
      if (headBytes > length - at) break
      at = this.#skip(this.#emit(received, at, headBytes), length)
    }
    if (at < length) this.#keep(received, at, length)
  }

  /** Hands over the header of the frame at `at`; returns where its body begins. */
  #emit(buffer: Buffer, at: number, headBytes: number): number {
    const frameBytes = HEADER_WORD_AT + buffer.readUInt32BE(at + LENGTH_WORD_AT)
    const bodyAt = at + headBytes
    this.#skipBytes = frameBytes - headBytes
    this.#onHeader(buffer, at + HEADER_AT, bodyAt, this.#skipBytes)
    return bodyAt
  }

  /** Passes over what is left of a body. */
  #skip(at: number, length: number): number {
    const skipped = Math.min(this.#skipBytes, length - at)
    this.#skipBytes -= skipped
    return at + skipped
  }

  #finishKept(received: Buffer, length: number): number {
    let at = 0
    while (at < length) {
      const missing = measureHead(this.#kept, 0, this.#keptBytes) - this.#keptBytes
      assert(missing > 0, 'a head that is whole was not handed over')
      const taken = Math.min(missing, length - at)
      this.#keep(received, at, at + taken)
      at += taken
      const headBytes = measureHead(this.#kept, 0, this.#keptBytes)
      if (headBytes > this.#keptBytes) continue
      this.#keptBytes = 0
      this.#emit(this.#kept, 0, headBytes)
      return this.#skip(at, length)
    }
    return at
  }

  #keep(received: Buffer, start: number, end: number): void {
    const needed = this.#keptBytes + end - start
    if (needed > this.#kept.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#kept.length))
      this.#kept.copy(grown, 0, 0, this.#keptBytes)
      this.#kept = grown
    }
    received.copy(this.#kept, this.#keptBytes, start, end)
    this.#keptBytes = needed
  }
}

/** Bytes up to the body of the frame at `at`, or of the words that say how many those are. */
function measureHead(buffer: Buffer, at: number, end: number): number {
  if (end - at < FRAME_PREFIX_BYTES) return FRAME_PREFIX_BYTES
  const frameBytes = HEADER_WORD_AT + buffer.readUInt32BE(at + LENGTH_WORD_AT)
  const headerBytes = headerBytesOf(buffer.readUInt32BE(at + HEADER_WORD_AT))
  if (FRAME_PREFIX_BYTES + headerBytes > frameBytes || headerBytes > HEADER_BYTES_MAX) {
    const message = `a header of ${headerBytes} bytes in a frame of ${frameBytes}`
    throw new RemotingError('REMOTING_FRAME_INVALID', message)
  }
  return FRAME_PREFIX_BYTES + headerBytes
}
