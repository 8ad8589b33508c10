/** Name server and broker in one process: what each client is told of the other's address. */
import { expect, test } from 'vitest'
import { decodeBody } from '../../../net/protocol/json-shape.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { TopicRouteData } from '../../../net/protocol/topic-route.ts'
import { parseAddress } from '../../../net/remoting/address.ts'
import { createRequest } from '../../../net/remoting/remoting-command.ts'
import { RunningStandalone, sendFields } from '../../helpers/running-standalone.ts'

const TIMEOUT_MS = 5000

/** The broker's address in the route that is given to who asks the name server at `host`. */
async function brokerAddressSeenAt(running: RunningStandalone, host: string): Promise<string> {
  const { port } = parseAddress(running.server.nameServerAddress)
  const extFields = new Map([['topic', 'T']])
  const request = createRequest(RequestCode.GET_ROUTEINFO_BY_TOPIC, { extFields })
  const answer = await running.client.invoke(`${host}:${port}`, request, TIMEOUT_MS)
  const [broker] = decodeBody(TopicRouteData, answer.body).brokerDatas
  return broker?.brokerAddrs.get(0) ?? ''
}

test('brokerIP1=auto gives each client the address by which it came', async () => {
  await using running = await RunningStandalone.start({ brokerIP1: 'auto', listenHost: '0.0.0.0' })
  const { port } = parseAddress(running.server.brokerAddress)
  const sent = await running.ask(RequestCode.SEND_MESSAGE_V2, sendFields('T'))
  for (const host of ['127.0.0.1', '127.0.0.2']) {
    expect(await brokerAddressSeenAt(running, host)).toBe(`${host}:${port}`)
  }
  // What the record says is one and the same for all.
  const storeHost = sent.extFields.get('msgId')?.slice(0, 8)
  expect(storeHost).not.toBe('7F000002')
})

test('otherwise every client gets the same one', async () => {
  await using running = await RunningStandalone.start({
    listenHost: '0.0.0.0',
    brokerIP1: '127.0.0.1',
  })
  await running.ask(RequestCode.SEND_MESSAGE_V2, sendFields('T'))
  const seen = await Promise.all(
    ['127.0.0.1', '127.0.0.2'].map((host) => brokerAddressSeenAt(running, host)),
  )
  const { port } = parseAddress(running.server.brokerAddress)
  expect(new Set(seen)).toEqual(new Set([`127.0.0.1:${port}`]))
})
