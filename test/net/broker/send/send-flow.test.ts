/**
 * Goal: a disk that does not flush makes sends wait and then be refused with the reason and the
 * numbers; what was taken stays, memory is bounded, and everything else is served meanwhile.
 * Method: a broker over a store whose flush the test lets go, and producers with bodies of 4 MiB.
 */
import { describe, expect, test } from 'vitest'
import { MIB } from '../../../../engine/base/units.ts'
import type { BrokerOptions } from '../../../../net/broker/options/broker-config.ts'
import { HeartbeatData } from '../../../../net/protocol/heartbeat.ts'
import { decodeBody, encodeBody } from '../../../../net/protocol/json-shape.ts'
import { RequestCode } from '../../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../../net/protocol/response-code.ts'
import { KVTable } from '../../../../net/protocol/runtime-info.ts'
import type { RemotingCommand } from '../../../../net/remoting/remoting-command.ts'
import { DrivenBroker, requestOf } from '../../../helpers/driven-broker.ts'
import { pullFields, sendFields } from '../../../helpers/running-standalone.ts'
import { until } from '../../../helpers/until.ts'
import { RawPeer } from '../../remoting/raw-peer.ts'

const { GET_BROKER_RUNTIME_INFO, HEART_BEAT, PULL_MESSAGE, SEND_MESSAGE_V2 } = RequestCode
const { FLUSH_DISK_TIMEOUT, PULL_NOT_FOUND, SUCCESS, SYSTEM_BUSY } = ResponseCode
const BODY_BYTES = 4 * MIB - 1024
const WAIT_MS = 60
const OPTIONS: BrokerOptions = {
  waitTimeInSendQueueMs: WAIT_MS,
  sendBytesWaitingMax: 16 * MIB,
  store: { flush: 'sync', segmentBytes: 64 * MIB },
}

const start = (more: BrokerOptions = {}) =>
  DrivenBroker.start({ ...OPTIONS, ...more, store: { ...OPTIONS.store, ...more.store } })

function sendOf(opaque: number, body: Buffer, more: Record<string, string> = {}): RemotingCommand {
  const request = requestOf(SEND_MESSAGE_V2, sendFields('T', more), body)
  request.opaque = opaque
  return request
}

function heartbeat(): RemotingCommand {
  const body = encodeBody(HeartbeatData, {
    clientID: 'c',
    producerDataSet: [{ groupName: 'writers' }],
    consumerDataSet: [],
    heartbeatFingerprint: 0,
    isWithoutSub: false,
  } as never)
  return requestOf(HEART_BEAT, {}, body)
}

/** Makes the topic, so that no send waits for that. */
async function startWithTopic(more: BrokerOptions = {}): Promise<DrivenBroker> {
  const broker = await start(more)
  expect((await broker.ask(SEND_MESSAGE_V2, sendFields('T'), Buffer.from('first'))).code).toBe(0)
  return broker
}

const codesOf = (peer: RawPeer): number[] => peer.commands.map(({ code }) => code)

describe('with the flush stuck, a flood of large messages', () => {
  test('is refused with the numbers, and is bounded, while the rest is served', async () => {
    await using broker = await startWithTopic()
    broker.store.isFlushStuck = true
    const peers = await Promise.all([1, 2, 3, 4, 5].map(() => RawPeer.connect(broker.server.port)))
    const perPeer = 6
    const body = Buffer.alloc(BODY_BYTES, 'm')
    for (const peer of peers) {
      peer.send(...Array.from({ length: perPeer }, (_, opaque) => sendOf(opaque, body)))
      // What comes behind them on the same connection is held up for the wait, and no longer.
      peer.send(heartbeat())
    }
    const [flooder] = peers
    await until(() => peers.every(({ commands }) => commands.some((one) => one.code === SUCCESS)))
    const busy = peers.flatMap(({ commands }) =>
      commands.filter(({ code }) => code === SYSTEM_BUSY),
    )
    expect(busy.length).toBeGreaterThan(0)
    for (const { remark } of busy) {
      expect(remark).toMatch(/^\[TIMEOUT_CLEAN_QUEUE\]broker busy, start flow control for a while/)
      const numbers = /(\d+) bytes wait for it, limit 16777216 .*oldest for (\d+)ms/.exec(
        remark ?? '',
      )
      expect(Number(numbers?.[1])).toBeGreaterThan(4 * MIB)
      expect(Number(numbers?.[2])).toBeGreaterThanOrEqual(0)
    }
    const { log, flushedOffset } = broker.store
    expect(log.appendedOffset - flushedOffset).toBeLessThan(16 * MIB + 2 * BODY_BYTES)
    expect(broker.server.keptBytes).toBeLessThan(peers.length * 2 * 5 * MIB)
    // Others are served: reads, and the figures that tell of it.
    const pulled = await broker.ask(PULL_MESSAGE, pullFields('T', { maxMsgNums: 1 }))
    expect(pulled.body.includes('first')).toBe(true)
    const figures = decodeBody(KVTable, (await broker.ask(GET_BROKER_RUNTIME_INFO, {})).body).table
    expect(Number(figures.get('sendThreadPoolQueueSize'))).toBeGreaterThan(0)
    expect(Number(figures.get('sendThreadPoolQueueHeadWaitTimeMills'))).toBeGreaterThan(0)

    broker.store.flush()
    await until(() => peers.every(({ commands }) => commands.length === perPeer + 1))
    const codes = peers.flatMap(codesOf)
    expect(new Set(codes)).toEqual(new Set([SUCCESS, SYSTEM_BUSY]))
    // What was acknowledged is all there, and nothing else.
    const acked = peers.flatMap(({ commands }) =>
      commands.filter((one) => one.extFields.has('msgId')),
    )
    const queueOffsets = acked.map(({ extFields }) => Number(extFields.get('queueOffset')))
    expect(queueOffsets.sort((left, right) => left - right)).toEqual(
      acked.map((_, index) => index + 1),
    )
    expect(broker.store.maxQueueOffset('T', 0)).toBe(acked.length + 1)
    // And the connection is as good as new.
    flooder!.send(sendOf(100, body))
    await until(() => flooder!.commands.at(-1)!.opaque === 100)
    expect(flooder!.commands.at(-1)!.code).toBe(SUCCESS)
    for (const peer of peers) await peer.close()
  })

  test('of one connection leaves room for the others', async () => {
    await using broker = await startWithTopic({ waitTimeInSendQueueMs: 60_000 })
    broker.store.isFlushStuck = true
    const greedy = await RawPeer.connect(broker.server.port)
    const body = Buffer.alloc(BODY_BYTES)
    greedy.send(...Array.from({ length: 6 }, (_, opaque) => sendOf(opaque, body)))
    const quarter = broker.store.flushedOffset + 4 * MIB
    await until(() => broker.store.log.writtenOffset > quarter)
    const before = broker.store.log.writtenOffset
    const modest = await RawPeer.connect(broker.server.port)
    modest.send(sendOf(1, Buffer.from('small')))
    await until(() => broker.store.log.writtenOffset > before)
    expect(broker.store.log.writtenOffset).toBeLessThan(before + MIB)
    broker.store.flush()
    await until(() => modest.commands.length === 1 && greedy.commands.length > 0)
    expect(modest.commands[0]!.code).toBe(SUCCESS)
    // What was held goes on by itself when the disk does.
    await until(() => {
      broker.store.flush()
      return greedy.commands.length === 6
    })
    expect(codesOf(greedy)).toEqual([0, 0, 0, 0, 0, 0])
    await Promise.all([greedy.close(), modest.close()])
  })

  test('is stored and told so when the disk is late, and refused while it stays so', async () => {
    const store = { syncFlushTimeoutMs: 100 }
    await using broker = await startWithTopic({ store, sendBytesWaitingMax: MIB })
    broker.store.isFlushStuck = true
    const peer = await RawPeer.connect(broker.server.port)
    const body = Buffer.alloc(2 * MIB)
    peer.send(sendOf(1, body), sendOf(2, body))
    await until(() => peer.commands.length === 2)
    expect(new Set(codesOf(peer))).toEqual(new Set([SYSTEM_BUSY, FLUSH_DISK_TIMEOUT]))
    peer.send(sendOf(3, body))
    await until(() => peer.commands.length === 3)
    expect(peer.commands[2]).toMatchObject({ code: SYSTEM_BUSY, opaque: 3 })
    await peer.close()
  })
})

