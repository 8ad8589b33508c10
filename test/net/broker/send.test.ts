/** Sends as clients see them: what is stored, what is answered, what is refused and why. */
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { silentLogger } from '../../../engine/base/logger.ts'
import { encodeBatch } from '../../../engine/format/batch-format.ts'
import { encodeProperties } from '../../../engine/format/properties-codec.ts'
import { decodeMessage, type StoredMessage } from '../../../engine/format/stored-message.ts'
import { MULTI_TAGS_FLAG } from '../../../engine/format/sys-flag.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../net/protocol/response-code.ts'
import { RemotingClient } from '../../../net/remoting/remoting-client.ts'
import { createRequest } from '../../../net/remoting/remoting-command.ts'
import { RunningStandalone, sendFields } from '../../helpers/running-standalone.ts'

const { SEND_MESSAGE_V2, SEND_MESSAGE, SEND_BATCH_MESSAGE } = RequestCode

function properties(entries: Record<string, string>): string {
  return encodeProperties(new Map(Object.entries(entries))).toString()
}

async function stored(running: RunningStandalone, messageId: string): Promise<StoredMessage> {
  const offset = Number.parseInt(messageId.slice(-16), 16)
  const answer = await running.ask(RequestCode.VIEW_MESSAGE_BY_ID, { offset })
  expect(answer.code).toBe(ResponseCode.SUCCESS)
  return decodeMessage(answer.body)
}

