/** What it costs to read a request's header: generic, and by the scanners of the hot commands. */
import { KIB } from '../engine/base/units.ts'
import { LinearMemory } from '../engine/format/linear-memory.ts'
import { decodeHeader } from '../net/protocol/header-table.ts'
import { PullMessageRequestHeader } from '../net/protocol/pull-message.ts'
import { PullRequestView, scanPullRequest } from '../net/protocol/pull-message-scanner.ts'
import { SendLayouts } from '../net/protocol/send-layouts.ts'
import { SendMessageRequestHeaderV2 } from '../net/protocol/send-message.ts'
import { SendRequestView, scanSendRequest } from '../net/protocol/send-message-scanner.ts'
import { decodeFrame, encodeFrame } from '../net/remoting/command-codec.ts'
import type { RawFrame } from '../net/remoting/frame-splitter.ts'
import { pullFrames, sendFrames, splitFrames } from './sample-frames.ts'
import type { BenchSuite, BenchTask } from './suite.ts'

const FRAME_COUNT = 200
const BODY_BYTES = 128
const LAYOUT_BYTES = 64 * KIB

export const headerCodecs: BenchSuite = {
  name: 'request header',
  open: () => {
    const sendBytes = sendFrames(FRAME_COUNT, BODY_BYTES)
    const memory = LinearMemory.reserve(sendBytes.length + LAYOUT_BYTES)
    const received = memory?.allot(sendBytes.length) ?? Buffer.alloc(sendBytes.length)
    received.set(sendBytes)
    const sends = splitFrames(received)
    const pulls = splitFrames(pullFrames(FRAME_COUNT))
    const binarySends = sends.flatMap(inBinary)
    const sendView = new SendRequestView()
    const sendLayouts = new SendLayouts<never>(memory)
    const pullView = new PullRequestView()
    return {
      tasks: [
        overFrames('send, JSON, by layout', sends, (frame) => sendLayouts.scan(frame, sendView)),
        overFrames('send, JSON, scanned', sends, (frame) => scanSendRequest(frame, sendView)),
        overFrames('send, JSON, generic', sends, (frame) => {
          return (
            decodeHeader(SendMessageRequestHeaderV2, decodeFrame(frame).extFields) !== undefined
          )
        }),
        overFrames('send, binary, scanned', binarySends, (frame) => {
          return scanSendRequest(frame, sendView)
        }),
        overFrames('send, binary, generic', binarySends, (frame) => {
          return (
            decodeHeader(SendMessageRequestHeaderV2, decodeFrame(frame).extFields) !== undefined
          )
        }),
        overFrames('pull, JSON, scanned', pulls, (frame) => scanPullRequest(frame, pullView)),
        overFrames('pull, JSON, generic', pulls, (frame) => {
          return decodeHeader(PullMessageRequestHeader, decodeFrame(frame).extFields) !== undefined
        }),
      ],
    }
  },
}

function overFrames(
  name: string,
  frames: readonly RawFrame[],
  read: (frame: RawFrame) => boolean,
): BenchTask {
  return {
    name,
    unitCount: frames.length,
    run: () => {
      for (const frame of frames) if (!read(frame)) throw new Error('a frame was not read')
    },
  }
}

function inBinary(frame: RawFrame): RawFrame[] {
  return splitFrames(encodeFrame({ ...decodeFrame(frame), serializeType: 'ROCKETMQ' }))
}
