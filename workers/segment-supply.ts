/** Sees to it that the segment behind the one that is being written is there in time. */
import { describeError, StoreError } from '../engine/base/errors.ts'
import type { Logger } from '../engine/base/logger.ts'
import type { LogSegment } from '../engine/log/log-segment.ts'
import type { ToHousekeeping } from './messages.ts'

const RETRY_MS = 500

export interface SegmentSupplyParts {
  readonly logger: Logger
  readonly askHousekeeping: (message: ToHousekeeping) => void
  /** Opens a segment that was made. @throws {StoreError} */
  readonly open: (startOffset: number) => LogSegment
  /** It cannot be made now; it is tried again. */
  readonly onFailure: (error: StoreError) => void
}

export class SegmentSupply {
  readonly #parts: SegmentSupplyParts
  /** First offset of the segment whose making is to be tried again; -1 for none. */
  #failedOffset = -1
  #failedCode = ''
  #timer: NodeJS.Timeout | undefined

  constructor(parts: SegmentSupplyParts) {
    this.#parts = parts
  }

  /** Has the segment that starts at a physical offset made. */
  want(startOffset: number): void {
    this.#parts.askHousekeeping({ kind: 'prepare', startOffset })
  }

  /** Opens what was wanted and is there now; undefined when that fails. */
  take(startOffset: number): LogSegment | undefined {
    try {
      const segment = this.#parts.open(startOffset)
      this.#failedCode = ''
      return segment
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      this.failed(startOffset, error)
      return undefined
    }
  }

  /** It is told once why, and tried again until it works. */
  failed(startOffset: number, reason: Pick<StoreError, 'code' | 'message'>): void {
    const { code, message } = reason
    const error = reason instanceof StoreError ? reason : new StoreError(code, message)
    if (code !== this.#failedCode) this.#parts.logger.warn(`${describeError(error)}; trying again`)
    this.#failedCode = code
    this.#failedOffset = startOffset
    this.#parts.onFailure(error)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.retryNow(), RETRY_MS)
    this.#timer.unref()
  }

  /** There may be room now. */
  retryNow(): void {
    const startOffset = this.#failedOffset
    if (startOffset < 0) return
    clearTimeout(this.#timer)
    this.#failedOffset = -1
    this.want(startOffset)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#failedOffset = -1
  }
}
