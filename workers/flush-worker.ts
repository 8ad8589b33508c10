/**
 * Entry of the flush thread. While somebody waits, it syncs again and again, each time for everyone
 * who has come meanwhile; otherwise by pages and by time, as RocketMQ's settings say
 * (CommitLog.GroupCommitService, FlushRealTimeService).
 */
import { parentPort, workerData } from 'node:worker_threads'
import { MIB, PAGE_BYTES } from '../engine/base/units.ts'
import { nodeFileSystem } from '../engine/file/node-file-system.ts'
import { storeLayout } from '../engine/file/store-layout.ts'
import { LogFlusher } from '../engine/log/log-flusher.ts'
import { DurableMarkWriter } from '../engine/store/durable-mark.ts'
import { FlushGroup } from './flush-group.ts'
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
  const group = new FlushGroup(state)
  let toldOffset = setup.endOffset
  for (;;) {
    const tick = state.tick('FLUSH')
    const timestampMs = state.writtenTimestampMs
    const isStopping = state.stopStage >= StopStage.FLUSH
    const isWanted = state.flushWantedOffset > flusher.flushedOffset
    const isGroupAwaited = isWanted && !isStopping
    const writtenOffset = isGroupAwaited ? group.await(flusher.flushedOffset) : state.writtenOffset
    const isFlushing = isWanted || isStopping || isDue(writtenOffset, lastFlushMs)
    if (isFlushing) {
      group.take(writtenOffset - flusher.flushedOffset)
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
