/**
 * Walks a segment record by record and says where it is damaged. Records never cross from one
 * segment into the next, so segments are verified apart from each other, in any order.
 */
import { describeError, systemErrorCode } from '../base/errors.ts'
import { type Pace, UNPACED } from '../base/pace.ts'
import { KIB, MIB } from '../base/units.ts'
import { type FileSystem, readFully } from '../file/file-system.ts'
import { segmentPath } from '../file/store-layout.ts'
import { MAGIC_AT, RECORD_MAGIC_V1, RECORD_MAGIC_V2 } from '../format/record-format.ts'
import { FOUND_WORDS, type LogLocation, LogScanner, ScanStep } from './log-scanner.ts'

/** A damaged part of the log. */
export interface LogDamage {
  /**
   * `record`: it holds no whole record. `block`: its bytes are not those that were sealed; the
   * records in it may be whole all the same.
   */
  readonly kind: 'record' | 'block'
  /** Physical offset of its first byte. */
  readonly offset: number
  /** Physical offset of the next whole record, or of the end of the block or segment. */
  readonly endOffset: number
  /** What stands at its start, in words. */
  readonly found: string
}

export interface SegmentVerification {
  readonly startOffset: number
  /** Physical offset behind the last whole record. */
  readonly endOffset: number
  readonly recordCount: number
  readonly damages: readonly LogDamage[]
  /** What stands behind the last record of an open log, if it is not zeros: a start cuts it. */
  readonly tornTail: LogDamage | undefined
}

/**
 * How a segment may end. `sealed`: with a blank record. `newest`: anywhere, with zeros. `open`: as
 * the newest, but its writer was killed, which may leave half of a write, or is at work.
 */
export type SegmentEnding = 'sealed' | 'newest' | 'open'

export interface SegmentWalk {
  /** @default 'sealed' */
  readonly ending?: SegmentEnding
  /** Called for each whole record, which `scanner.view` describes. */
  readonly onRecord?: ((scanner: LogScanner, offset: number) => void) | undefined
  readonly pace?: Pace
  /**
   * Called in an open segment where no record stands: a writer may be about to put it there. The
   * place is looked at again as long as this says true, and waits.
   */
  readonly isWorthWaiting?: () => boolean
}

const SEARCH_BYTES = MIB
/** How often a walk asks its pace. */
const PACE_BYTES = 256 * KIB
const MAGICS = [RECORD_MAGIC_V1, RECORD_MAGIC_V2].map((magic) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(magic)
  return bytes
})

/**
 * Verifies the segment at `startOffset`: sizes, checksums, and that each record stands at the place
 * that it names. What cannot be read is damage too.
 * @throws the operating system's error when the segment is gone
 */
export function verifySegment(
  files: FileSystem,
  location: LogLocation,
  startOffset: number,
  walk: SegmentWalk = {},
): SegmentVerification {
  const verifier = new SegmentVerifier(files, location, startOffset, walk)
  try {
    return verifier.run()
  } finally {
    verifier.close()
  }
}

class SegmentVerifier {
  readonly #files: FileSystem
  readonly #location: LogLocation
  readonly #startOffset: number
  readonly #limit: number
  readonly #walk: SegmentWalk
  readonly #scanner: LogScanner
  readonly #damages: LogDamage[] = []
  #recordCount = 0
  /** Behind the last whole record. */
  #endOffset: number
  #tornTail: LogDamage | undefined

  constructor(files: FileSystem, location: LogLocation, startOffset: number, walk: SegmentWalk) {
    this.#files = files
    this.#location = location
    this.#startOffset = startOffset
    this.#limit = startOffset + location.segmentBytes
    this.#walk = walk
    this.#scanner = new LogScanner(files, location, { checkCrc: true })
    this.#endOffset = startOffset
  }

