/**
 * Goal: calls find their server over one connection per address; what is lost fails at once and is
 * connected anew by the next call.
 * Method: a client on loopback against a server, or against a plain socket that misbehaves.
 */
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { encodeFrame } from '../../../net/remoting/command-codec.ts'
import { RemotingClient } from '../../../net/remoting/remoting-client.ts'
import { createRequest, createResponse } from '../../../net/remoting/remoting-command.ts'
import type { RemotingServerOptions } from '../../../net/remoting/remoting-options.ts'
import { RemotingServer } from '../../../net/remoting/remoting-server.ts'
import type { RequestRoutes } from '../../../net/remoting/request-routes.ts'
import { until } from '../../helpers/until.ts'
import { closeAfterTest } from './opened.ts'

const CODE = 500
const TIMEOUT_MS = 10_000

const echoRoutes: RequestRoutes = {
  route: (code) =>
    code === CODE ? (request) => createResponse(request, 0, { body: request.body }) : undefined,
}

async function serve(options: RemotingServerOptions = {}): Promise<RemotingServer> {
  return closeAfterTest(await RemotingServer.listen({ closeMs: 200, ...options }, echoRoutes))
}

const openClient = (
  options: ConstructorParameters<typeof RemotingClient>[0] = {},
): RemotingClient => closeAfterTest(new RemotingClient({ closeMs: 200, ...options }))