describe('a send', () => {
  it.each(['JSON', 'ROCKETMQ'] as const)(
    'in %s is stored and answered with its place',
    async (type) => {
      await using running = await RunningStandalone.start()
      const fields = sendFields('T', { e: 2, h: 7, i: properties({ KEYS: 'k', own: 'ä"\\' }) })
      const body = Buffer.from('hello')
      const first = await running.ask(SEND_MESSAGE_V2, fields, body, type)
      const second = await running.ask(SEND_MESSAGE_V2, fields, body, type)
      expect([first.code, second.code]).toEqual([0, 0])
      expect(second.extFields.get('queueId')).toBe('2')
      expect(second.extFields.get('queueOffset')).toBe('1')
      expect(second.extFields.get('MSG_REGION')).toBe('DefaultRegion')
      expect(second.extFields.get('TRACE_ON')).toBe('true')
      const message = await stored(running, second.extFields.get('msgId') ?? '')
      expect(message).toMatchObject({ topic: 'T', queueId: 2, queueOffset: 1, flag: 7 })
      expect(message.messageId).toBe(second.extFields.get('msgId'))
      expect(message.body.toString()).toBe('hello')
      expect(message.bornTimestampMs).toBe(1_700_000_000_000)
      const { UNIQ_KEY, ...rest } = Object.fromEntries(message.properties)
      expect(UNIQ_KEY).toBe(second.extFields.get('transactionId'))
      expect(rest).toEqual({
        KEYS: 'k',
        own: 'ä"\\',
        MSG_REGION: 'DefaultRegion',
        TRACE_ON: 'true',
        CLUSTER: 'DefaultCluster',
      })
    },
  )

  it('to a new topic is answered when the topic is on the disk', async () => {
    await using running = await RunningStandalone.start()
    const table = join(running.directory, 'config', 'topics.json')
    for (const topic of ['First', 'Second', 'Third']) {
      const send = () => running.ask(SEND_MESSAGE_V2, sendFields(topic), Buffer.from('x'))
      const answers = await Promise.all([send(), send(), send()])
      const saved = readFileSync(table, 'utf8')
      expect(saved).toContain(`"${topic}"`)
      const offsets = answers.map(({ extFields }) => extFields.get('queueOffset'))
      expect(offsets).toEqual(['0', '1', '2'])
    }
  })

  it('to new topics that come all at once is answered each, and saves are shared', async () => {
    await using running = await RunningStandalone.start()
    const table = join(running.directory, 'config', 'topics.json')
    const topics = Array.from({ length: 300 }, (_, index) => `Topic${index}`)
    const clients = Array.from({ length: 30 }, () => new RemotingClient({}))
    let replaced = 0
    let last = ''
    const send = async (topic: string, index: number) => {
      const extFields = new Map(
        Object.entries(sendFields(topic)).map(([name, value]) => [name, String(value)]),
      )
      const request = createRequest(SEND_MESSAGE_V2, { extFields, body: Buffer.from('x') })
      const client = clients[index % clients.length]
      const answer = await client?.invoke(running.server.brokerAddress, request, 10_000)
      expect(answer?.code).toBe(ResponseCode.SUCCESS)
      const saved = readFileSync(table, 'utf8')
      expect(saved).toContain(`"${topic}"`)
      if (saved !== last) replaced += 1
      last = saved
    }
    await Promise.all(topics.map(send))
    await Promise.all(clients.map((client) => client.close()))
    expect(replaced).toBeLessThan(topics.length / 5)
  })

  it('to a new topic goes on when the topic cannot be saved, which is logged', async () => {
    const errors: string[] = []
    const logger = { ...silentLogger, error: (message: string) => void errors.push(message) }
    await using running = await RunningStandalone.start({}, { logger })
    // Where the table would be written before it is moved into place stands a folder.
    const obstacle = join(running.directory, 'config', 'topics.json.tmp')
    mkdirSync(obstacle, { recursive: true })
    const send = (topic: string) =>
      running.ask(SEND_MESSAGE_V2, sendFields(topic), Buffer.from(topic))
    const answers = await Promise.all(['First', 'Second', 'First'].map(send))
    expect(answers.map(({ code }) => code)).toEqual([0, 0, 0])
    expect(errors).toContainEqual(expect.stringMatching(/cannot save .*topics\.json: .*EISDIR/))
    rmdirSync(obstacle)
    expect((await send('Third')).code).toBe(ResponseCode.SUCCESS)
    const saved = readFileSync(join(running.directory, 'config', 'topics.json'), 'utf8')
    for (const topic of ['First', 'Second', 'Third']) expect(saved).toContain(`"${topic}"`)
  })

  it('with long names is stored the same', async () => {
    await using running = await RunningStandalone.start()
    const answer = await running.ask(SEND_MESSAGE, {
      producerGroup: 'writers',
      topic: 'T',
      defaultTopic: 'TBW102',
      defaultTopicQueueNums: 4,
      queueId: 1,
      sysFlag: 0,
      bornTimestamp: 5,
      flag: 0,
      properties: properties({ UNIQ_KEY: 'mine', CLUSTER: 'elsewhere' }),
    })
    const message = await stored(running, answer.extFields.get('msgId') ?? '')
    expect(message.properties.get('UNIQ_KEY')).toBe('mine')
    expect(message.properties.get('CLUSTER')).toBe('DefaultCluster')
    expect(message.body).toHaveLength(0)
  })

  it('to a topic of several tags a message is marked so', async () => {
    await using running = await RunningStandalone.start()
    const created = await running.ask(RequestCode.UPDATE_AND_CREATE_TOPIC, {
      topic: 'T',
      defaultTopic: 'TBW102',
      readQueueNums: 4,
      writeQueueNums: 4,
      perm: 6,
      topicFilterType: 'MULTI_TAG',
      order: false,
    })
    expect(created.code).toBe(0)
    const answer = await running.ask(SEND_MESSAGE_V2, sendFields('T'), Buffer.from('x'))
    const message = await stored(running, answer.extFields.get('msgId') ?? '')
    expect(message.sysFlag).toBe(MULTI_TAGS_FLAG)
  })

  it('makes its topic with the queues that the sender wishes, at most eight', async () => {
    await using running = await RunningStandalone.start()
    await running.ask(SEND_MESSAGE_V2, sendFields('Few', { d: 2 }))
    await running.ask(SEND_MESSAGE_V2, sendFields('Many', { d: 100 }))
    const config = async (topic: string) => {
      const answer = await running.ask(RequestCode.GET_TOPIC_CONFIG, { topic })
      return JSON.parse(answer.body.toString())
    }
    expect(await config('Few')).toMatchObject({ readQueueNums: 2, writeQueueNums: 2, perm: 6 })
    expect(await config('Many')).toMatchObject({ readQueueNums: 8, writeQueueNums: 8, perm: 6 })
  })

  it('lets the broker choose the queue', async () => {
    await using running = await RunningStandalone.start()
    const answer = await running.ask(SEND_MESSAGE_V2, sendFields('T', { e: -1 }))
    expect(Number(answer.extFields.get('queueId'))).toBeGreaterThanOrEqual(0)
    expect(Number(answer.extFields.get('queueId'))).toBeLessThan(4)
  })

  it('waits for its flush in sync mode', async () => {
    await using running = await RunningStandalone.start({ store: { flush: 'sync' } })
    const { store } = running.server.broker
    for (let round = 0; round < 10; round += 1) {
      const answer = await running.ask(SEND_MESSAGE_V2, sendFields('T'), Buffer.alloc(5000))
      const offset = Number.parseInt(answer.extFields.get('msgId')?.slice(-16) ?? '', 16)
      expect(store.flushedOffset).toBeGreaterThan(offset)
    }
    const unsynced = sendFields('T', { i: properties({ WAIT: 'false' }) })
    expect((await running.ask(SEND_MESSAGE_V2, unsynced)).code).toBe(0)
  })

  it('keeps order and loses nothing while segments roll under many connections', async () => {
    await using running = await RunningStandalone.start()
    const body = Buffer.alloc(20_000, 'b')
    const sends = Array.from({ length: 400 }, (_, index) =>
      running.ask(SEND_MESSAGE_V2, sendFields('T', { e: index % 4, g: index }), body),
    )
    const answers = await Promise.all(sends)
    expect(answers.every(({ code }) => code === 0)).toBe(true)
    const offsets = answers.map(({ extFields }) => Number(extFields.get('queueOffset')))
    expect(offsets).toEqual(answers.map((_, index) => Math.floor(index / 4)))
    expect(running.server.broker.store.log.segments.count).toBeGreaterThan(6)
  })
})

