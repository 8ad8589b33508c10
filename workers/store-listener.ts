import type { StoreError } from '../engine/base/errors.ts'
import type { LogSegment } from '../engine/log/log-segment.ts'
import type { QueueTail } from '../engine/log/queue-tail.ts'

/** Who hears what happens in the store; all calls come on the event loop. */
export interface StoreListener {
  /** Everything before the offset is in the log, with new messages of these queues. */
  onWritten(writtenOffset: number, queues: readonly QueueTail[]): void
  /** Everything appended at or behind the offset was taken back. */
  onTakenBack(fromOffset: number, error: StoreError): void
  /** Everything before the offset is on the disk. Comes only while somebody waits for it. */
  onFlushed(flushedOffset: number): void
  /** Queues are built up to here. Comes after `ThreadedStore.wantReput`, and when a topic was
   *  deleted. */
  onReput(reputOffset: number): void
  /** Appends that were not ready, or that met a full disk, may be tried again. */
  onReady(): void
  /**
   * A segment is to go and has waited long enough for those who were given parts of it: they are to
   * be ended. Comes again until they are.
   */
  onSegmentHeld?(segment: LogSegment): void
  /** Nothing is written any more. */
  onReadOnly(error: StoreError): void
}