/** A server that accepts and does with each socket what the test says. */
async function listenRaw(onSocket: (socket: Socket) => void): Promise<string> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    onSocket(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closeAfterTest({
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('calls to one address share one connection, also while it is being made', async () => {
  const server = await serve()
  const client = openClient()
  const bodies = Array.from({ length: 50 }, (_, index) => Buffer.from(`body ${index}`))
  const responses = await Promise.all(
    bodies.map((body) => client.invoke(server.address, createRequest(CODE, { body }), TIMEOUT_MS)),
  )
  expect(responses.map(({ body }) => body.toString())).toEqual(bodies.map(String))
  expect(server.connections.size).toBe(1)
  expect(client.connections.size).toBe(1)
})

test('IPv6 addresses are reached', async () => {
  const server = await serve({ host: '::1' })
  expect(server.address).toBe(`[::1]:${server.port}`)
  const response = await openClient().invoke(server.address, createRequest(CODE), TIMEOUT_MS)
  expect(response.code).toBe(0)
})

test('one-way requests arrive and nobody waits', async () => {
  let seen: string | undefined
  const server = closeAfterTest(
    await RemotingServer.listen(
      {},
      {
        route: () => (request) => {
          seen = request.body.toString()
          return createResponse(request, 0)
        },
      },
    ),
  )
  const client = openClient()
  await client.invokeOneway(server.address, createRequest(CODE, { body: Buffer.from('hi') }))
  await until(() => seen === 'hi')
  const [connection] = client.connections
  expect(connection!.pendingCount).toBe(0)
})

describe('failures', () => {
  test('a closed port is a coded error with its cause', async () => {
    const server = await RemotingServer.listen({}, echoRoutes)
    const { address } = server
    await server.close()
    const client = openClient()
    for (let tries = 0; tries < 2; tries += 1) {
      await expect(client.invoke(address, createRequest(CODE), TIMEOUT_MS)).rejects.toMatchObject({
        code: 'REMOTING_CONNECT_FAILED',
        cause: { code: 'ECONNREFUSED' },
      })
    }
    expect(client.connections.size).toBe(0)
  })

  test('an address that is none is a coded error', async () => {
    const call = openClient().invoke('nowhere', createRequest(CODE), TIMEOUT_MS)
    await expect(call).rejects.toMatchObject({ code: 'REMOTING_ADDRESS_INVALID' })
  })

  test('a silent server fails calls at their deadlines, and the connection stays', async () => {
    const address = await listenRaw(() => undefined)
    const client = openClient()
    const calls = [20, 40].map((timeoutMs) =>
      client.invoke(address, createRequest(CODE), timeoutMs),
    )
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({ reason: { code: 'REMOTING_TIMEOUT' } })
    }
    expect(client.connections.size).toBe(1)
  })

  test('a lost connection fails all calls at once', async () => {
    const address = await listenRaw((socket) => {
      socket.once('data', () => socket.destroy())
    })
    const client = openClient()
    const calls = [1, 2, 3].map(() => client.invoke(address, createRequest(CODE), TIMEOUT_MS))
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({ reason: { code: 'REMOTING_CONNECTION_CLOSED' } })
    }
  })

  test('a server that sends nonsense loses the connection', async () => {
    const address = await listenRaw((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))
    const call = openClient().invoke(address, createRequest(CODE), TIMEOUT_MS)
    await expect(call).rejects.toMatchObject({ code: 'REMOTING_FRAME_TOO_LARGE' })
  })

  test('a request whose header cannot be written fails alone', async () => {
    const server = await serve()
    const client = openClient()
    const request = createRequest(200_050, {}, 'ROCKETMQ')
    await expect(client.invoke(server.address, request, TIMEOUT_MS)).rejects.toMatchObject({
      code: 'REMOTING_HEADER_INVALID',
    })
    expect((await client.invoke(server.address, createRequest(CODE), TIMEOUT_MS)).code).toBe(0)
  })

  test('a server that does not read gets no more than the bound', async () => {
    const address = await listenRaw((socket) => socket.pause())
    const outputBytesMax = 1 << 20
    const client = openClient({ outputBytesMax })
    const send = (): Promise<void> =>
      client.invokeOneway(address, createRequest(CODE, { body: Buffer.alloc(1 << 20) }))
    const outcomes: PromiseSettledResult<void>[] = []
    while (outcomes.length < 50 && outcomes.at(-1)?.status !== 'rejected') {
      outcomes.push(...(await Promise.allSettled([send()])))
    }
    expect(outcomes.at(-1)).toMatchObject({ reason: { code: 'REMOTING_OVERLOADED' } })
    const [connection] = client.connections
    expect(connection!.unsentBytes).toBeLessThanOrEqual(3 * outputBytesMax)
  })

  test('a client goes on reading while it cannot send', async () => {
    let responses = 0
    const address = await listenRaw((socket) => {
      socket.pause()
      const push = createRequest(CODE)
      socket.write(encodeFrame(push))
    })
    const client = closeAfterTest(
      new RemotingClient(
        { outputBytesHigh: 1000, closeMs: 100 },
        {
          route: () => () => {
            responses += 1
            return undefined
          },
        },
      ),
    )
    await client.invokeOneway(address, createRequest(CODE, { body: Buffer.alloc(20 << 20) }))
    await until(() => responses === 1)
    const [connection] = client.connections
    expect(connection!.unsentBytes).toBeGreaterThan(1000)
  })
})

describe('reconnection', () => {
  test('the next call after a loss connects anew', async () => {
    const server = await serve()
    const client = openClient()
    await client.invoke(server.address, createRequest(CODE), TIMEOUT_MS)
    const [first] = client.connections
    for (const connection of server.connections) void connection.destroy(new Error('enough'))
    await first!.closed
    const response = await client.invoke(server.address, createRequest(CODE), TIMEOUT_MS)
    expect(response.code).toBe(0)
    expect([...client.connections]).not.toContain(first)
  })

  test('a call in the turn of the loss connects anew', async () => {
    const server = await serve()
    const client = openClient()
    const connection = await client.connection(server.address)
    void connection.destroy(new Error('enough'))
    const calls = [1, 2].map(() => client.invoke(server.address, createRequest(CODE), TIMEOUT_MS))
    expect((await Promise.all(calls)).map(({ code }) => code)).toEqual([0, 0])
    expect(client.connections.size).toBe(1)
  })

  test('a server that comes back is found again', async () => {
    const first = await RemotingServer.listen({ closeMs: 100 }, echoRoutes)
    const client = openClient()
    await client.invoke(first.address, createRequest(CODE), TIMEOUT_MS)
    await first.close()
    await until(() => client.connections.size === 0)
    await serve({ port: first.port })
    const response = await client.invoke(first.address, createRequest(CODE), TIMEOUT_MS)
    expect(response.code).toBe(0)
  })
})

describe('closing', () => {
  test('close waits for calls in progress', async () => {
    const server = await RemotingServer.listen(
      {},
      {
        route: () => async (request) => {
          await new Promise((resolve) => setTimeout(resolve, 50))
          return createResponse(request, 0)
        },
      },
    )
    closeAfterTest(server)
    const client = new RemotingClient()
    await client.connection(server.address)
    const call = client.invoke(server.address, createRequest(CODE), TIMEOUT_MS)
    await new Promise((resolve) => setImmediate(resolve))
    await client.close()
    expect((await call).code).toBe(0)
    expect(await client.closed).toBeUndefined()
  })

  test('a call after close is refused', async () => {
    const client = new RemotingClient()
    await client.close()
    await expect(client.invoke('127.0.0.1:1', createRequest(CODE), 10)).rejects.toMatchObject({
      code: 'REMOTING_CLOSED',
    })
  })

  test('destroy fails calls with its reason', async () => {
    const address = await listenRaw(() => undefined)
    const client = new RemotingClient()
    await client.connection(address)
    const reason = new Error('enough')
    const [outcome] = await Promise.all([
      client.invoke(address, createRequest(CODE), TIMEOUT_MS).catch((error: unknown) => error),
      new Promise((resolve) => setImmediate(resolve)).then(() => client.destroy(reason)),
    ])
    expect(outcome).toBe(reason)
    expect(await client.closed).toBe(reason)
  })
})
