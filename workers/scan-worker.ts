/** Entry of the threads that scan a log, segment by segment. Each ends by itself. */
import { parentPort, workerData } from 'node:worker_threads'
import { MIB } from '../engine/base/units.ts'
import { nodeFileSystem } from '../engine/file/node-file-system.ts'
import { scanRun } from '../engine/log/log-run.ts'
import { LogScanner } from '../engine/log/log-scanner.ts'
import { ScannedQueues } from '../engine/log/scanned-queues.ts'
import type { ScanAnswer, ScanSetup } from './scan-log.ts'
import { WalkWord } from './thread-pace.ts'

const setup: ScanSetup = workerData
const words = new Int32Array(setup.words)
const scanner = new LogScanner(nodeFileSystem(), setup, { checkCrc: true })

/** Counts what was passed as it goes. */
class CountedQueues extends ScannedQueues {
  #uncountedBytes = 0

  override see(from: LogScanner, physicalOffset: number): void {
    super.see(from, physicalOffset)
    this.#uncountedBytes += from.view.totalBytes
    if (this.#uncountedBytes < MIB) return
    const mebibytes = Math.floor(this.#uncountedBytes / MIB)
    Atomics.add(words, WalkWord.DONE_MEBIBYTES, mebibytes)
    this.#uncountedBytes -= mebibytes * MIB
  }
}

function scan(startOffset: number): ScanAnswer {
  const queues = new CountedQueues()
  const run = scanRun(scanner, startOffset, setup.limit, queues)
  return { startOffset, run: { ...run, queues: [...queues] } }
}

for (;;) {
  const startOffset = setup.jobs[Atomics.add(words, WalkWord.NEXT_JOB, 1)]
  if (startOffset === undefined) break
  parentPort?.postMessage(scan(startOffset))
}
scanner.close()
