/**
 * Goal: requests reach their handlers and answers reach their callers; what handlers and slow or
 * silent peers do wrong stays with them.
 * Method: a server on loopback, with a client or with a peer whose bytes the test writes.
 */
import { describe, expect, test } from 'vitest'
import { deferred } from '../../../engine/base/deferred.ts'
import { encodeFrame } from '../../../net/remoting/command-codec.ts'
import type { Connection } from '../../../net/remoting/connection.ts'
import { RemotingClient } from '../../../net/remoting/remoting-client.ts'
import type { RemotingCommand, SerializeType } from '../../../net/remoting/remoting-command.ts'
import {
  createRequest,
  createResponse,
  markOneway,
} from '../../../net/remoting/remoting-command.ts'
import type { RemotingServerOptions } from '../../../net/remoting/remoting-options.ts'
import { RemotingServer } from '../../../net/remoting/remoting-server.ts'
import type { RequestHandler, RequestRoutes } from '../../../net/remoting/request-routes.ts'
import { until } from '../../helpers/until.ts'
import { closeAfterTest } from './opened.ts'
import { RawPeer } from './raw-peer.ts'

const CODE = 500
const TIMEOUT_MS = 10_000

function routesOf(handler: RequestHandler, more: Partial<RequestRoutes> = {}): RequestRoutes {
  return { route: (code) => (code === CODE ? handler : undefined), ...more }
}

const echo: RequestHandler = (request) => {
  const { remark, extFields, body } = request
  return createResponse(request, 0, { remark, extFields, body })
}

async function serve(
  routes: RequestRoutes,
  options: RemotingServerOptions = {},
): Promise<RemotingServer> {
  return closeAfterTest(await RemotingServer.listen({ closeMs: 300, ...options }, routes))
}

async function serveRaw(
  routes: RequestRoutes,
  options: RemotingServerOptions = {},
): Promise<{ server: RemotingServer; peer: RawPeer }> {
  const server = await serve(routes, options)
  return { server, peer: closeAfterTest(await RawPeer.connect(server.port)) }
}

function requestOf(opaque: number, bodyBytes = 0): RemotingCommand {
  const request = createRequest(CODE, { body: Buffer.alloc(bodyBytes, 'b') })
  request.opaque = opaque
  return request
}

