/**
 * Goal: a connection that gives too much or takes too little is held back or ended; memory stays
 * bounded, the others are served, and nothing is lost that was held.
 * Method: a server with small bounds, and peers whose bytes the test writes and reads.
 */
import { describe, expect, test } from 'vitest'
import type { Connection } from '../../../net/remoting/connection.ts'
import type { RemotingCommand } from '../../../net/remoting/remoting-command.ts'
import { createRequest, createResponse } from '../../../net/remoting/remoting-command.ts'
import type { RemotingServerOptions } from '../../../net/remoting/remoting-options.ts'
import { RemotingServer } from '../../../net/remoting/remoting-server.ts'
import type { RequestRoutes } from '../../../net/remoting/request-routes.ts'
import { HotOutcome } from '../../../net/remoting/request-routes.ts'
import { until } from '../../helpers/until.ts'
import { closeAfterTest } from './opened.ts'
import { RawPeer } from './raw-peer.ts'

const CODE = 500
const MIB = 1 << 20

async function serve(
  routes: RequestRoutes,
  options: RemotingServerOptions,
): Promise<{ server: RemotingServer; peer: RawPeer }> {
  const server = closeAfterTest(await RemotingServer.listen({ closeMs: 200, ...options }, routes))
  return { server, peer: closeAfterTest(await RawPeer.connect(server.port)) }
}

function requestOf(opaque: number, bodyBytes = 0): RemotingCommand {
  const request = createRequest(CODE, { body: Buffer.alloc(bodyBytes, 'b') })
  request.opaque = opaque
  return request
}

async function expectServed(server: RemotingServer): Promise<void> {
  const other = closeAfterTest(await RawPeer.connect(server.port))
  other.send(createRequest(9999))
  expect(await other.receive(1)).toMatchObject([{ code: 3 }])
}

const opaquesOf = (commands: readonly RemotingCommand[]): number[] =>
  commands.map(({ opaque }) => opaque)

describe('a hot handler that holds', () => {
  /** Answers frames in place, and holds all while `gate.held`. */
  function holding(): { routes: RequestRoutes; gate: { held: boolean; seen: number } } {
    const gate = { held: false, seen: 0 }
    const routes: RequestRoutes = {
      route: (code) => (code === CODE ? (request) => createResponse(request, 0) : undefined),
      hot: () => {
        gate.seen += 1
        return gate.held ? HotOutcome.HELD : HotOutcome.DECLINED
      },
    }
    return { routes, gate }
  }

  test('keeps its frame and all behind it until it is retried', async () => {
    const { routes, gate } = holding()
    const { server, peer } = await serve(routes, {})
    gate.held = true
    peer.send(...[1, 2, 3].map((opaque) => requestOf(opaque, 40_000)))
    await until(() => gate.seen === 1)
    await expectServedWhileHeld(server, gate)
    const [connection] = server.connections
    connection!.retryHeld()
    expect(gate.seen).toBeGreaterThan(1)
    expect(peer.commands).toEqual([])
    gate.held = false
    connection!.retryHeld()
    connection!.retryHeld()
    expect(opaquesOf(await peer.receive(3))).toEqual([1, 2, 3])
    expect(server.keptBytes).toBe(0)
  })

  async function expectServedWhileHeld(
    server: RemotingServer,
    gate: { held: boolean },
  ): Promise<void> {
    gate.held = false
    await expectServed(server)
    gate.held = true
  }

  test('keeps no more than a read while the peer goes on sending', async () => {
    const { routes, gate } = holding()
    const receiveBufferBytes = 16 * 1024
    const { server, peer } = await serve(routes, { receiveBufferBytes })
    gate.held = true
    const count = 400
    peer.send(...Array.from({ length: count }, (_, opaque) => requestOf(opaque, 10_000)))
    await until(() => gate.seen > 0)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(server.keptBytes).toBeLessThanOrEqual(3 * receiveBufferBytes)
    gate.held = false
    for (const connection of server.connections) connection.retryHeld()
    expect(opaquesOf(await peer.receive(count))).toEqual(Array.from({ length: count }, (_, i) => i))
  })

  test('may be called for a connection that is gone', async () => {
    const { routes, gate } = holding()
    const { server, peer } = await serve(routes, {})
    gate.held = true
    peer.send(requestOf(1))
    await until(() => gate.seen === 1)
    const [connection] = server.connections
    await connection!.destroy(new Error('enough'))
    const { seen } = gate
    connection!.retryHeld()
    expect(gate.seen).toBe(seen)
    expect(server.keptBytes).toBe(0)
    await peer.whenClosed()
  })
})

