/** What it costs to find the frames in received bytes, cut as a socket cuts them. */
import { KIB } from '../engine/base/units.ts'
import { FrameSplitter, type RawFrame } from '../net/remoting/frame-splitter.ts'
import { sendFrames } from './sample-frames.ts'
import type { BenchSuite, BenchTask } from './suite.ts'

const FRAME_COUNT = 1000
const FRAME_BYTES_MAX = 0x100_0000

export const frameSplitting: BenchSuite = {
  name: 'frame splitting',
  open: () => ({
    tasks: [
      splitting('128 B bodies, reads of 64 KiB', 128, 64 * KIB),
      splitting('128 B bodies, reads of 1 KiB', 128, KIB),
      splitting('1 KiB bodies, reads of 64 KiB', KIB, 64 * KIB),
    ],
  }),
}

function splitting(name: string, bodyBytes: number, readBytes: number): BenchTask {
  const received = sendFrames(FRAME_COUNT, bodyBytes)
  const pieces: Buffer[] = []
  for (let at = 0; at < received.length; at += readBytes) {
    pieces.push(received.subarray(at, at + readBytes))
  }
  let count = 0
  const onFrame = (_: RawFrame): boolean => {
    count += 1
    return true
  }
  const splitter = new FrameSplitter({ onFrame }, FRAME_BYTES_MAX)
  return {
    name,
    unitCount: FRAME_COUNT,
    bytes: received.length,
    run: () => {
      count = 0
      for (const piece of pieces) splitter.feed(piece, piece.length)
      if (count !== FRAME_COUNT) throw new Error(`${count} frames were found`)
    },
  }
}