describe('sends that wait', () => {
  test('are bounded by their number too', async () => {
    await using broker = await startWithTopic({ sendThreadPoolQueueCapacity: 10 })
    broker.store.isFlushStuck = true
    const peer = await RawPeer.connect(broker.server.port)
    peer.send(...Array.from({ length: 25 }, (_, opaque) => sendOf(opaque, Buffer.from('x'))))
    await until(() => peer.commands.length === 15)
    for (const { code, remark } of peer.commands) {
      expect(code).toBe(SYSTEM_BUSY)
      expect(remark).toContain('10 sends, limit 10 (sendThreadPoolQueueCapacity)')
    }
    broker.store.flush()
    await until(() => peer.commands.length === 25)
    expect(codesOf(peer).slice(15)).toEqual(Array.from({ length: 10 }, () => SUCCESS))
    await peer.close()
  })

  test('wait for as long as it takes where that is asked for', async () => {
    const options = { brokerFastFailureEnable: false, sendThreadPoolQueueCapacity: 1 }
    await using broker = await startWithTopic(options)
    broker.store.isFlushStuck = true
    const peer = await RawPeer.connect(broker.server.port)
    peer.send(sendOf(1, Buffer.from('a')), sendOf(2, Buffer.from('b')))
    await new Promise((resolve) => setTimeout(resolve, 4 * WAIT_MS))
    expect(peer.commands).toEqual([])
    broker.store.flush()
    await until(() => peer.commands.length === 2)
    expect(codesOf(peer)).toEqual([SUCCESS, SUCCESS])
    await peer.close()
  })

  test('that came the generic way are refused and go on alike', async () => {
    await using broker = await startWithTopic({ sendThreadPoolQueueCapacity: 1 })
    broker.store.isFlushStuck = true
    const peer = await RawPeer.connect(broker.server.port)
    // An escape in the topic's name is nothing that the scanner reads.
    const generic = (opaque: number) => {
      const request = sendOf(opaque, Buffer.from('g'))
      request.extFields.set('a', 'wri"ters')
      return request
    }
    peer.send(generic(1), generic(2))
    await until(() => peer.commands.length === 1)
    expect(peer.commands[0]).toMatchObject({ opaque: 2, code: SYSTEM_BUSY })
    broker.store.flush()
    await until(() => peer.commands.length === 2)
    expect(peer.commands[1]).toMatchObject({ opaque: 1, code: SUCCESS })
    await peer.close()
  })
})

test('without a sync flush nobody waits for the disk', async () => {
  await using broker = await startWithTopic({
    sendThreadPoolQueueCapacity: 1,
    sendBytesWaitingMax: 1,
    store: { flush: 'async' },
  })
  broker.store.isFlushStuck = true
  for (let count = 0; count < 20; count += 1) {
    expect((await broker.ask(SEND_MESSAGE_V2, sendFields('T'), Buffer.from('x'))).code).toBe(0)
  }
  const empty = await broker.ask(PULL_MESSAGE, pullFields('T', { queueId: 1 }))
  expect(empty.code).toBe(PULL_NOT_FOUND)
})