  run(): SegmentVerification {
    const { pace = UNPACED, onRecord } = this.#walk
    let pacedOffset = this.#startOffset
    for (let offset = this.#startOffset; offset < this.#limit; ) {
      const step = this.#look(offset)
      if (step === ScanStep.SEGMENT_END) break
      if (step === ScanStep.RECORD) {
        onRecord?.(this.#scanner, offset)
        this.#recordCount += 1
        offset += this.#scanner.view.totalBytes
        this.#endOffset = offset
      } else {
        const next = this.#noteDamage(offset, step)
        if (next === undefined) break
        offset = next
      }
      if (offset - pacedOffset < PACE_BYTES) continue
      if (!pace.passed(offset - pacedOffset)) break
      pacedOffset = offset
    }
    return {
      startOffset: this.#startOffset,
      endOffset: this.#endOffset,
      recordCount: this.#recordCount,
      damages: this.#damages,
      tornTail: this.#tornTail,
    }
  }

  close(): void {
    this.#scanner.close()
  }

  /** The error of the operating system where it cannot read. */
  #look(offset: number): ScanStep | Error {
    try {
      return this.#scanner.at(offset, this.#limit)
    } catch (error) {
      return readError(error)
    }
  }

  /** @returns where to go on; undefined where the log ends. */
  #noteDamage(offset: number, step: ScanStep | Error): number | undefined {
    const { ending = 'sealed', isWorthWaiting } = this.#walk
    const found = describe(this.#scanner, step)
    const next = this.#findRecord(offset + 1)
    const isLast = next === this.#limit && ending !== 'sealed'
    // Zeros behind the last record are where the log goes on.
    if (isLast && step === ScanStep.END) return undefined
    if (ending === 'open' && isWorthWaiting?.() === true) {
      this.#scanner.reset()
      return offset
    }
    const damage: LogDamage = { kind: 'record', offset, endOffset: next, found }
    if (isLast && ending === 'open' && step === ScanStep.BAD) {
      this.#tornTail = damage
      return undefined
    }
    this.#damages.push(damage)
    return next
  }

  /** Physical offset of the next whole record at its own place; the segment's end without one. */
  #findRecord(from: number): number {
    const path = segmentPath(this.#location.directory, this.#startOffset)
    const window = Buffer.alloc(Math.min(SEARCH_BYTES, this.#location.segmentBytes))
    const fd = this.#files.open(path, 'read')
    try {
      for (let at = from; at < this.#limit; at += window.length - MAGIC_AT) {
        const lengthBytes = Math.min(window.length, this.#limit - at)
        const position = at - this.#startOffset
        const found = readIfPossible(this.#files, fd, window, { lengthBytes, position })
        for (const place of magicsIn(found)) {
          const candidate = at + place - MAGIC_AT
          if (candidate >= from && this.#look(candidate) === ScanStep.RECORD) return candidate
        }
        if (this.#walk.pace?.passed(lengthBytes) === false) break
      }
    } finally {
      this.#files.close(fd)
    }
    return this.#limit
  }
}

const NO_BYTES = Buffer.alloc(0)

/** Nothing where the disk refuses: the search goes on behind it. */
function readIfPossible(
  files: FileSystem,
  fd: number,
  target: Buffer,
  { lengthBytes, position }: { readonly lengthBytes: number; readonly position: number },
): Buffer {
  try {
    return target.subarray(0, readFully(files, fd, target, { start: 0, lengthBytes, position }))
  } catch (error) {
    readError(error)
    return NO_BYTES
  }
}

/** The error of a read that the disk refused; any other is thrown again. */
function readError(error: unknown): Error {
  const code = systemErrorCode(error)
  if (code === undefined || code === 'ENOENT' || !(error instanceof Error)) throw error
  return error
}

function describe(scanner: LogScanner, step: ScanStep | Error): string {
  if (step instanceof Error) return `bytes that cannot be read: ${describeError(step)}`
  return FOUND_WORDS[scanner.finding]
}

/** Where one of the magics stands, ascending. */
function* magicsIn(bytes: Buffer): Generator<number, void, undefined> {
  for (let from = 0; ; ) {
    const places = MAGICS.map((magic) => bytes.indexOf(magic, from)).filter((place) => place >= 0)
    if (places.length === 0) return
    const place = Math.min(...places)
    yield place
    from = place + 1
  }
}
