import { assert } from '../../engine/base/assert.ts'
import { KIB } from '../../engine/base/units.ts'
import { RemotingError } from './errors.ts'
import {
  FRAME_PREFIX_BYTES,
  HEADER_AT,
  HEADER_WORD_AT,
  headerBytesOf,
  LENGTH_WORD_MIN,
  SERIALIZE_TYPE_ROCKETMQ,
  serializeTypeOf,
  TLS_HANDSHAKE_BYTE,
} from './frame-format.ts'

/** Positions of one whole frame. The object and its bytes are valid only during the call. */
export interface RawFrame {
  buffer: Buffer
  frameStart: number
  headerStart: number
  /** End of the header and start of the body. */
  headerEnd: number
  bodyEnd: number
  /** `SERIALIZE_TYPE_JSON` or `SERIALIZE_TYPE_ROCKETMQ`. */
  serializeType: number
}

/** Takes frames one by one. */
export interface FrameSink {
  /** False: not now. The frame and all behind it are kept until {@link FrameSplitter.retry}. */
  onFrame(frame: RawFrame): boolean
}

const NO_BYTES = Buffer.alloc(0)
const KEPT_BYTES_FIRST = KIB
/** A connection holds on to a buffer of this size for its next unfinished frame. */
const KEPT_BYTES_RETAINED = 16 * KIB

/**
 * Turns received bytes into frames. Whole frames are handed over where they lie in the receive
 * buffer; only an unfinished frame, or what a held frame blocks, is copied to a buffer of this
 * connection, which grows as bytes arrive and never because a length word says so.
 *
 *   kept buffer:   0 ≤ keptStart ≤ keptEnd ≤ capacity
 *                  empty, or one unfinished frame, or (held) a frame that waits and all behind it
 */
export class FrameSplitter {
  readonly #sink: FrameSink
  readonly #frameBytesMax: number
  readonly #frame: RawFrame
  #kept: Buffer = NO_BYTES
  #keptStart = 0
  #keptEnd = 0
  #held = false
  #dispatching = false

