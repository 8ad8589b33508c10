/**
 * Goal: frames come out whole, in order and once, however the bytes come in; bytes that cannot be
 * a frame end the stream; a length word alone costs no memory.
 * Method: the same stream is fed whole, byte by byte, cut at every position and in random pieces,
 * from one buffer that is overwritten after each call, with frames held at random.
 */
import { expect, test } from 'vitest'
import { encodeFrame } from '../../../net/remoting/command-codec.ts'
import type { FrameSink, RawFrame } from '../../../net/remoting/frame-splitter.ts'
import { FrameSplitter } from '../../../net/remoting/frame-splitter.ts'
import type { SerializeType } from '../../../net/remoting/remoting-command.ts'
import { createRequest } from '../../../net/remoting/remoting-command.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'

const FRAME_BYTES_MAX = 1 << 20
const MIB = 1 << 20

function frameOf(code: number, bodyBytes: number, type: SerializeType = 'JSON'): Buffer {
  return encodeFrame(createRequest(code, { body: Buffer.alloc(bodyBytes, code) }, type))
}

const FRAMES = [
  frameOf(1, 0),
  frameOf(2, 1, 'ROCKETMQ'),
  frameOf(3, 300),
  frameOf(4, 0, 'ROCKETMQ'),
  frameOf(5, 20),
]
const STREAM = Buffer.concat(FRAMES)

/** Keeps copies of what it is given, and holds a frame when `holds` says so. */
class Collector implements FrameSink {
  readonly frames: Buffer[] = []
  headersFit = true
  holds: () => boolean = () => false

  onFrame(frame: RawFrame): boolean {
    if (this.holds()) return false
    const { buffer, frameStart, headerStart, headerEnd, bodyEnd } = frame
    this.headersFit &&=
      headerStart === frameStart + 8 &&
      headerEnd === headerStart + (buffer.readUInt32BE(frameStart + 4) & 0xff_ffff)
    this.frames.push(Buffer.from(buffer.subarray(frameStart, bodyEnd)))
    return true
  }
}

/** Feeds pieces through one buffer, which is overwritten after each call. */
function feed(splitter: FrameSplitter, pieces: readonly Buffer[]): void {
  const received = Buffer.alloc(Math.max(...pieces.map((piece) => piece.length)))
  for (const piece of pieces) {
    piece.copy(received)
    splitter.feed(received, piece.length)
    received.fill(0xff)
  }
}

test('a stream in one piece', () => {
  const sink = new Collector()
  const splitter = new FrameSplitter(sink, FRAME_BYTES_MAX)
  feed(splitter, [STREAM])
  expect(sink.frames).toEqual(FRAMES)
  expect(sink.headersFit).toBe(true)
  expect(splitter.keptCapacityBytes).toBe(0)
})

test('a stream byte by byte', () => {
  const sink = new Collector()
  const bytes = Array.from({ length: STREAM.length }, (_, at) => STREAM.subarray(at, at + 1))
  feed(new FrameSplitter(sink, FRAME_BYTES_MAX), bytes)
  expect(sink.frames).toEqual(FRAMES)
})

test('a stream cut at every position', () => {
  for (let cut = 1; cut < STREAM.length; cut += 1) {
    const sink = new Collector()
    const pieces = [STREAM.subarray(0, cut), STREAM.subarray(cut)]
    feed(new FrameSplitter(sink, FRAME_BYTES_MAX), pieces)
    expect(sink.frames, `cut at ${cut}`).toEqual(FRAMES)
  }
})

test('a frame with any of its last bytes missing does not come out', () => {
  for (const frame of FRAMES) {
    for (let length = 0; length < frame.length; length += 1) {
      const sink = new Collector()
      feed(new FrameSplitter(sink, FRAME_BYTES_MAX), [FRAMES[0]!, frame.subarray(0, length)])
      expect(sink.frames, `${length} of ${frame.length}`).toEqual([FRAMES[0]])
    }
  }
})

test.each([1, 2, 3, 4, 5])('random pieces with frames held at random (seed %i)', (seed) => {
  const random = new SeededRandom(seed)
  for (let round = 0; round < 200; round += 1) {
    const sink = new Collector()
    sink.holds = () => random.below(3) === 0
    const splitter = new FrameSplitter(sink, FRAME_BYTES_MAX)
    for (let at = 0; at < STREAM.length; ) {
      const next = at + 1 + random.below(random.pick([2, 40, STREAM.length]))
      feed(splitter, [STREAM.subarray(at, next)])
      at = next
      if (random.below(2) === 0) splitter.retry()
    }
    for (let tries = 0; splitter.held && tries < 100; tries += 1) splitter.retry()
    expect(sink.frames, `seed ${seed}, round ${round}`).toEqual(FRAMES)
  }
})

