/**
 * Entry of the flush thread: group commit. While somebody waits, it syncs at once, again and again,
 * each time for everyone who has come meanwhile; otherwise by pages and by time, as RocketMQ's
 * settings say (CommitLog.GroupCommitService, FlushRealTimeService).
 *
 * Many who wait come again together once they are answered, but one turn of the event loop after
 * the other: a sync for the first of them would let the others wait for two. So a sync that has
 * less to do than the last one waits for more, as long as more comes.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { KIB, MIB, PAGE_BYTES } from '../engine/base/units.ts'
import { nodeFileSystem } from '../engine/file/node-file-system.ts'
import { storeLayout } from '../engine/file/store-layout.ts'
import { LogFlusher } from '../engine/log/log-flusher.ts'
import { DurableMarkWriter } from '../engine/store/durable-mark.ts'
import type { FromWorker, WorkerSetup } from './messages.ts'
import { SharedState, StopStage } from './shared-state.ts'
import { reportFailure } from './worker-failure.ts'

const setup: WorkerSetup = workerData
const port = parentPort
if (port === null) throw new Error('the flush worker runs in a thread of its own')
const state = new SharedState(setup.state)
const { config, segmentBytes } = setup
const files = nodeFileSystem()
const mark = new DurableMarkWriter(files, storeLayout(setup.directory), {
  durableOffset: setup.endOffset,
  segmentBytes,
})
const flusher = new LogFlusher(
  files,
  { segmentBytes, flushedOffset: setup.endOffset },
  (segmentStart) => state.segmentFd(segmentStart / segmentBytes),
)

function post(message: FromWorker): void {
  port?.postMessage(message)
}

function run(): void {
  let lastFlushMs = Date.now()
  let last = { bytes: 0, wishes: 0 }
  let wishesSeen = 0
  let toldOffset = setup.endOffset
  for (;;) {
    const tick = state.tick('FLUSH')
    const timestampMs = state.writtenTimestampMs
    const isStopping = state.stopStage >= StopStage.FLUSH
    const isWanted = state.flushWantedOffset > flusher.flushedOffset
    const writtenOffset = isWanted && !isStopping ? awaitGroup(last) : state.writtenOffset
    const isFlushing = isWanted || isStopping || isDue(writtenOffset, lastFlushMs)
    if (isFlushing) {
      const wishes = state.flushWishes
      last = { bytes: writtenOffset - flusher.flushedOffset, wishes: wishes - wishesSeen }
      wishesSeen = wishes
      flusher.flushStep(writtenOffset)
      lastFlushMs = Date.now()
      state.publishFlushed(writtenOffset, timestampMs)
    }
    // First the offset, then who waits for it: who asks does it the other way round. Some of those
    // may have come during the flush; the others are told now all the same.
    const coveredOffset = Math.min(state.flushWantedOffset, flusher.flushedOffset)
    if (coveredOffset > toldOffset) {
      toldOffset = coveredOffset
      post({ kind: 'flushed' })
    }
    // Not before those who wait are told: a mark that is behind is only more careful.
    mark.write(flusher.flushedOffset)
    if (isStopping && state.writtenOffset === writtenOffset) return
    if (isFlushing) continue
    state.sleep('FLUSH', tick, config.flushIntervalMs)
  }
}

/**
 * Waits for about as much as the last sync had, if more than one turn of the event loop waited for
 * that. @returns how far the log is written then
 */
function awaitGroup(last: { readonly bytes: number; readonly wishes: number }): number {
  let { writtenOffset } = state
  if (last.wishes < GROUP_WISHES_MIN || last.bytes < GROUP_BYTES_MIN) return writtenOffset
  const groupOffset = flusher.flushedOffset + Math.min(last.bytes, GROUP_BYTES_MAX)
  const endMs = performance.now() + GROUP_WAIT_MS
  while (writtenOffset < groupOffset && performance.now() < endMs) {
    Atomics.wait(nobody, 0, 0, GROUP_LOOK_MS)
    if (state.writtenOffset === writtenOffset) break
    writtenOffset = state.writtenOffset
  }
  return writtenOffset
}

function isDue(writtenOffset: number, lastFlushMs: number): boolean {
  const unflushedBytes = writtenOffset - flusher.flushedOffset
  if (unflushedBytes === 0) return false
  const sinceMs = Date.now() - lastFlushMs
  if (unflushedBytes >= EARLY_BYTES) return true
  if (sinceMs >= config.flushThoroughIntervalMs) return true
  return (
    sinceMs >= config.flushIntervalMs && unflushedBytes >= config.flushPageCountMin * PAGE_BYTES
  )
}

/** One who waits alone has the next wish only when this one is granted. */
const GROUP_WISHES_MIN = 2
/** A sync of less than the first is for few, one of the second has no use for more. */
const GROUP_BYTES_MIN = 32 * KIB
const GROUP_BYTES_MAX = 256 * KIB
/** How long a sync waits for its group, and how often it looks whether that still grows. */
const GROUP_WAIT_MS = 0.6
const GROUP_LOOK_MS = 0.1
/** Nobody wakes who waits on this. */
const nobody = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))

/** Flushed at once, so that the kernel's limit of dirty pages never stalls the writer. */
const EARLY_BYTES = 64 * MIB

post({ kind: 'ready' })
try {
  run()
  mark.close()
} catch (error) {
  reportFailure(port, 'flush', error)
}
port.close()