describe('a batch', () => {
  const inner = (text: string) => ({
    flag: 1,
    body: Buffer.from(text),
    properties: new Map([['TAGS', text]]),
  })

  it('is stored message by message, and answered with all their ids', async () => {
    await using running = await RunningStandalone.start()
    const body = encodeBatch(['a', 'b', 'c'].map(inner))
    const answer = await running.ask(SEND_BATCH_MESSAGE, sendFields('T', { m: true }), body)
    expect(answer.code).toBe(0)
    expect(answer.extFields.get('queueOffset')).toBe('0')
    const ids = answer.extFields.get('msgId')?.split(',') ?? []
    const messages = await Promise.all(ids.map((id) => stored(running, id)))
    expect(messages.map((message) => message.body.toString())).toEqual(['a', 'b', 'c'])
    expect(messages.map(({ queueOffset }) => queueOffset)).toEqual([0, 1, 2])
    expect(messages.map((message) => message.properties.get('TAGS'))).toEqual(['a', 'b', 'c'])
  })

  it('is answered with the unique key of its sender, and with none otherwise', async () => {
    await using running = await RunningStandalone.start()
    const body = encodeBatch(['a', 'b'].map(inner))
    const send = (more: Record<string, string | boolean | number>) =>
      running.ask(SEND_BATCH_MESSAGE, sendFields('T', { m: true, ...more }), body)
    const named = await send({ i: properties({ UNIQ_KEY: 'mine' }) })
    expect(named.extFields.get('transactionId')).toBe('mine')
    for (const own of [{}, { WAIT: 'true' }, { CLUSTER: 'elsewhere' }]) {
      const nameless = await send({ i: properties(own) })
      expect(nameless.code).toBe(ResponseCode.SUCCESS)
      expect(nameless.extFields.has('transactionId')).toBe(false)
      const [id = ''] = nameless.extFields.get('msgId')?.split(',') ?? []
      expect(Object.fromEntries((await stored(running, id)).properties)).toEqual({ TAGS: 'a' })
    }
  })

  it('that is no sequence of messages leaves nothing behind', async () => {
    await using running = await RunningStandalone.start()
    const body = encodeBatch(['a', 'b'].map(inner))
    const fields = sendFields('T', { m: true })
    for (const broken of [body.subarray(0, -1), Buffer.concat([body, Buffer.from('x')])]) {
      const answer = await running.ask(SEND_BATCH_MESSAGE, fields, broken)
      expect(answer.code).toBe(ResponseCode.MESSAGE_ILLEGAL)
    }
    const delayed = encodeBatch([
      inner('a'),
      { ...inner('b'), properties: new Map([['DELAY', '3']]) },
    ])
    const refused = await running.ask(SEND_BATCH_MESSAGE, fields, delayed)
    expect(refused).toMatchObject({ code: ResponseCode.MESSAGE_ILLEGAL })
    expect(refused.remark).toContain('DELAY')
    const zeroed = Buffer.from(body)
    zeroed[zeroed.length - 2] = 0
    const answer = await running.ask(SEND_BATCH_MESSAGE, fields, zeroed)
    expect(answer).toMatchObject({ code: ResponseCode.MESSAGE_ILLEGAL })
    expect(answer.remark).toContain('U+0000')
    expect(running.server.broker.store.maxQueueOffset('T', 0)).toBe(0)
  })
})