test('a hot handler answers in place', async () => {
  const hot: NonNullable<RequestRoutes['hot']> = (frame, connection) => {
    const bytes = frame.bodyEnd - frame.frameStart
    const { buffer, at } = connection.reserve(bytes + 100)
    frame.buffer.copy(buffer, at, frame.frameStart, frame.bodyEnd)
    connection.commit(bytes)
    return HotOutcome.HANDLED
  }
  const { peer } = await serve({ route: () => undefined, hot }, {})
  const requests = Array.from({ length: 300 }, (_, opaque) => requestOf(opaque, opaque))
  peer.send(...requests)
  expect(await peer.receive(300)).toEqual(requests)
})

test('a hot handler that throws ends its own connection only', async () => {
  const lines: string[] = []
  const note = (line: string): void => void lines.push(line)
  const hot = (frame: { bodyEnd: number; headerEnd: number }): HotOutcome => {
    if (frame.bodyEnd > frame.headerEnd) throw new TypeError('a mistake of ours')
    return HotOutcome.DECLINED
  }
  const logger = { info: note, warn: note, error: note }
  const { server, peer } = await serve({ route: () => undefined, hot }, { logger })
  peer.send(requestOf(1, 5))
  await peer.whenClosed()
  expect(lines).toEqual([expect.stringContaining('a mistake of ours')])
  await expectServed(server)
})

