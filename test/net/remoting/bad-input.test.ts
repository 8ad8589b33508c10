/**
 * Goal: whatever bytes a peer sends, it gets an error code or loses its connection; memory stays
 * bounded and a well-behaved peer beside it is served all the time.
 * Method: random and truncated frames, lying length words and other protocols against a server.
 */

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openFilesMax } from '../../../engine/base/open-files-limit.ts'
import { encodeFrame } from '../../../net/remoting/command-codec.ts'
import { FRAME_PREFIX_BYTES } from '../../../net/remoting/frame-format.ts'
import type { RemotingCommand } from '../../../net/remoting/remoting-command.ts'
import { createRequest, createResponse } from '../../../net/remoting/remoting-command.ts'
import type { RemotingServerOptions } from '../../../net/remoting/remoting-options.ts'
import { SERVER_DEFAULTS } from '../../../net/remoting/remoting-options.ts'
import { RemotingServer } from '../../../net/remoting/remoting-server.ts'
import type { RequestRoutes } from '../../../net/remoting/request-routes.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'
import { until } from '../../helpers/until.ts'
import { closeAfterTest } from './opened.ts'
import { RawPeer } from './raw-peer.ts'

const CODE = 500
const MIB = 1 << 20

const routes: RequestRoutes = {
  route: (code) => (code === CODE ? (request) => createResponse(request, 0) : undefined),
}

async function serve(options: RemotingServerOptions = {}): Promise<RemotingServer> {
  return closeAfterTest(await RemotingServer.listen({ closeMs: 200, ...options }, routes))
}

async function connect(server: RemotingServer): Promise<RawPeer> {
  return closeAfterTest(await RawPeer.connect(server.port))
}

function requestOf(opaque: number): RemotingCommand {
  const extFields = new Map([['topic', 'TopicTest']])
  const request = createRequest(CODE, { extFields, body: Buffer.from('body') })
  request.opaque = opaque
  return request
}

async function expectServed(good: RawPeer, opaque: number): Promise<void> {
  good.send(requestOf(opaque))
  const commands = await good.receive(opaque)
  expect(commands.at(-1)).toMatchObject({ opaque, code: 0 })
}

test.each<[string, string]>([
  ['a length word of 4 GiB', 'ffffffff'],
  ['a length word of 0', '00000000'],
  ['a header longer than its frame', '0000000a00000064'],
  ['an unknown encoding', '0000000a05000002'],
  ['an empty header', '0000000400000000'],
  ['a header that is not JSON', '0000000600000002ffff'],
  ['an empty binary header', '0000000401000000'],
  ['a TLS handshake', '160301020001000001fc0303'],
])('%s costs the connection and nothing else', async (_name, hex) => {
  const server = await serve()
  const [good, bad] = [await connect(server), await connect(server)]
  await expectServed(good, 1)
  bad.socket.write(Buffer.from(hex, 'hex'))
  await bad.whenClosed()
  expect(bad.commands).toEqual([])
  await expectServed(good, 2)
  expect(server.connections.size).toBe(1)
})

test.each([1, 2, 3])('random bytes and damaged frames (seed %i)', async (seed) => {
  const random = new SeededRandom(seed)
  const server = await serve()
  const good = await connect(server)
  const whole = encodeFrame(requestOf(1))
  for (let round = 1; round <= 60; round += 1) {
    const bad = await RawPeer.connect(server.port)
    if (random.below(3) === 0) {
      bad.socket.write(random.bytes(1 + random.below(200)))
    } else {
      const bytes = Buffer.concat([whole, whole])
      for (let left = 1 + random.below(4); left > 0; left -= 1) {
        bytes[random.below(bytes.length)] = random.below(256)
      }
      bad.socket.write(bytes.subarray(0, random.below(bytes.length + 1)))
    }
    await expectServed(good, round)
    await bad.close()
  }
  await until(() => server.connections.size === 1)
  expect(server.keptBytes, `seed ${seed}`).toBe(0)
})

test('a peer that leaves in the middle of a frame leaves nothing behind', async () => {
  const server = await serve()
  const frame = encodeFrame(createRequest(CODE, { body: Buffer.alloc(50_000) }))
  for (const length of [1, 3, 4, 7, 8, 9, 100, 1000, 49_000]) {
    const bad = await RawPeer.connect(server.port)
    bad.socket.write(frame.subarray(0, length))
    await until(() => server.keptBytes >= Math.min(length, 1024))
    await bad.close()
    await until(() => server.connections.size === 0)
    expect(server.keptBytes).toBe(0)
  }
})

test('many announced frames cost what arrived, not what was announced', async () => {
  const server = await serve()
  const announcement = encodeFrame(createRequest(CODE, { body: Buffer.alloc(15 * MIB) }))
  const peers: RawPeer[] = []
  for (let count = 0; count < 20; count += 1) {
    const bad = await connect(server)
    peers.push(bad)
    bad.socket.write(announcement.subarray(0, 100))
  }
  await until(() => server.keptBytes > 0)
  await expectServed(await connect(server), 1)
  expect(server.keptBytes).toBeLessThanOrEqual(peers.length * 1024)
})

test('unfinished frames beyond the bound cost the connection that passes it', async () => {
  const server = await serve({ keptBytesMax: 4 * MIB })
  const frame = encodeFrame(createRequest(CODE, { body: Buffer.alloc(8 * MIB) }))
  const good = await connect(server)
  const bad = await connect(server)
  bad.socket.write(frame.subarray(0, 6 * MIB))
  await bad.whenClosed()
  expect(server.keptBytes).toBeLessThanOrEqual(4 * MIB)
  await expectServed(good, 1)
})

test('deeply nested JSON in a header is refused or read, and costs no one else', async () => {
  const server = await serve()
  const good = await connect(server)
  const bad = await connect(server)
  const header = Buffer.from(`{"code":9,"x":${'['.repeat(200_000)}`)
  const words = Buffer.alloc(8)
  words.writeInt32BE(4 + header.length, 0)
  words.writeInt32BE(header.length, 4)
  bad.socket.write(Buffer.concat([words, header]))
  await bad.whenClosed()
  await expectServed(good, 1)
})

test('a frame that never ends is ended, however steadily its bytes come', async () => {
  const lines: string[] = []
  const note = (line: string): void => void lines.push(line)
  const logger = { info: note, warn: note, error: note }
  const server = await serve({ idleMs: 250, logger })
  const [slow, bad] = [await connect(server), await connect(server)]
  const frame = encodeFrame(requestOf(1))
  bad.socket.write(frame.subarray(0, FRAME_PREFIX_BYTES))
  let at = 0
  const timer = setInterval(() => {
    // One of them comes to an end again and again, the other never in its time.
    slow.socket.write(frame.subarray(at, at + 30))
    bad.socket.write(Buffer.of(0x20))
    at = at + 30 < frame.length ? at + 30 : 0
  }, 10)
  try {
    await bad.whenClosed()
  } finally {
    clearInterval(timer)
  }
  expect(slow.isClosed).toBe(false)
  expect(slow.commands.length).toBeGreaterThan(0)
  expect(lines).toEqual([
    expect.stringMatching(/ended: a frame of \d+ bytes and more is unfinished/),
  ])
})

test('connections without end leave the process files for its own', async () => {
  const { connectionCountMax } = SERVER_DEFAULTS
  expect(connectionCountMax).toBe(openFilesMax('connections'))
  const own = openFilesMax('queue-writers') + openFilesMax('queue-readers')
  const limit = Number(
    /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1],
  )
  expect(own + 3 * connectionCountMax).toBeLessThan(limit)
})
