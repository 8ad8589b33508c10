/** Whatever a peer sends, it gets an error or loses its connection, and nobody else notices. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { parseAddress } from '../../../net/remoting/address.ts'
import { pullFields, RunningStandalone, sendFields } from '../../helpers/running-standalone.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'

async function open(address: string): Promise<Socket> {
  const { host, port } = parseAddress(address)
  const socket = connect(port, host)
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

function frame(header: string, body = ''): Buffer {
  const head = Buffer.alloc(8)
  head.writeInt32BE(4 + Buffer.byteLength(header) + Buffer.byteLength(body), 0)
  head.writeInt32BE(Buffer.byteLength(header), 4)
  return Buffer.concat([head, Buffer.from(header), Buffer.from(body)])
}

async function expectAlive(running: RunningStandalone): Promise<void> {
  const answer = await running.ask(RequestCode.SEND_MESSAGE_V2, sendFields('Alive'))
  expect(answer.code).toBe(0)
}

describe('hostile input', () => {
  it('of random bytes and broken frames harms nobody (seeded)', async () => {
    const random = new SeededRandom(Number(process.env['AGENA_SEED'] ?? Date.now() % 2 ** 31))
    await using running = await RunningStandalone.start()
    const good = frame('{"code":310,"extFields":{"a":"g","b":"T"},"flag":0,"opaque":1}', 'body')
    const { brokerAddress, nameServerAddress } = running.server
    for (let round = 0; round < 120; round += 1) {
      const socket = await open(random.below(2) === 0 ? brokerAddress : nameServerAddress)
      const bytes = Buffer.from(good)
      for (let flips = random.below(6); flips >= 0; flips -= 1) {
        bytes[random.below(bytes.length)] = random.below(256)
      }
      socket.write(random.below(3) === 0 ? random.bytes(random.below(300)) : bytes)
      if (random.below(2) === 0) socket.end()
      setTimeout(() => socket.destroy(), random.below(20))
    }
    await expectAlive(running)
  })

  it('that announces four gigabytes costs nothing', async () => {
    await using running = await RunningStandalone.start()
    const before = process.memoryUsage().rss
    for (let count = 0; count < 20; count += 1) {
      const socket = await open(running.server.brokerAddress)
      socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 4]))
      const other = await open(running.server.brokerAddress)
      other.write(Buffer.from([0x00, 0x3f, 0xff, 0xff, 0, 0, 0, 4]))
      setTimeout(() => other.destroy(), 200)
    }
    await expectAlive(running)
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024)
  })

  it.each([
    ['an unknown code', 99_999, {}, 3],
    ['a header without its fields', RequestCode.SEND_MESSAGE_V2, { b: 'T' }, 1],
    [
      'a queue number out of this world',
      RequestCode.SEND_MESSAGE_V2,
      sendFields('T', { e: 2 ** 31 - 1 }),
      29,
    ],
    ['a number that is none', RequestCode.PULL_MESSAGE, pullFields('T', { queueId: 'x' }), 1],
    [
      'a negative queue',
      RequestCode.PULL_MESSAGE,
      pullFields('BenchmarkTest', { queueId: -5 }),
      29,
    ],
  ])('like %s is answered with an error', async (_what, code, fields, expected) => {
    await using running = await RunningStandalone.start()
    const answer = await running.ask(code, fields)
    expect(answer.code).toBe(expected)
    expect(answer.remark).toBeTruthy()
    await expectAlive(running)
  })

  it('of absurd counts is taken for what can be', async () => {
    await using running = await RunningStandalone.start()
    await running.ask(RequestCode.SEND_MESSAGE_V2, sendFields('T'), Buffer.from('a'))
    for (const count of [0, -3, 2 ** 31 - 1]) {
      const fields = pullFields('T', { maxMsgNums: count })
      const answer = await running.ask(RequestCode.PULL_MESSAGE, fields)
      expect([0, 19, 20]).toContain(answer.code)
    }
    await expectAlive(running)
  })

  it('of a consumer that never reads its answers is bounded and cut, others go on', async () => {
    await using running = await RunningStandalone.start()
    for (let count = 0; count < 40; count += 1) {
      await running.ask(RequestCode.SEND_MESSAGE_V2, sendFields('T'), Buffer.alloc(100_000))
    }
    const socket = await open(running.server.brokerAddress)
    socket.pause()
    const fields = JSON.stringify(pullFields('T')).replace(/:(-?\d+|true|false)/g, ':"$1"')
    for (let opaque = 0; opaque < 2000; opaque += 1) {
      socket.write(frame(`{"code":11,"extFields":${fields},"flag":0,"opaque":${opaque}}`))
    }
    for (let count = 0; count < 20; count += 1) await expectAlive(running)
    expect(process.memoryUsage().rss).toBeLessThan(1024 * 1024 * 1024)
    socket.destroy()
    await expectAlive(running)
  })
})
