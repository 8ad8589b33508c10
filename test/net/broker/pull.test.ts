/** Pulls as clients see them: statuses, filters, long polling. */
import { describe, expect, it } from 'vitest'
import { encodeProperties } from '../../../engine/format/properties-codec.ts'
import { messagesIn } from '../../../engine/format/stored-message.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../net/protocol/response-code.ts'
import { createRequest, type RemotingCommand } from '../../../net/remoting/remoting-command.ts'
import { pullFields, RunningStandalone, sendFields } from '../../helpers/running-standalone.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'
import { until, whenBuilt } from '../../helpers/until.ts'
import { RawPeer } from '../remoting/raw-peer.ts'

const { PULL_MESSAGE, LITE_PULL_MESSAGE, SEND_MESSAGE_V2 } = RequestCode
/** Suspend, and a subscription of its own. */
const SUSPEND = 2 | 4

async function send(running: RunningStandalone, text: string, tags?: string): Promise<void> {
  const i = tags === undefined ? '' : encodeProperties(new Map([['TAGS', tags]])).toString()
  const answer = await running.ask(SEND_MESSAGE_V2, sendFields('T', { i }), Buffer.from(text))
  expect(answer.code).toBe(0)
}

/** What was sent has its unit in the queue. */
function built(running: RunningStandalone): Promise<void> {
  return whenBuilt(running.server.broker.store)
}

/** Loans of the log's segments to sockets. */
function loanCount(running: RunningStandalone): number {
  const { segments } = running.server.broker.store.log
  return [...segments].reduce((sum, { references }) => sum + references, 0)
}

function texts(answer: RemotingCommand): string[] {
  return [...messagesIn(answer.body)].map((message) => message.body.toString())
}

function offsets(answer: RemotingCommand): number[] {
  return ['nextBeginOffset', 'minOffset', 'maxOffset', 'suggestWhichBrokerId'].map((name) =>
    Number(answer.extFields.get(name)),
  )
}

describe('a pull', () => {
  it.each([
    [PULL_MESSAGE, 'JSON'],
    [LITE_PULL_MESSAGE, 'JSON'],
    [PULL_MESSAGE, 'ROCKETMQ'],
  ] as const)('with code %i in %s returns records and where to go on', async (code, type) => {
    await using running = await RunningStandalone.start()
    for (const text of ['a', 'b', 'c']) await send(running, text)
    await built(running)
    const fields = pullFields('T', { queueOffset: 1, maxMsgNums: 1 })
    const answer = await running.ask(code, fields, undefined, type)
    expect(answer.code).toBe(ResponseCode.SUCCESS)
    expect(answer.remark).toBe('FOUND')
    expect(texts(answer)).toEqual(['b'])
    expect(offsets(answer)).toEqual([2, 0, 3, 0])
  })

  it.each([
    ['at the end', 3, ResponseCode.PULL_NOT_FOUND, 3],
    ['beyond the end', 9, ResponseCode.PULL_OFFSET_MOVED, 3],
    ['before the start', -1, ResponseCode.PULL_OFFSET_MOVED, 0],
  ])('%s tells the consumer where to go', async (_where, queueOffset, code, next) => {
    await using running = await RunningStandalone.start()
    for (const text of ['a', 'b', 'c']) await send(running, text)
    await built(running)
    const answer = await running.ask(PULL_MESSAGE, pullFields('T', { queueOffset }))
    expect(answer.code).toBe(code)
    expect(offsets(answer)).toEqual([next, 0, 3, 0])
  })

  it('of an empty queue is not found at 0, and moved from anywhere else', async () => {
    await using running = await RunningStandalone.start()
    await send(running, 'a')
    const empty = (queueOffset: number) =>
      running.ask(PULL_MESSAGE, pullFields('T', { queueId: 3, queueOffset }))
    expect((await empty(0)).code).toBe(ResponseCode.PULL_NOT_FOUND)
    const moved = await empty(5)
    expect(moved.code).toBe(ResponseCode.PULL_OFFSET_MOVED)
    expect(offsets(moved)).toEqual([0, 0, 0, 0])
  })

  it('returns large records byte for byte, across segments', async () => {
    await using running = await RunningStandalone.start()
    const bodies = Array.from({ length: 12 }, (_, index) => `${index}`.repeat(200_000))
    for (const body of bodies) await send(running, body)
    await built(running)
    const seen: string[] = []
    for (let queueOffset = 0; queueOffset < bodies.length; queueOffset = seen.length) {
      seen.push(...texts(await running.ask(PULL_MESSAGE, pullFields('T', { queueOffset }))))
    }
    expect(seen.map((text) => text.length)).toEqual(bodies.map((text) => text.length))
    expect(seen).toEqual(bodies)
  })

  it('is answered byte for byte to a consumer that reads late, with others between', async () => {
    await using running = await RunningStandalone.start()
    const random = new SeededRandom(2)
    const bodies = Array.from({ length: 64 }, () => random.bytes(100 + random.below(3000)))
    for (const [index, body] of bodies.entries()) {
      const i = encodeProperties(new Map([['KEYS', `k${index}`]])).toString()
      // Another queue's records lie between, so each is a stretch of its own.
      await running.ask(SEND_MESSAGE_V2, sendFields('T', { i, e: 1 }), Buffer.from('between'))
      await running.ask(SEND_MESSAGE_V2, sendFields('T', { i }), body)
    }
    await built(running)
    const peer = await RawPeer.connect(Number(running.server.brokerAddress.split(':')[1]))
    peer.socket.pause()
    const pulls = Array.from({ length: 400 }, (_, opaque) => {
      const queueOffset = (opaque * 32) % bodies.length
      const fields = Object.entries(pullFields('T', { queueOffset }))
      const extFields = new Map(fields.map(([name, value]) => [name, String(value)]))
      return { ...createRequest(PULL_MESSAGE, { extFields }), opaque }
    })
    peer.send(...pulls)
    await until(() => loanCount(running) > 0)
    peer.socket.resume()
    const answers = await peer.receive(pulls.length)
    for (const [opaque, answer] of answers.entries()) {
      expect(answer.opaque).toBe(opaque)
      const first = (opaque * 32) % bodies.length
      const records = [...messagesIn(answer.body)].map(({ body }) => body)
      expect(records).toHaveLength(32)
      const sent = Buffer.concat(bodies.slice(first, first + 32))
      expect(Buffer.concat(records).equals(sent), `pull ${opaque}`).toBe(true)
    }
    await until(() => loanCount(running) === 0)
    await peer.close()
  })

  it('commits the offset that comes with it', async () => {
    await using running = await RunningStandalone.start()
    await send(running, 'a')
    await running.ask(PULL_MESSAGE, pullFields('T', { sysFlag: 1 | 4, commitOffset: 1 }))
    expect(running.server.broker.config.brokerName).not.toBe('')
    const query = { consumerGroup: 'readers', topic: 'T', queueId: 0 }
    const answer = await running.ask(RequestCode.QUERY_CONSUMER_OFFSET, query)
    expect(answer.extFields.get('offset')).toBe('1')
  })
})

