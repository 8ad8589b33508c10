/**
 * Goal: a disk that cannot give back a record costs whoever asks for it a clear answer, and
 * nobody else anything; what it gives back later is delivered then, and nothing is lost.
 * Method: a broker over a store whose reads from the disk the test makes fail as the system does.
 */
import { expect, test } from 'vitest'
import { StoreError } from '../../../engine/base/errors.ts'
import { encodeProperties } from '../../../engine/format/properties-codec.ts'
import { messagesIn } from '../../../engine/format/stored-message.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../net/protocol/response-code.ts'
import { DrivenBroker } from '../../helpers/driven-broker.ts'
import { pullFields, sendFields } from '../../helpers/running-standalone.ts'
import { until, whenBuilt } from '../../helpers/until.ts'

const { CONSUMER_SEND_MSG_BACK, PULL_MESSAGE, SEND_MESSAGE_V2, VIEW_MESSAGE_BY_ID } = RequestCode

/** What the system says of a bad sector. */
function badSector(path: string): StoreError {
  const cause = Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' })
  return new StoreError('STORE_IO_FAILED', `cannot read ${path} at 0`, { cause })
}

async function send(broker: DrivenBroker, text: string, delay?: number): Promise<number> {
  const properties = delay === undefined ? [] : [['DELAY', String(delay)] as const]
  const i = encodeProperties(new Map(properties)).toString()
  const answer = await broker.ask(SEND_MESSAGE_V2, sendFields('T', { i }), Buffer.from(text))
  expect(answer.code).toBe(ResponseCode.SUCCESS)
  return broker.store.log.lastPhysicalOffset
}

/** The first message lies on a bad sector, the others do not. */
async function startDamaged(lines: string[]): Promise<DrivenBroker> {
  const note = (line: string): void => void lines.push(line)
  const broker = await DrivenBroker.start({}, { logger: { info: note, warn: note, error: note } })
  const bad = await send(broker, 'bad')
  await send(broker, 'good')
  await whenBuilt(broker.store)
  broker.store.isCold = (start) => start === bad
  broker.store.onWarm = ([range]) => Promise.reject(badSector(range!.path))
  return broker
}

test('a pull of what cannot be read is told why, others are served', async () => {
  await using broker = await startDamaged([])
  const one = { maxMsgNums: 1, sysFlag: 2 | 4, suspendTimeoutMillis: 20_000 }
  const failed = await broker.ask(PULL_MESSAGE, pullFields('T', one))
  expect(failed.code).toBe(ResponseCode.SYSTEM_ERROR)
  expect(failed.remark).toMatch(/cannot read .*EIO/)
  const good = await broker.ask(PULL_MESSAGE, pullFields('T', { ...one, queueOffset: 1 }))
  expect([...messagesIn(good.body)].map(({ body }) => body.toString())).toEqual(['good'])
  // It was not lost: when the disk gives it back, so does the broker.
  broker.store.isCold = () => false
  const back = await broker.ask(PULL_MESSAGE, pullFields('T', { maxMsgNums: 2 }))
  expect([...messagesIn(back.body)].map(({ body }) => body.toString())).toEqual(['bad', 'good'])
})

test('a look-up and a message that comes back are told why, others are served', async () => {
  await using broker = await startDamaged([])
  const offset = 0
  const view = await broker.ask(VIEW_MESSAGE_BY_ID, { offset })
  expect([view.code, view.remark]).toEqual([
    ResponseCode.SYSTEM_ERROR,
    expect.stringMatching(/cannot read .*EIO/),
  ])
  const fields = { group: 'readers', delayLevel: 0 }
  await broker.ask(PULL_MESSAGE, pullFields('T', { queueOffset: 1 }))
  const back = await broker.ask(CONSUMER_SEND_MSG_BACK, { ...fields, offset })
  expect([back.code, back.remark]).toEqual([
    ResponseCode.SYSTEM_ERROR,
    expect.stringMatching(/cannot read .*EIO/),
  ])
  const good = await broker.ask(PULL_MESSAGE, pullFields('T', { queueOffset: 1 }))
  const [message] = [...messagesIn(good.body)]
  const goodOffset = message!.physicalOffset
  expect((await broker.ask(VIEW_MESSAGE_BY_ID, { offset: goodOffset })).code).toBe(0)
  expect((await broker.ask(CONSUMER_SEND_MSG_BACK, { ...fields, offset: goodOffset })).code).toBe(0)
})

test('a delayed message is delivered when the disk gives it back, others meanwhile', async () => {
  const lines: string[] = []
  const note = (line: string): void => void lines.push(line)
  await using broker = await DrivenBroker.start(
    { store: { delayLevels: '1s 2s' } },
    { logger: { info: note, warn: note, error: note } },
  )
  let failureCount = 0
  // Before the first is due, however slow the machine: it begins the log.
  broker.store.isCold = (start) => start === 0
  broker.store.onWarm = ([range]) => {
    failureCount += 1
    // It comes back at the third try.
    if (failureCount === 3) broker.store.isCold = () => false
    return failureCount < 3 ? Promise.reject(badSector(range!.path)) : Promise.resolve()
  }
  expect(await send(broker, 'bad', 1)).toBe(0)
  await send(broker, 'good', 2)
  await until(() => broker.store.maxQueueOffset('T', 0) === 2)
  await whenBuilt(broker.store)
  const pulled = await broker.ask(PULL_MESSAGE, pullFields('T'))
  const bodies = [...messagesIn(pulled.body)].map(({ body }) => body.toString())
  expect(bodies.sort()).toEqual(['bad', 'good'])
  expect(lines.filter((line) => /message 0 of delay level 1: .*EIO/.test(line))).toHaveLength(2)
})
