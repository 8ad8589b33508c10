/**
 * Goal: peers that stop reading cannot fill the memory together: over the bound for all, each of
 * them is read no further and the largest are ended, by name; who reads goes on meanwhile.
 * Method: a server with a small bound for all, peers that stop, and one that reads.
 */
import { expect, test } from 'vitest'
import type { RemotingCommand } from '../../../net/remoting/remoting-command.ts'
import { createRequest, createResponse } from '../../../net/remoting/remoting-command.ts'
import { RemotingServer } from '../../../net/remoting/remoting-server.ts'
import { until } from '../../helpers/until.ts'
import { closeAfterTest } from './opened.ts'
import { RawPeer } from './raw-peer.ts'

const CODE = 500
const MIB = 1 << 20
const TOTAL_MAX = 24 * MIB
const HIGH = 8 * MIB
const ANSWER_BYTES = MIB
/** What the system's own buffers between two sockets take. */
const SYSTEM_BYTES = 12 * MIB
const STOPPED = 6

function requestOf(opaque: number): RemotingCommand {
  const request = createRequest(CODE)
  request.opaque = opaque
  return request
}

test('peers that take nothing are bounded together, and the largest are ended', async () => {
  const lines: string[] = []
  const note = (line: string): void => void lines.push(line)
  const body = Buffer.alloc(ANSWER_BYTES, 'r')
  const server = closeAfterTest(
    await RemotingServer.listen(
      {
        closeMs: 200,
        outputBytesHigh: HIGH,
        outputBytesTotalMax: TOTAL_MAX,
        // Sweeps come often; nobody is ended for this alone.
        idleMs: 400,
        outputStallMs: 60_000,
        logger: { info: note, warn: note, error: note },
      },
      {
        route: (code) =>
          code === CODE ? (request) => createResponse(request, 0, { body }) : undefined,
        nameOf: (connection) => `client ${connection.remotePort}`,
      },
    ),
  )
  const reader = closeAfterTest(await RawPeer.connect(server.port))
  let read = 0
  let most = 0
  const stopped = await Promise.all(
    Array.from({ length: STOPPED }, () => RawPeer.connect(server.port)),
  )
  for (const peer of stopped) {
    closeAfterTest(peer)
    peer.socket.pause()
    const count = (2 * HIGH + SYSTEM_BYTES) / ANSWER_BYTES
    peer.send(...Array.from({ length: count }, (_, opaque) => requestOf(opaque)))
  }
  while (lines.length === 0 || server.unsentBytes > TOTAL_MAX) {
    reader.send(requestOf(read))
    read += 1
    await reader.receive(read)
    most = Math.max(most, server.unsentBytes)
  }
  // Each may pass the bound by the answer at hand.
  expect(most).toBeLessThan(TOTAL_MAX + STOPPED * 2 * ANSWER_BYTES + SYSTEM_BYTES)
  for (const line of lines) {
    expect(line).toMatch(/127\.0\.0\.1:(\d+) \(client \1\) is ended/)
    expect(line).toContain(`all may leave ${TOTAL_MAX} bytes unread`)
    const [, own, all] = /(\d+) bytes wait for it, (\d+) for all/.exec(line) ?? []
    expect(Number(own), line).toBeGreaterThan(0)
    expect(Number(all), line).toBeGreaterThan(TOTAL_MAX)
  }
  // Those that are left fit, and one that reads again goes on.
  await until(() => server.unsentBytes <= TOTAL_MAX)
  expect(reader.isClosed).toBe(false)
  const left = stopped.filter((peer) =>
    [...server.connections].some(({ remotePort }) => remotePort === peer.socket.localPort),
  )
  const [first] = left
  first?.socket.resume()
  // More than what waited for it when it stopped.
  await until(() => (first?.commands.length ?? 0) > HIGH / ANSWER_BYTES + 1)
})