describe('a filter by tags', () => {
  it('lets through what the queue says has one of the tags', async () => {
    await using running = await RunningStandalone.start()
    for (const tag of ['red', 'blue', 'green', 'red']) await send(running, tag, tag)
    await built(running)
    const subscription = 'red || green'
    const answer = await running.ask(PULL_MESSAGE, pullFields('T', { subscription }))
    expect(texts(answer)).toEqual(['red', 'green', 'red'])
    const none = await running.ask(PULL_MESSAGE, pullFields('T', { subscription: 'black' }))
    expect(none.code).toBe(ResponseCode.PULL_RETRY_IMMEDIATELY)
    expect(offsets(none)[0]).toBe(4)
  })
})

describe('a pull is refused', () => {
  it.each([
    ['a missing topic', { topic: 'Missing' }, ResponseCode.TOPIC_NOT_EXIST],
    ['a queue that is not there', { queueId: 99 }, ResponseCode.INVALID_PARAMETER],
    ['a subscription that nobody sent', { sysFlag: 0 }, ResponseCode.SUBSCRIPTION_NOT_EXIST],
  ])('for %s', async (_what, fields, code) => {
    await using running = await RunningStandalone.start()
    await send(running, 'a')
    expect((await running.ask(PULL_MESSAGE, pullFields('T', fields))).code).toBe(code)
  })

  it('for a group that may not be made', async () => {
    await using running = await RunningStandalone.start({ autoCreateSubscriptionGroup: false })
    await send(running, 'a')
    const answer = await running.ask(PULL_MESSAGE, pullFields('T'))
    expect(answer.code).toBe(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST)
  })
})

describe('long polling', () => {
  // For longer than an answer is waited for. Requests of one connection are taken in their order,
  // so a pull waits already when the next one comes.
  const waiting = (running: RunningStandalone, more: Record<string, string | number> = {}) =>
    running.ask(
      PULL_MESSAGE,
      pullFields('T', { sysFlag: SUSPEND, suspendTimeoutMillis: 60_000, ...more }),
    )

  it('answers when a message comes', async () => {
    await using running = await RunningStandalone.start()
    await send(running, 'a')
    await built(running)
    const pull = waiting(running, { queueOffset: 1 })
    await send(running, 'b')
    expect(texts(await pull)).toEqual(['b'])
  })

  it('answers not found when its time is up', async () => {
    await using running = await RunningStandalone.start()
    await send(running, 'a')
    await built(running)
    const started = performance.now()
    const answer = await waiting(running, { queueOffset: 1, suspendTimeoutMillis: 300 })
    expect(answer.code).toBe(ResponseCode.PULL_NOT_FOUND)
    expect(performance.now() - started).toBeGreaterThanOrEqual(290)
  })

  it('is not ended by a message that the filter does not want', async () => {
    await using running = await RunningStandalone.start()
    await send(running, 'a', 'red')
    await built(running)
    const pull = waiting(running, { queueOffset: 1, subscription: 'blue' })
    await send(running, 'b', 'red')
    await send(running, 'c', 'blue')
    expect(texts(await pull)).toEqual(['c'])
  })

  it('is answered when its topic is deleted', async () => {
    await using running = await RunningStandalone.start()
    await send(running, 'a')
    await built(running)
    const pull = waiting(running, { queueOffset: 1 })
    await running.ask(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: 'T' })
    expect((await pull).code).not.toBe(0)
  })

  it('never misses an arrival, whenever it comes (seeded)', async () => {
    const random = new SeededRandom(Number(process.env['AGENA_SEED'] ?? Date.now() % 2 ** 31))
    await using running = await RunningStandalone.start()
    await send(running, 'first')
    for (let queueOffset = 1; queueOffset <= 300; queueOffset += 1) {
      const pull = waiting(running, { queueOffset })
      const pause = random.below(5)
      if (pause === 1) await new Promise((resolve) => setImmediate(resolve))
      if (pause === 2) await new Promise((resolve) => setTimeout(resolve, random.below(3)))
      const sent = send(running, String(queueOffset))
      expect(texts(await pull), `seed ${random.seed}`).toEqual([String(queueOffset)])
      await sent
    }
  })
})
