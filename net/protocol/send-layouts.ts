import { BytesTemplate } from '../../engine/format/bytes-template.ts'
import type { LinearMemory } from '../../engine/format/linear-memory.ts'
import type { RawFrame } from '../remoting/frame-splitter.ts'
import { BACKSLASH, QUOTE, SPACE } from './byte-codes.ts'
import { SendLayout } from './send-layout.ts'
import { type SendRequestView, scanSendRequest } from './send-message-scanner.ts'

/** Headers of other lengths are scanned. */
const HEADER_BYTES_MIN = 96
const HEADER_BYTES_MAX = 1024
/** A header is looked up by its length and by some bytes of where its group stands. */
const SAMPLE_START = 30
const SAMPLE_END = 40
const HASH_FACTOR = 31
/** So many layouts are kept, of at most some 2 KiB each, in a linear memory too. */
const SLOT_COUNT = 256
/** A value that is all plain characters ends at the next quote, and stands for itself. */
const NOT_PLAIN = { below: SPACE, first: QUOTE, second: BACKSLASH }
/** After so many other headers in its place a layout is given up for the next one. */
const MISSES_MAX = 8

/** The layouts of the headers that come to one broker, see {@link SendLayout}. */
export class SendLayouts<Kept> {
  /** The layout of what {@link scan} read last, if it has one. */
  current: SendLayout<Kept> | undefined
  readonly #slots: (SendLayout<Kept> | undefined)[] = new Array(SLOT_COUNT).fill(undefined)
  /** Each for one layout after the other. */
  readonly #templates: (BytesTemplate | undefined)[] = new Array(SLOT_COUNT).fill(undefined)
  readonly #misses = new Uint8Array(SLOT_COUNT)
  readonly #memory: LinearMemory | undefined

  /** @param memory in which most frames lie */
  constructor(memory?: LinearMemory) {
    this.#memory = memory
  }

  /** As {@link scanSendRequest}: quick for a header that is like one before. */
  scan(frame: RawFrame, view: SendRequestView): boolean {
    const headerBytes = frame.headerEnd - frame.headerStart
    if (headerBytes < HEADER_BYTES_MIN || headerBytes > HEADER_BYTES_MAX) {
      this.current = undefined
      return scanSendRequest(frame, view)
    }
    const slot = slotOf(frame.buffer, frame.headerStart, headerBytes)
    const layout = this.#slots[slot]
    if (layout?.read(frame, view) === true) {
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
    const template =
      this.#templates[slot] ?? new BytesTemplate(HEADER_BYTES_MAX, NOT_PLAIN, this.#memory)
    this.#templates[slot] = template
    this.current = SendLayout.of(frame, view, template)
    this.#slots[slot] = this.current
  }
}

function slotOf(buffer: Buffer, headerStart: number, headerBytes: number): number {
  let hash = headerBytes
  for (let at = headerStart + SAMPLE_START; at < headerStart + SAMPLE_END; at += 1) {
    hash = (Math.imul(hash, HASH_FACTOR) + buffer[at]!) | 0
  }
  return (hash ^ (hash >>> 16)) & (SLOT_COUNT - 1)
}