describe('answers', () => {
  test.each<SerializeType>(['JSON', 'ROCKETMQ'])(
    'a %s request is answered in kind',
    async (type) => {
      const server = await serve(routesOf(echo))
      const client = closeAfterTest(new RemotingClient())
      const body = Buffer.alloc(300_000, 'x')
      const extFields = new Map([['topic', 'a\u0001b\u0002ü€𝄞']])
      const request = createRequest(CODE, { remark: 'r', extFields, body }, type)
      const response = await client.invoke(server.address, request, TIMEOUT_MS)
      expect(response).toMatchObject({ serializeType: type, opaque: request.opaque, remark: 'r' })
      expect(response.extFields).toEqual(extFields)
      expect(response.body.equals(body)).toBe(true)
    },
  )

  test('an unknown code is answered with REQUEST_CODE_NOT_SUPPORTED', async () => {
    const { peer } = await serveRaw(routesOf(echo))
    peer.send(createRequest(9999))
    const [response] = await peer.receive(1)
    expect(response).toMatchObject({ code: 3, remark: ' request type 9999 not supported' })
  })

  test('many requests in one write are answered in their order', async () => {
    const { peer } = await serveRaw(routesOf(echo))
    const opaques = Array.from({ length: 1000 }, (_, index) => index)
    peer.send(...opaques.map((opaque) => requestOf(opaque, opaque % 3 === 0 ? 5000 : 10)))
    const responses = await peer.receive(opaques.length)
    expect(responses.map(({ opaque }) => opaque)).toEqual(opaques)
  })

  test('a request byte by byte is answered', async () => {
    const { peer } = await serveRaw(routesOf(echo))
    peer.socket.setNoDelay(true)
    for (const byte of encodeFrame(requestOf(5, 20))) {
      peer.socket.write(Buffer.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await peer.receive(1)).toMatchObject([{ opaque: 5 }])
  })

  test('the order of answers is the order in which they were sent', async () => {
    const gate = deferred<void>()
    const handler: RequestHandler = async (request) => {
      if (request.opaque === 1) await gate.promise
      else gate.resolve()
      return createResponse(request, 0)
    }
    const { peer } = await serveRaw(routesOf(handler))
    peer.send(requestOf(1), requestOf(2))
    const responses = await peer.receive(2)
    expect(responses.map(({ opaque }) => opaque)).toEqual([2, 1])
  })

  test('a one-way request is handled and not answered', async () => {
    let handledCount = 0
    const { peer } = await serveRaw(
      routesOf((request) => {
        handledCount += 1
        return createResponse(request, 0)
      }),
    )
    peer.send(markOneway(requestOf(1)), markOneway(createRequest(9999)), requestOf(2))
    expect(await peer.receive(1)).toMatchObject([{ opaque: 2 }])
    expect(handledCount).toBe(2)
  })

  test('a handler that answers nothing leaves the answer to others', async () => {
    const { peer } = await serveRaw(
      routesOf((request, connection) => {
        setImmediate(() => connection.send(createResponse(request, 7)))
        return undefined
      }),
    )
    peer.send(requestOf(3))
    expect(await peer.receive(1)).toMatchObject([{ opaque: 3, code: 7 }])
  })
})

describe('handlers that fail', () => {
  const lines: string[] = []
  const logger = {
    info: () => undefined,
    warn: () => undefined,
    error: (line: string) => void lines.push(line),
  }

  test.each<[string, RequestHandler, number, string]>([
    [
      'throw',
      () => {
        throw new Error('broken\n\tpipe', { cause: new Error('why') })
      },
      1,
      'broken pipe: why',
    ],
    ['reject', async () => Promise.reject(new Error('late')), 1, 'late'],
    [
      'throw with a response code',
      () => {
        throw Object.assign(new Error('no such topic'), { responseCode: 17 })
      },
      17,
      'no such topic',
    ],
    [
      'throw with a senseless response code',
      () => {
        throw Object.assign(new Error('x'), { responseCode: 1e9 })
      },
      1,
      'x',
    ],
    [
      'answer what cannot be written',
      (request) => createResponse(request, 0, { remark: 'x'.repeat(2 << 20) }),
      1,
      'a header has',
    ],
  ])('that %s are answered with a code, and logged once', async (_name, handler, code, remark) => {
    lines.length = 0
    const { peer } = await serveRaw(routesOf(handler), { logger })
    peer.send(requestOf(1), requestOf(2))
    const responses = await peer.receive(2)
    for (const response of responses) {
      expect(response.code).toBe(code)
      expect(response.remark).toContain(remark)
    }
    expect(lines).toHaveLength(code === 17 ? 0 : 1)
  })
})

describe('pushes', () => {
  test('a server calls its client, and both directions may wait at once', async () => {
    const handler: RequestHandler = async (request, connection) => {
      const pushed = createRequest(CODE, { body: request.body })
      const { body } = await connection.invoke(pushed, TIMEOUT_MS)
      return createResponse(request, 0, { body })
    }
    const server = await serve(routesOf(handler))
    const client = closeAfterTest(
      new RemotingClient(
        {},
        routesOf((pushed) => {
          const body = Buffer.from(pushed.body.toString().toUpperCase())
          return createResponse(pushed, 0, { body })
        }),
      ),
    )
    const request = createRequest(CODE, { body: Buffer.from('abc') })
    const response = await client.invoke(server.address, request, TIMEOUT_MS)
    expect(response.body.toString()).toBe('ABC')
  })

  test('a client without a route answers that it does not support the code', async () => {
    let connection: Connection | undefined
    const onConnect = (opened: Connection): void => {
      connection = opened
    }
    const server = await serve(routesOf(echo, { onConnect }))
    const client = closeAfterTest(new RemotingClient())
    await client.invoke(server.address, createRequest(CODE), TIMEOUT_MS)
    expect((await connection!.invoke(createRequest(40), TIMEOUT_MS)).code).toBe(3)
  })

  test('a peer that leaves fails what waits for it', async () => {
    const { server, peer } = await serveRaw(routesOf(echo))
    await until(() => server.connections.size === 1)
    const [connection] = server.connections
    const [outcome] = await Promise.all([
      connection!.invoke(createRequest(40), TIMEOUT_MS).catch((error: unknown) => error),
      peer.receive(1).then(() => peer.close()),
    ])
    expect(outcome).toMatchObject({ code: 'REMOTING_CONNECTION_CLOSED' })
    await expect(connection!.invoke(createRequest(40), TIMEOUT_MS)).rejects.toMatchObject({
      code: 'REMOTING_CONNECTION_CLOSED',
    })
  })

  test('a push that is not answered fails at its deadline', async () => {
    const { server, peer } = await serveRaw(routesOf(echo))
    await until(() => server.connections.size === 1)
    const [connection] = server.connections
    await expect(connection!.invoke(createRequest(40), 30)).rejects.toMatchObject({
      code: 'REMOTING_TIMEOUT',
    })
    const [pushed] = await peer.receive(1)
    peer.send(createResponse(pushed!, 0), requestOf(9))
    expect(await peer.receive(2)).toMatchObject([{ code: 40 }, { opaque: 9, code: 0 }])
  })
})

describe('closing', () => {
  test('close waits for requests in progress and delivers their answers', async () => {
    const begun = deferred<void>()
    const gate = deferred<void>()
    const handler: RequestHandler = async (request) => {
      begun.resolve()
      await gate.promise
      return createResponse(request, 0, { body: Buffer.alloc(100_000) })
    }
    const { server, peer } = await serveRaw(routesOf(handler), { closeMs: TIMEOUT_MS })
    peer.send(requestOf(1))
    await begun.promise
    const closing = server.close()
    gate.resolve()
    await closing
    expect(await peer.receive(1)).toMatchObject([{ opaque: 1, code: 0 }])
    await peer.whenClosed()
    expect(server.connections.size).toBe(0)
    await expect(RawPeer.connect(server.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(await server.closed).toBeUndefined()
  })

  test('close does not wait for ever for a handler that never answers', async () => {
    const begun = deferred<void>()
    const { server, peer } = await serveRaw(
      routesOf(() => {
        begun.resolve()
        return new Promise(() => undefined)
      }),
    )
    peer.send(requestOf(1))
    await begun.promise
    await server.close()
    await peer.whenClosed()
    expect(peer.commands).toEqual([])
  })

  test('destroy ends at once with its reason, also while closing', async () => {
    const begun = deferred<void>()
    const reasons: (Error | undefined)[] = []
    const { server, peer } = await serveRaw(
      routesOf(
        () => {
          begun.resolve()
          return new Promise(() => undefined)
        },
        { onClose: (_connection, reason) => void reasons.push(reason) },
      ),
      { closeMs: 60_000 },
    )
    peer.send(requestOf(1))
    await begun.promise
    const closing = server.close()
    const reason = new Error('enough')
    await server.destroy(reason)
    await closing
    expect(reasons).toEqual([reason])
    await peer.whenClosed()
  })

  test('onConnect and onClose are called once each, with the addresses of both ends', async () => {
    const events: string[] = []
    const routes = routesOf(echo, {
      onConnect: (connection) => void events.push(`open ${connection.remoteAddress}`),
      onClose: (connection, reason) =>
        void events.push(`close ${connection.remoteAddress} ${reason?.name}`),
    })
    const { server, peer } = await serveRaw(routes)
    await until(() => events.length === 1)
    const [connection] = server.connections
    const local = `127.0.0.1:${peer.socket.localPort}`
    expect(connection).toMatchObject({ localHost: '127.0.0.1', localPort: server.port })
    await peer.close()
    await until(() => server.connections.size === 0)
    expect(events).toEqual([`open ${local}`, `close ${local} RemotingError`])
  })

  test('a peer that sends and ends its side still gets its answers', async () => {
    const { peer } = await serveRaw(routesOf(echo))
    peer.send(requestOf(1), requestOf(2, 9000))
    peer.socket.end()
    expect(await peer.receive(2)).toMatchObject([{ opaque: 1 }, { opaque: 2 }])
    await peer.whenClosed()
  })
})

test('a taken port is a coded error', async () => {
  const server = await serve(routesOf(echo))
  await expect(RemotingServer.listen({ port: server.port }, routesOf(echo))).rejects.toMatchObject({
    code: 'REMOTING_LISTEN_FAILED',
    cause: { code: 'EADDRINUSE' },
  })
})

test('connections beyond the bound are closed, the others stay', async () => {
  const { server, peer } = await serveRaw(routesOf(echo), { connectionCountMax: 1 })
  await until(() => server.connections.size === 1)
  const second = closeAfterTest(await RawPeer.connect(server.port))
  await second.whenClosed()
  peer.send(requestOf(1))
  expect(await peer.receive(1)).toMatchObject([{ opaque: 1 }])
})
