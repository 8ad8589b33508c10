import type { RawFrame } from '../remoting/frame-splitter.ts'
import { SendLayout } from './send-layout.ts'
import { type SendRequestView, scanSendRequest } from './send-message-scanner.ts'

/** Headers of other lengths are scanned. */
const HEADER_BYTES_MIN = 96
const HEADER_BYTES_MAX = 1024
/** A header is looked up by its length and by some bytes of where its group stands. */
const SAMPLE_START = 30
const SAMPLE_END = 40
const HASH_FACTOR = 31
/** So many layouts are kept, of at most some 4 KiB each. */
const SLOT_COUNT = 256
/** After so many other headers in its place a layout is given up for the next one. */
const MISSES_MAX = 8

/** The layouts of the headers that come to one broker, see {@link SendLayout}. */
export class SendLayouts<Kept> {
  /** The layout of what {@link scan} read last, if it has one. */
  current: SendLayout<Kept> | undefined
  readonly #slots: (SendLayout<Kept> | undefined)[] = new Array(SLOT_COUNT).fill(undefined)
  readonly #misses = new Uint8Array(SLOT_COUNT)
  #buffer: Buffer = Buffer.alloc(0)
  #bytes = new DataView(this.#buffer.buffer)

  /** As {@link scanSendRequest}: quick for a header that is like one before. */
  scan(frame: RawFrame, view: SendRequestView): boolean {
    const headerBytes = frame.headerEnd - frame.headerStart
    if (headerBytes < HEADER_BYTES_MIN || headerBytes > HEADER_BYTES_MAX) {
      this.current = undefined
      return scanSendRequest(frame, view)
    }
    const slot = slotOf(frame.buffer, frame.headerStart, headerBytes)
    const layout = this.#slots[slot]
    if (layout?.read(frame, this.#bytesOf(frame.buffer), view) === true) {
      this.#misses[slot] = 0
      this.current = layout
      return true
    }
    this.current = undefined
    if (!scanSendRequest(frame, view)) return false
    if (layout === undefined || this.#misses[slot] === MISSES_MAX) this.#learn(slot, frame, view)
    else this.#misses[slot]! += 1
    return true
  }

  #learn(slot: number, frame: RawFrame, view: SendRequestView): void {
    this.#misses[slot] = 0
    this.current = SendLayout.of(frame, view)
    this.#slots[slot] = this.current
  }

  /** The receive buffer is one and the same for most frames. */
  #bytesOf(buffer: Buffer): DataView {
    if (buffer !== this.#buffer) {
      this.#buffer = buffer
      this.#bytes = new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
    }
    return this.#bytes
  }
}

function slotOf(buffer: Buffer, headerStart: number, headerBytes: number): number {
  let hash = headerBytes
  for (let at = headerStart + SAMPLE_START; at < headerStart + SAMPLE_END; at += 1) {
    hash = (Math.imul(hash, HASH_FACTOR) + buffer[at]!) | 0
  }
  return (hash ^ (hash >>> 16)) & (SLOT_COUNT - 1)
}