describe('a send is refused', () => {
  it.each([
    ['an unknown topic', { c: 'NoSuchTopic' }, ResponseCode.TOPIC_NOT_EXIST, 'not exist'],
    ['a queue that is not there', { e: 4 }, ResponseCode.INVALID_PARAMETER, 'queueId[4]'],
    ['a topic with illegal characters', { b: 'a b' }, ResponseCode.INVALID_PARAMETER, 'illegal'],
    ['a blank topic', { b: '' }, ResponseCode.INVALID_PARAMETER, 'blank'],
    [
      'a topic of the system',
      { b: 'SCHEDULE_TOPIC_XXXX' },
      ResponseCode.NO_PERMISSION,
      'forbidden',
    ],
    ['a topic that is too long', { b: 't'.repeat(128) }, ResponseCode.INVALID_PARAMETER, '127'],
    [
      'a delay that is no number',
      { i: properties({ DELAY: 'soon' }) },
      ResponseCode.MESSAGE_ILLEGAL,
      'DELAY',
    ],
    [
      'a delay of a batch',
      { i: properties({ DELAY: '3' }), m: true },
      ResponseCode.MESSAGE_ILLEGAL,
      'batches',
    ],
    [
      'a time of delivery',
      { i: properties({ TIMER_DELIVER_MS: '99' }) },
      ResponseCode.MESSAGE_ILLEGAL,
      'TIMER_DELIVER_MS',
    ],
    [
      'a transaction',
      { i: properties({ TRAN_MSG: 'true' }), f: 4 },
      ResponseCode.MESSAGE_ILLEGAL,
      'transactions',
    ],
    [
      'a transaction in capitals',
      { i: properties({ TRAN_MSG: 'TRUE' }) },
      ResponseCode.MESSAGE_ILLEGAL,
      'transactions',
    ],
    [
      'properties that are too long',
      { i: properties({ long: 'p'.repeat(40_000) }) },
      ResponseCode.MESSAGE_ILLEGAL,
      '32767',
    ],
    ['a zero in its properties', { i: 'a\u0001b\0\u0002' }, ResponseCode.MESSAGE_ILLEGAL, 'U+0000'],
  ])('for %s', async (_what, fields, code, remark) => {
    await using running = await RunningStandalone.start()
    const before = running.server.broker.store.log.appendedOffset
    const answer = await running.ask(SEND_MESSAGE_V2, sendFields('T', fields), Buffer.from('x'))
    expect(answer.code).toBe(code)
    expect(answer.remark).toContain(remark)
    expect(running.server.broker.store.log.appendedOffset).toBe(before)
  })

  it('for a body over maxMessageSize', async () => {
    await using running = await RunningStandalone.start({ store: { messageBytesMax: 1000 } })
    const answer = await running.ask(SEND_MESSAGE_V2, sendFields('T'), Buffer.alloc(1001))
    expect(answer.code).toBe(ResponseCode.MESSAGE_ILLEGAL)
    expect(answer.remark).toContain('1000')
  })

  it('for a missing topic that may not be made', async () => {
    await using running = await RunningStandalone.start({ autoCreateTopicEnable: false })
    const answer = await running.ask(SEND_MESSAGE_V2, sendFields('T'))
    expect(answer.code).toBe(ResponseCode.TOPIC_NOT_EXIST)
    expect(answer.remark).toContain('topic[T] not exist')
  })

  it('for a topic that may not be written, and works again when it may', async () => {
    await using running = await RunningStandalone.start()
    const topic = (perm: number) =>
      running.ask(RequestCode.UPDATE_AND_CREATE_TOPIC, {
        topic: 'T',
        defaultTopic: 'TBW102',
        readQueueNums: 4,
        writeQueueNums: 4,
        perm,
        topicFilterType: 'SINGLE_TAG',
        order: false,
      })
    for (const [perm, code] of [
      [6, 0],
      [4, ResponseCode.NO_PERMISSION],
      [6, 0],
    ] as const) {
      await topic(perm)
      expect((await running.ask(SEND_MESSAGE_V2, sendFields('T'))).code).toBe(code)
    }
  })
})
