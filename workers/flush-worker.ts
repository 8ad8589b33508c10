/**
 * Entry of the flush thread: group commit. While somebody waits, it syncs at once, again and again,
 * each time for everyone who has come meanwhile; otherwise by pages and by time, as RocketMQ's
 * settings say (CommitLog.GroupCommitService, FlushRealTimeService).
 */
import { parentPort, workerData } from 'node:worker_threads'
import { PAGE_BYTES } from '../engine/base/units.ts'
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
  let toldOffset = setup.endOffset
  for (;;) {
    const tick = state.tick('FLUSH')
    const timestampMs = state.writtenTimestampMs
    const writtenOffset = state.writtenOffset
    const isStopping = state.stopStage >= StopStage.FLUSH
    const isWanted = state.flushWantedOffset > flusher.flushedOffset
    const isFlushing = isWanted || isStopping || isDue(writtenOffset, lastFlushMs)
    if (isFlushing) {
      flusher.flushStep(writtenOffset)
      lastFlushMs = Date.now()
      state.publishFlushed(writtenOffset, timestampMs)
    }
    // First the offset, then who waits for it: who asks does it the other way round. It may have
    // come during a flush that began for another reason.
    const wantedOffset = state.flushWantedOffset
    if (wantedOffset > toldOffset && wantedOffset <= flusher.flushedOffset) {
      toldOffset = wantedOffset
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
const EARLY_BYTES = 64 * 1024 * 1024

post({ kind: 'ready' })
try {
  run()
  mark.close()
} catch (error) {
  reportFailure(port, 'flush', error)
}
port.close()