describe('admission', () => {
  function slowRoutes(): { routes: RequestRoutes; finish: (() => void)[] } {
    const finish: (() => void)[] = []
    const routes: RequestRoutes = {
      route: (code) =>
        code === CODE
          ? (request) =>
              new Promise((resolve) => {
                finish.push(() => resolve(createResponse(request, 0)))
              })
          : undefined,
    }
    return { routes, finish }
  }

  test('a connection with too much in progress is not read until it is answered', async () => {
    const { routes, finish } = slowRoutes()
    const connectionInflightBytesMax = 100_000
    const { server, peer } = await serve(routes, { connectionInflightBytesMax })
    const count = 100
    peer.send(...Array.from({ length: count }, (_, opaque) => requestOf(opaque, 10_000)))
    await until(() => finish.length >= 9)
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(finish.length).toBeLessThanOrEqual(10)
    expect(server.inflightBytes).toBeLessThanOrEqual(connectionInflightBytesMax + 10_200)
    await expectServed(server)
    while (peer.commands.length < count) {
      for (const answer of finish.splice(0)) answer()
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(opaquesOf(peer.commands)).toEqual(Array.from({ length: count }, (_, opaque) => opaque))
    expect(server.inflightBytes).toBe(0)
  })

  test('all connections together are bounded, and each is served in the end', async () => {
    const { routes, finish } = slowRoutes()
    const inflightBytesMax = 50_000
    const { server, peer } = await serve(routes, { inflightBytesMax })
    const peers = [peer]
    for (let count = 0; count < 4; count += 1) {
      peers.push(closeAfterTest(await RawPeer.connect(server.port)))
    }
    for (const each of peers) {
      each.send(...Array.from({ length: 10 }, (_, opaque) => requestOf(opaque, 5000)))
    }
    const answered = (): boolean => peers.every(({ commands }) => commands.length === 10)
    while (!answered()) {
      expect(server.inflightBytes).toBeLessThanOrEqual(inflightBytesMax + 5200)
      for (const answer of finish.splice(0)) answer()
      await new Promise((resolve) => setImmediate(resolve))
    }
  })
})

describe('a peer that does not read', () => {
  const answerOf = (bodyBytes: number): RequestRoutes => {
    const body = Buffer.alloc(bodyBytes, 'r')
    return {
      route: (code) =>
        code === CODE ? (request) => createResponse(request, 0, { body }) : undefined,
    }
  }

  test('is read no further, and is served again when it reads', async () => {
    let handledCount = 0
    const body = Buffer.alloc(64 * 1024)
    const routes: RequestRoutes = {
      route: (code) => {
        if (code !== CODE) return undefined
        handledCount += 1
        return (request) => createResponse(request, 0, { body })
      },
    }
    const { server, peer } = await serve(routes, { outputBytesHigh: MIB })
    peer.socket.pause()
    const count = 400
    peer.send(...Array.from({ length: count }, (_, opaque) => requestOf(opaque)))
    const [connection] = await connectionsOf(server)
    await until(() => connection!.unsentBytes > MIB)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(connection!.unsentBytes).toBeLessThan(2 * MIB)
    expect(handledCount).toBeLessThan(count)
    await expectServed(server)
    peer.socket.resume()
    expect(opaquesOf(await peer.receive(count))).toEqual(Array.from({ length: count }, (_, i) => i))
    expect(connection!.unsentBytes).toBe(0)
  })

  test('is ended after the stall time', async () => {
    const { server, peer } = await serve(answerOf(8 * MIB), { outputStallMs: 80 })
    peer.socket.pause()
    peer.send(requestOf(1), requestOf(2), requestOf(3))
    const [connection] = await connectionsOf(server)
    expect(await connection!.closed).toMatchObject({ code: 'REMOTING_OUTPUT_STALLED' })
    await expectServed(server)
  })

  test('is ended when answers that come later pass the bound', async () => {
    const { server, peer } = await serve(answerOf(1), { outputBytesMax: 8 * MIB })
    peer.socket.pause()
    const [connection] = await connectionsOf(server)
    const released: boolean[] = []
    const slice = Buffer.alloc(MIB)
    for (let count = 0; count < 40; count += 1) {
      connection!.sendParts(createRequest(CODE), [slice, slice], () => released.push(true))
    }
    expect(await connection!.closed).toMatchObject({ code: 'REMOTING_OVERLOADED' })
    // Slices come back to their owner, whatever became of them.
    await until(() => released.length === 40)
    await expectServed(server)
  })
})

test('parts leave in order with their slices, which are released when sent', async () => {
  const { server, peer } = await serve({ route: () => undefined }, {})
  const [connection] = await connectionsOf(server)
  const slices = ['a', 'b', 'c'].map((character) => Buffer.alloc(70_000, character))
  let sentCount = 0
  const note = (): void => {
    sentCount += 1
  }
  connection!.sendParts(requestOf(1), slices, note)
  connection!.sendParts(requestOf(2), [], note)
  connection!.sendParts(requestOf(3), [Buffer.from('small')], note)
  const commands = await peer.receive(3)
  expect(opaquesOf(commands)).toEqual([1, 2, 3])
  expect(commands[0]!.body.equals(Buffer.concat(slices))).toBe(true)
  expect(commands[2]!.body.toString()).toBe('small')
  await until(() => sentCount === 3)
})

describe('idle', () => {
  const IDLE_MS = 400

  test('a silent connection is closed, one that talks is not', async () => {
    const { server, peer: silent } = await serve({ route: () => undefined }, { idleMs: IDLE_MS })
    const talking = closeAfterTest(await RawPeer.connect(server.port))
    const timer = setInterval(() => talking.send(createRequest(9999)), 30)
    try {
      const connections = await connectionsOf(server, 2)
      const reasons = await Promise.race(connections.map((connection) => connection.closed))
      expect(reasons).toMatchObject({ code: 'REMOTING_CONNECTION_IDLE' })
      await silent.whenClosed()
      expect(talking.isClosed).toBe(false)
      expect(server.connections.size).toBe(1)
    } finally {
      clearInterval(timer)
    }
  })

  test('a peer that gets pushes is not idle', async () => {
    const { server, peer } = await serve({ route: () => undefined }, { idleMs: IDLE_MS })
    const [connection] = await connectionsOf(server)
    const endMs = performance.now() + 1.5 * IDLE_MS
    while (performance.now() < endMs) {
      connection!.invokeOneway(createRequest(40))
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(peer.isClosed).toBe(false)
    await peer.whenClosed()
  })
})

async function connectionsOf(server: RemotingServer, count = 1): Promise<Connection[]> {
  await until(() => server.connections.size === count)
  return [...server.connections]
}
