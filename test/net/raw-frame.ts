import { readFileSync } from 'node:fs'
import type { RawFrame } from '../../net/remoting/frame-splitter.ts'
import { FrameSplitter } from '../../net/remoting/frame-splitter.ts'

const FIXTURES = new URL('../../../test/fixtures/frames/', import.meta.url)
const FRAME_BYTES_MAX = 0x100_0000

/** The positions of the one frame that `bytes` are; undefined when they are no frame. */
export function rawFrameOf(bytes: Buffer): RawFrame | undefined {
  const frames: RawFrame[] = []
  const onFrame = (frame: RawFrame): boolean => frames.push({ ...frame }) > 0
  new FrameSplitter({ onFrame }, FRAME_BYTES_MAX).feed(bytes, bytes.length)
  const [frame] = frames
  return frame?.bodyEnd === bytes.length ? frame : undefined
}

/** Bytes that RocketMQ wrote, see test/fixtures/frames/README.md. */
export function fixtureBytes(name: string): Buffer {
  return readFileSync(new URL(name, FIXTURES))
}
