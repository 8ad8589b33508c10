/**
 * Goal: consumers that stop reading their sockets cost the others nothing: producers and other
 * consumers go on at their rate, what waits for the stopped ones is bounded, and they are ended
 * with a line that says who they were and what they left.
 * Method: real sockets that are never read, beside a producer and a consumer that must get through
 * all of their work before and after the stopped ones are ended.
 */
import { expect, test } from 'vitest'
import { MIB } from '../../../engine/base/units.ts'
import { messagesIn } from '../../../engine/format/stored-message.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../net/protocol/response-code.ts'
import { DrivenBroker, requestOf } from '../../helpers/driven-broker.ts'
import { pullFields, sendFields } from '../../helpers/running-standalone.ts'
import { until, whenBuilt } from '../../helpers/until.ts'
import { RawPeer } from '../remoting/raw-peer.ts'

const { HEART_BEAT, PULL_MESSAGE, SEND_MESSAGE_V2 } = RequestCode
const BODY_BYTES = 60_000
const OLD = 20
const NEW = 300
const STOPPED = 4
/** More than the system takes for both sockets, and the connection's own bound. */
const PULLS_EACH = 80
const HIGH_BYTES = MIB
/** Longer than the others' work takes, so that it is done beside the stopped ones. */
const STALL_MS = 5_000

function heartbeat(clientID: string): Buffer {
  const consumerData = {
    groupName: 'readers',
    consumeType: 'CONSUME_PASSIVELY',
    messageModel: 'CLUSTERING',
    consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
    subscriptionDataSet: [],
    unitMode: false,
  }
  return Buffer.from(
    JSON.stringify({ clientID, consumerDataSet: [consumerData], producerDataSet: [] }),
  )
}

async function stoppedConsumer(broker: DrivenBroker, index: number): Promise<RawPeer> {
  const peer = await RawPeer.connect(broker.server.port)
  peer.send(requestOf(HEART_BEAT, {}, heartbeat(`stopped-${index}`)))
  // The answer, and a note that the group changed.
  await until(() => peer.commands.some(({ code }) => code === ResponseCode.SUCCESS))
  peer.socket.pause()
  const fields = pullFields('T', { maxMsgNums: 32, queueOffset: 0 })
  peer.send(...Array.from({ length: PULLS_EACH }, () => requestOf(PULL_MESSAGE, fields)))
  return peer
}

/** Sends and reads `count` messages one after the other, from `offset` on. */
async function work(broker: DrivenBroker, offset: number, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const body = Buffer.from(`message ${offset + index}`)
    const fields = pullFields('T', {
      queueOffset: offset + index,
      consumerGroup: 'workers',
      sysFlag: 2 | 4,
      suspendTimeoutMillis: 20_000,
    })
    const pulled = broker.ask(PULL_MESSAGE, fields)
    expect((await broker.ask(SEND_MESSAGE_V2, sendFields('T'), body)).code).toBe(0)
    const [message] = [...messagesIn((await pulled).body)]
    expect(message?.body.toString()).toBe(body.toString())
  }
}

test('consumers that stop reading slow nobody, are bounded, and are ended by name', async () => {
  const lines: string[] = []
  const note = (line: string): void => void lines.push(line)
  await using broker = await DrivenBroker.start(
    {},
    {
      logger: { info: note, warn: note, error: note },
      connections: { outputBytesHigh: HIGH_BYTES, outputStallMs: STALL_MS },
    },
  )
  for (let index = 0; index < OLD; index += 1) {
    await broker.ask(SEND_MESSAGE_V2, sendFields('T'), Buffer.alloc(BODY_BYTES, 'o'))
  }
  await whenBuilt(broker.store)
  const peers = await Promise.all(
    Array.from({ length: STOPPED }, (_, index) => stoppedConsumer(broker, index)),
  )
  await until(() => broker.server.unsentBytes > STOPPED * HIGH_BYTES)
  await work(broker, OLD, NEW)
  // Of each no more waits than the bound and the answer that passed it.
  for (const { unsentBytes } of broker.connections) expect(unsentBytes).toBeLessThan(2 * HIGH_BYTES)
  expect(broker.store.log.segments.first?.references ?? 0).toBeGreaterThan(0)

  const ended = () => lines.filter((line) => line.includes('is ended'))
  await until(() => ended().length === STOPPED)
  for (const line of ended()) {
    expect(line).toMatch(/127\.0\.0\.1:\d+ \(consumer stopped-\d of readers\) is ended/)
    expect(line).toContain(`took nothing for ${STALL_MS} ms: `)
    expect(line).toMatch(/: \d+ bytes wait for it, \d+ for all/)
  }
  // They hold no part of the log any more.
  const segments = [...broker.store.log.segments]
  await until(() => segments.every(({ references }) => references <= 1))
  await work(broker, OLD + NEW, 20)
  expect(broker.server.unsentBytes).toBe(0)
  for (const peer of peers) {
    peer.socket.resume()
    await peer.whenClosed()
  }
})
