/**
 * Goal: requests reach their handlers and answers reach their callers, over real sockets.
 * Method: one server and one client on loopback.
 */
import { afterEach, expect, test } from 'vitest'
import { RemotingClient } from '../../../net/remoting/remoting-client.ts'
import type { SerializeType } from '../../../net/remoting/remoting-command.ts'
import { createRequest, createResponse } from '../../../net/remoting/remoting-command.ts'
import { RemotingServer } from '../../../net/remoting/remoting-server.ts'
import type { RequestRoutes } from '../../../net/remoting/request-routes.ts'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const thing of opened.splice(0).reverse()) await thing.close()
})

const ECHO = 500
const echoRoutes: RequestRoutes = {
  route: (code) =>
    code === ECHO
      ? (request) => {
          const { remark, extFields, body } = request
          return createResponse(request, 0, { remark, extFields, body })
        }
      : undefined,
}

async function openPair(routes: RequestRoutes): Promise<[RemotingServer, RemotingClient]> {
  const server = await RemotingServer.listen({}, routes)
  const client = new RemotingClient()
  opened.push(server, client)
  return [server, client]
}

test.each<SerializeType>(['JSON', 'ROCKETMQ'])('a %s request is answered in kind', async (type) => {
  const [server, client] = await openPair(echoRoutes)
  const body = Buffer.alloc(300_000, 'x')
  const extFields = new Map([['topic', 'a\u0001b\u0002ü€𝄞']])
  const request = createRequest(ECHO, { remark: 'r', extFields, body }, type)
  const response = await client.invoke(server.address, request, 3_000)
  expect(response.serializeType).toBe(type)
  expect(response.opaque).toBe(request.opaque)
  expect(response.remark).toBe('r')
  expect(response.extFields).toEqual(extFields)
  expect(response.body.equals(body)).toBe(true)
})

test('an unknown code is answered with REQUEST_CODE_NOT_SUPPORTED', async () => {
  const [server, client] = await openPair(echoRoutes)
  const response = await client.invoke(server.address, createRequest(9999), 3_000)
  expect(response.code).toBe(3)
  expect(response.remark).toBe(' request type 9999 not supported')
})
