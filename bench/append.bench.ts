/** What an append costs the event loop: encode, checksum, and its share of the turn's one write. */
import { KIB } from '../engine/base/units.ts'
import { recordBytes } from '../engine/format/record-encoder.ts'
import { sampleSource } from './sample-frames.ts'
import { ScratchStore } from './scratch-store.ts'
import type { BenchSuite, BenchTask } from './suite.ts'

const BODY_SIZES = [128, KIB] as const
const TURN_COUNTS = [1, 16, 256] as const

export const appends: BenchSuite = {
  name: 'append, async flush',
  open: () => {
    const scratch = new ScratchStore()
    return {
      tasks: BODY_SIZES.flatMap((bodyBytes) =>
        TURN_COUNTS.map((turnCount) => appending(scratch, bodyBytes, turnCount)),
      ),
      close: () => scratch.close(),
    }
  },
}

function appending(scratch: ScratchStore, bodyBytes: number, turnCount: number): BenchTask {
  const source = sampleSource(bodyBytes)
  return {
    name: `${bodyBytes} B body, ${turnCount} a turn`,
    unitCount: turnCount,
    bytes: turnCount * recordBytes(source),
    prepare: () => scratch.makeRoom(),
    run: () => scratch.appendTurn(source, turnCount),
  }
}
