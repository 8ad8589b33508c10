/** Requests that want no answer: what they ask for is done, and nothing is said. */
import { expect, test } from 'vitest'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { createRequest, markOneway } from '../../../net/remoting/remoting-command.ts'
import { RunningStandalone, sendFields } from '../../helpers/running-standalone.ts'
import { RawPeer } from '../remoting/raw-peer.ts'

const { SEND_MESSAGE_V2, SEND_BATCH_MESSAGE, GET_MAX_OFFSET } = RequestCode
const UNKNOWN_CODE = 9999

function fieldsOf(values: Readonly<Record<string, string | number | boolean>>) {
  return new Map(Object.entries(values).map(([name, value]) => [name, String(value)]))
}

test.each(['JSON', 'ROCKETMQ'] as const)('one-way sends in %s', async (serializeType) => {
  await using running = await RunningStandalone.start()
  const peer = await RawPeer.connect(running.server.broker.port)
  const oneWay = (code: number, fields: ReturnType<typeof sendFields>, text: string) => {
    const parts = { extFields: fieldsOf(fields), body: Buffer.from(text) }
    const request = createRequest(code, parts, serializeType)
    markOneway(request)
    return request
  }
  const question = createRequest(GET_MAX_OFFSET, {
    extFields: fieldsOf({ topic: 'T', queueId: 0 }),
  })
  peer.send(
    oneWay(SEND_MESSAGE_V2, sendFields('T'), 'stored'),
    oneWay(SEND_MESSAGE_V2, sendFields('T', { c: 'Missing', b: 'U' }), 'to no topic'),
    oneWay(SEND_MESSAGE_V2, sendFields('T', { i: 'DELAY\u00013\u0002' }), 'not built yet'),
    oneWay(SEND_BATCH_MESSAGE, sendFields('T', { m: true }), 'no batch'),
    oneWay(UNKNOWN_CODE, {}, 'unknown'),
    question,
  )
  const [answer, ...others] = await peer.receive(1)
  expect(answer?.opaque).toBe(question.opaque)
  expect(answer?.extFields.get('offset')).toBe('1')
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(others).toEqual([])
  expect(peer.commands).toHaveLength(1)
  await peer.close()
})