  constructor(sink: FrameSink, frameBytesMax: number) {
    this.#sink = sink
    this.#frameBytesMax = frameBytesMax
    this.#frame = {
      buffer: NO_BYTES,
      frameStart: 0,
      headerStart: 0,
      headerEnd: 0,
      bodyEnd: 0,
      serializeType: 0,
    }
  }

  /** True while a frame waits for {@link retry}. */
  get held(): boolean {
    return this.#held
  }

  /** True while a frame has begun and not ended, for which more bytes are to come. */
  get isMidFrame(): boolean {
    return !this.#held && this.#keptEnd > this.#keptStart
  }

  /** Size of the buffer that this connection holds for unfinished and held frames. */
  get keptCapacityBytes(): number {
    return this.#kept.length
  }

  /**
   * Takes the bytes `0..length` of `received`, which may be overwritten when this returns.
   * @throws {RemotingError} `REMOTING_FRAME_INVALID`, `REMOTING_FRAME_TOO_LARGE`,
   *   `REMOTING_TLS_UNSUPPORTED`: the connection has no meaning from here on
   */
  feed(received: Buffer, length: number): void {
    assert(!this.#dispatching, 'bytes arrived while a frame is being handled')
    let at = 0
    if (!this.#held && this.#keptEnd > this.#keptStart) at = this.#finishKept(received, length)
    if (!this.#held && at < length) at = this.#dispatch(received, at, length)
    if (at < length) this.#keep(received, at, length)
    this.#invariants()
  }

  /** Hands over again what was held. @throws {RemotingError} as {@link feed} */
  retry(): void {
    assert(!this.#dispatching, 'a frame was retried while one is being handled')
    if (!this.#held) return
    this.#held = false
    this.#keptStart = this.#dispatch(this.#kept, this.#keptStart, this.#keptEnd)
    if (this.#keptStart === this.#keptEnd) this.#forget()
    this.#invariants()
  }

  /** Drops everything that is kept. */
  release(): void {
    this.#kept = NO_BYTES
    this.#keptStart = 0
    this.#keptEnd = 0
    this.#held = false
  }

  /** Completes the unfinished frame and hands it over; returns how much of `received` it took. */
  #finishKept(received: Buffer, length: number): number {
    let at = 0
    while (at < length) {
      const frameBytes = this.#measure(this.#kept, this.#keptStart, this.#keptEnd)
      const missing = frameBytes - (this.#keptEnd - this.#keptStart)
      assert(missing > 0, 'a kept frame that is whole was not handed over')
      const taken = Math.min(missing, length - at)
      this.#keep(received, at, at + taken, frameBytes)
      at += taken
      if (taken < missing) break
      if (this.#measure(this.#kept, this.#keptStart, this.#keptEnd) > frameBytes) continue
      this.#keptStart = this.#dispatch(this.#kept, this.#keptStart, this.#keptEnd)
      if (!this.#held) this.#forget()
      break
    }
    return at
  }

  /** Hands over the whole frames of `start..end`; returns the position behind the last one. */
  #dispatch(buffer: Buffer, start: number, end: number): number {
    const frame = this.#frame
    let at = start
    this.#dispatching = true
    try {
      while (at < end) {
        const frameBytes = this.#measure(buffer, at, end)
        if (end - at < frameBytes) break
        const word = buffer.readUInt32BE(at + HEADER_WORD_AT)
        frame.buffer = buffer
        frame.frameStart = at
        frame.headerStart = at + HEADER_AT
        frame.headerEnd = at + HEADER_AT + headerBytesOf(word)
        frame.bodyEnd = at + frameBytes
        frame.serializeType = serializeTypeOf(word)
        assert(frame.headerEnd <= frame.bodyEnd, 'a header lies inside its frame')
        if (!this.#sink.onFrame(frame)) {
          this.#held = true
          break
        }
        at += frameBytes
      }
    } finally {
      this.#dispatching = false
    }
    return at
  }

  /**
   * Bytes of the frame at `at`, or of the words that must be read before that is known.
   * @throws {RemotingError} when the words that are there cannot be a frame's
   */
  #measure(buffer: Buffer, at: number, end: number): number {
    const have = end - at
    if (have > 0 && buffer[at] === TLS_HANDSHAKE_BYTE) {
      throw new RemotingError('REMOTING_TLS_UNSUPPORTED', 'the peer opened a TLS handshake')
    }
    if (have < HEADER_WORD_AT) return HEADER_WORD_AT
    const length = buffer.readUInt32BE(at)
    const frameBytes = HEADER_WORD_AT + length
    if (frameBytes > this.#frameBytesMax) {
      const message = `a frame of ${frameBytes} bytes, ${this.#frameBytesMax} are accepted`
      throw new RemotingError('REMOTING_FRAME_TOO_LARGE', message)
    }
    if (length < LENGTH_WORD_MIN) throw invalid(`a frame of length ${length}`)
    if (have < FRAME_PREFIX_BYTES) return FRAME_PREFIX_BYTES
    const word = buffer.readUInt32BE(at + HEADER_WORD_AT)
    if (serializeTypeOf(word) > SERIALIZE_TYPE_ROCKETMQ) {
      throw invalid(`a header of the unknown encoding ${serializeTypeOf(word)}`)
    }
    if (FRAME_PREFIX_BYTES + headerBytesOf(word) > frameBytes) {
      throw invalid(`a header of ${headerBytesOf(word)} bytes in a frame of ${frameBytes}`)
    }
    return frameBytes
  }

  /** Appends `start..end` of `received`; `frameBytes` caps the growth when it is known. */
  #keep(received: Buffer, start: number, end: number, frameBytes = this.#frameBytesMax): void {
    const keptBytes = this.#keptEnd - this.#keptStart
    const needed = keptBytes + (end - start)
    if (needed > this.#kept.length) {
      const doubled = Math.max(KEPT_BYTES_FIRST, 2 * this.#kept.length)
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(doubled, frameBytes)))
      grown.set(this.#kept.subarray(this.#keptStart, this.#keptEnd), 0)
      this.#kept = grown
      this.#keptStart = 0
    } else if (this.#keptEnd + (end - start) > this.#kept.length) {
      this.#kept.copyWithin(0, this.#keptStart, this.#keptEnd)
      this.#keptStart = 0
    }
    received.copy(this.#kept, this.#keptStart + keptBytes, start, end)
    this.#keptEnd = this.#keptStart + needed
  }

  #forget(): void {
    this.#keptStart = 0
    this.#keptEnd = 0
    if (this.#kept.length > KEPT_BYTES_RETAINED) this.#kept = NO_BYTES
  }

  #invariants(): void {
    assert(this.#keptStart <= this.#keptEnd, 'kept bytes begin before they end')
    assert(this.#keptEnd <= this.#kept.length, 'kept bytes lie in their buffer')
    assert(!this.#held || this.#keptEnd > this.#keptStart, 'a held frame is kept')
  }
}

function invalid(what: string): RemotingError {
  return new RemotingError('REMOTING_FRAME_INVALID', `the peer sent ${what}`)
}
