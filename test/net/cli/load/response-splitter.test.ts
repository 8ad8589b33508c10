/**
 * Goal: headers are found and bodies skipped, however the bytes are cut.
 * Method: one stream of responses with bodies of many lengths, fed in pieces of every size.
 */
import { expect, test } from 'vitest'
import { ResponseSplitter } from '../../../../net/cli/load/response-splitter.ts'
import { encodeFrame } from '../../../../net/remoting/command-codec.ts'
import { createRequest, createResponse } from '../../../../net/remoting/remoting-command.ts'

const RECEIVE_BUFFER_BYTES = 64

function responseFrame(opaque: number, bodyBytes: number): Buffer {
  const request = { ...createRequest(11), opaque }
  // A body that looks like frames must not be taken for some.
  return encodeFrame(createResponse(request, 0, { body: Buffer.alloc(bodyBytes) }))
}

const BODY_BYTES = [0, 1, 7, 8, 200, 0, 0, 5000, 3]
const frames = BODY_BYTES.map((bodyBytes, index) => responseFrame(index, bodyBytes))
const stream = Buffer.concat(frames)

function headersIn(pieces: Iterable<Buffer>): { opaque: number; bodyBytes: number }[] {
  const headers: { opaque: number; bodyBytes: number }[] = []
  const splitter = new ResponseSplitter((buffer, start, end, bodyBytes) => {
    const { opaque } = JSON.parse(buffer.toString('utf8', start, end)) as { opaque: number }
    headers.push({ opaque, bodyBytes })
  })
  const received = Buffer.alloc(stream.length + RECEIVE_BUFFER_BYTES)
  for (const piece of pieces) {
    // The receive buffer is longer than what was received, and holds rests of earlier reads.
    received.fill(0xff)
    piece.copy(received)
    splitter.feed(received, piece.length)
  }
  return headers
}

function* cut(bytes: Buffer, pieceBytes: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}

const expected = BODY_BYTES.map((bodyBytes, opaque) => ({ opaque, bodyBytes }))

test.each([1, 2, 3, 5, 8, 13, 50, 100, 1000, stream.length])('pieces of %d bytes', (pieceBytes) => {
  expect(headersIn(cut(stream, pieceBytes))).toEqual(expected)
})

test('a cut at every place', () => {
  const two = Buffer.concat([responseFrame(1, 10), responseFrame(2, 0)])
  for (let at = 0; at <= two.length; at++) {
    const headers = headersIn([two.subarray(0, at), two.subarray(at)])
    expect(headers, `cut at ${at}`).toEqual([
      { opaque: 1, bodyBytes: 10 },
      { opaque: 2, bodyBytes: 0 },
    ])
  }
})

test('a header that is longer than its frame ends the connection', () => {
  const splitter = new ResponseSplitter(() => undefined)
  const bytes = Buffer.from([0, 0, 0, 10, 0, 0, 0, 100])
  expect(() => splitter.feed(bytes, bytes.length)).toThrowError(
    expect.objectContaining({ code: 'REMOTING_FRAME_INVALID' }),
  )
})

test('a header without end is not waited for', () => {
  const splitter = new ResponseSplitter(() => undefined)
  const bytes = Buffer.from([0x7f, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0xff])
  expect(() => splitter.feed(bytes, bytes.length)).toThrowError(
    expect.objectContaining({ code: 'REMOTING_FRAME_INVALID' }),
  )
})