test('a held frame is offered again, and what is behind it waits', () => {
  const sink = new Collector()
  const splitter = new FrameSplitter(sink, FRAME_BYTES_MAX)
  sink.holds = () => sink.frames.length === 2
  feed(splitter, [STREAM])
  expect(sink.frames).toEqual(FRAMES.slice(0, 2))
  expect(splitter.held).toBe(true)
  splitter.retry()
  expect(sink.frames).toEqual(FRAMES.slice(0, 2))
  feed(splitter, [STREAM])
  sink.holds = () => false
  splitter.retry()
  expect(sink.frames).toEqual([...FRAMES, ...FRAMES])
  expect(splitter.held).toBe(false)
})

test('retry without a held frame does nothing', () => {
  const sink = new Collector()
  const splitter = new FrameSplitter(sink, FRAME_BYTES_MAX)
  feed(splitter, [STREAM.subarray(0, 3)])
  splitter.retry()
  feed(splitter, [STREAM.subarray(3)])
  expect(sink.frames).toEqual(FRAMES)
})

test('a length word alone costs no memory, and memory follows what arrives', () => {
  const splitter = new FrameSplitter(new Collector(), 16 * MIB)
  const frame = frameOf(1, 8 * MIB)
  const piece = 64 * 1024
  for (let at = 0; at + piece < frame.length; at += piece) {
    feed(splitter, [frame.subarray(at, at + piece)])
    const arrived = at + piece
    expect(splitter.keptCapacityBytes).toBeLessThanOrEqual(Math.max(2 * arrived, 1024))
  }
  feed(splitter, [frame.subarray(frame.length - (frame.length % piece || piece))])
  expect(splitter.keptCapacityBytes).toBe(0)
})

const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

test.each<[string, Buffer, string]>([
  ['a length word of 4 GiB', word(0xffff_ffff), 'REMOTING_FRAME_TOO_LARGE'],
  ['a negative length word', word(0x8000_0000), 'REMOTING_FRAME_TOO_LARGE'],
  ['a frame of one byte too many', word(FRAME_BYTES_MAX - 3), 'REMOTING_FRAME_TOO_LARGE'],
  ['a length word of 0', word(0), 'REMOTING_FRAME_INVALID'],
  ['a length word of 3', word(3), 'REMOTING_FRAME_INVALID'],
  ['a header longer than its frame', Buffer.concat([word(10), word(7)]), 'REMOTING_FRAME_INVALID'],
  ['an unknown encoding', Buffer.concat([word(10), word(0x0200_0001)]), 'REMOTING_FRAME_INVALID'],
  ['a TLS handshake', Buffer.from('160301', 'hex'), 'REMOTING_TLS_UNSUPPORTED'],
  ['text', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'REMOTING_FRAME_TOO_LARGE'],
])('%s ends the stream', (_name, bytes, code) => {
  const behind = [FRAMES[0]!, bytes, Buffer.alloc(64)]
  const refused = expect.objectContaining({ code })
  const whole = new FrameSplitter(new Collector(), FRAME_BYTES_MAX)
  expect(() => feed(whole, [Buffer.concat(behind)])).toThrow(refused)
  const single = new FrameSplitter(new Collector(), FRAME_BYTES_MAX)
  const singles = [...Buffer.concat(behind)].map((byte) => Buffer.of(byte))
  expect(() => feed(single, singles)).toThrow(refused)
})

test('the largest frame that is accepted comes out', () => {
  const sink = new Collector()
  const frame = frameOf(1, FRAME_BYTES_MAX - frameOf(1, 0).length)
  expect(frame.length).toBe(FRAME_BYTES_MAX)
  feed(new FrameSplitter(sink, FRAME_BYTES_MAX), [frame])
  expect(sink.frames).toHaveLength(1)
  expect(sink.frames[0]?.equals(frame)).toBe(true)
})

test.each([1, 2, 3])('random bytes are frames or an error with a code (seed %i)', (seed) => {
  const random = new SeededRandom(seed)
  for (let round = 0; round < 500; round += 1) {
    const splitter = new FrameSplitter(new Collector(), FRAME_BYTES_MAX)
    const bytes = Buffer.concat([word(random.below(40)), random.bytes(random.below(60))])
    if (random.below(2) === 0 && bytes.length > 4) bytes[4] = 0
    if (random.below(2) === 0 && bytes.length > 6) bytes.fill(0, 5, 7)
    try {
      feed(splitter, [bytes])
    } catch (error) {
      expect(error, `seed ${seed}, round ${round}`).toMatchObject({
        code: expect.stringMatching(/^REMOTING_/),
      })
    }
  }
})
