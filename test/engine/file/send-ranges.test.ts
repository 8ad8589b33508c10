/**
 * Goal: ranges of any memory reach a socket in order, as many as it takes and no more, and a socket
 * that is gone takes none.
 * Method: real connections, with a peer that reads only when it is told to.
 */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { expect, it } from 'vitest'
import { sendRanges } from '../../../engine/file/posix.ts'
import { descriptorOf } from '../../../net/remoting/socket-handle.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'
import { until } from '../../helpers/until.ts'

class Pair implements AsyncDisposable {
  readonly sender: Socket
  readonly peer: Socket
  #received: Buffer[] = []

  private constructor(sender: Socket, peer: Socket) {
    this.sender = sender
    this.peer = peer
    peer.on('data', (bytes) => this.#received.push(bytes))
    peer.pause()
    sender.on('error', () => undefined)
  }

  static async connect(): Promise<Pair> {
    const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    const peer = connect(address.port, '127.0.0.1')
    const [sender] = (await once(server, 'connection')) as [Socket]
    server.close()
    return new Pair(sender, peer)
  }

  get received(): Buffer {
    return Buffer.concat(this.#received)
  }

  get receivedBytes(): number {
    return this.#received.reduce((sum, { length }) => sum + length, 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.sender.destroy()
    this.peer.destroy()
    await until(() => this.sender.closed && this.peer.closed)
  }
}

function rangesOf(parts: readonly (readonly [Buffer, number, number])[]): {
  count: number
  buffers: Buffer[]
  starts: number[]
  lengths: number[]
} {
  return {
    count: parts.length,
    buffers: parts.map(([buffer]) => buffer),
    starts: parts.map(([, start]) => start),
    lengths: parts.map(([, , length]) => length),
  }
}

it.each([1, 1023, 1024, 1025, 5000])('%i ranges arrive in order (seeded)', async (count) => {
  await using pair = await Pair.connect()
  pair.peer.resume()
  const random = new SeededRandom(count)
  const shared = Buffer.from(new SharedArrayBuffer(100_000))
  random.bytes(shared.length).copy(shared)
  const own = random.bytes(50_000)
  const parts = Array.from({ length: count }, () => {
    const buffer = random.pick([shared, own])
    const start = random.below(buffer.length)
    return [buffer, start, random.below(Math.min(200, buffer.length - start))] as const
  })
  const expected = Buffer.concat(parts.map(([buffer, at, n]) => buffer.subarray(at, at + n)))
  expect(sendRanges(descriptorOf(pair.sender), rangesOf(parts))).toBe(expected.length)
  await until(() => pair.receivedBytes === expected.length)
  expect(pair.received.equals(expected), `seed ${count}`).toBe(true)
})

it('a socket that is full takes a part, then nothing, then goes on', async () => {
  await using pair = await Pair.connect()
  const random = new SeededRandom(7)
  const bytes = random.bytes(60_000)
  const parts = Array.from({ length: 1500 }, (_, index) => [bytes, index, 50_000] as const)
  const wanted = 1500 * 50_000
  const fd = descriptorOf(pair.sender)
  const taken = sendRanges(fd, rangesOf(parts))
  expect(taken).toBeGreaterThan(0)
  expect(taken).toBeLessThan(wanted)
  expect(sendRanges(fd, rangesOf(parts))).toBe(0)
  pair.peer.resume()
  await until(() => pair.receivedBytes === taken)
  expect(sendRanges(fd, rangesOf([[bytes, 0, 10]]))).toBe(10)
  await until(() => pair.receivedBytes === taken + 10)
  const expected = Buffer.concat(parts.map(([, at, n]) => bytes.subarray(at, at + n)))
  const { received } = pair
  expect(received.subarray(0, taken).equals(expected.subarray(0, taken))).toBe(true)
  expect(received.subarray(taken).equals(bytes.subarray(0, 10))).toBe(true)
})

it('a socket whose peer is gone takes nothing, and neither does none', async () => {
  await using pair = await Pair.connect()
  const fd = descriptorOf(pair.sender)
  const ranges = rangesOf([[Buffer.alloc(100), 0, 100]])
  pair.peer.resetAndDestroy()
  await until(() => sendRanges(fd, ranges) === 0)
  expect(sendRanges(fd, ranges)).toBe(0)
  pair.sender.destroy()
  expect(descriptorOf(pair.sender)).toBe(-1)
  expect(sendRanges(-1, ranges)).toBe(0)
})

it('a range outside its buffer is refused', async () => {
  await using pair = await Pair.connect()
  const fd = descriptorOf(pair.sender)
  const bytes = Buffer.alloc(100)
  expect(() => sendRanges(fd, rangesOf([[bytes, 90, 11]]))).toThrow('range to send')
  expect(() => sendRanges(fd, rangesOf([[bytes, -1, 2]]))).toThrow('range to send')
})
