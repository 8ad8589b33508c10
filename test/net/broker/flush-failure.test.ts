/**
 * What clients of a broker see when its disk fails under a sync flush.
 * Method: the segment's descriptor is made one of /dev/null, which takes every write and can be
 * synced by nobody.
 */
import { closeSync, openSync } from 'node:fs'
import { expect, test } from 'vitest'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../net/protocol/response-code.ts'
import { pullFields, RunningStandalone, sendFields } from '../../helpers/running-standalone.ts'

const { PULL_MESSAGE, SEND_MESSAGE_V2 } = RequestCode
const OTHERS_MAX = 100

function makeUnsyncable(fd: number): void {
  closeSync(fd)
  const others: number[] = []
  for (;;) {
    const opened = openSync('/dev/null', 'r+')
    if (opened === fd) break
    others.push(opened)
    if (others.length === OTHERS_MAX) throw new Error(`another thread took descriptor ${fd}`)
  }
  for (const other of others) closeSync(other)
}

test('a flush that fails is acknowledged to nobody, and the broker only reads', async () => {
  await using running = await RunningStandalone.start({ store: { flush: 'sync' } })
  const send = (text: string) => running.ask(SEND_MESSAGE_V2, sendFields('T'), Buffer.from(text))
  expect((await send('kept')).code).toBe(ResponseCode.SUCCESS)
  const { store } = running.server.broker
  while (store.reputOffset < store.log.writtenOffset) {
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  const pull = () => running.ask(PULL_MESSAGE, pullFields('T', { maxMsgNums: 1 }))
  // The log is mapped from now on: /dev/null could not be.
  await pull()
  makeUnsyncable(store.log.segments.last?.fd ?? -1)

  const started = performance.now()
  const together = await Promise.all(['lost', 'lost too'].map(send))
  expect(performance.now() - started).toBeLessThan(store.config.syncFlushTimeoutMs)
  for (const answer of [...together, await send('late')]) {
    expect(answer.code).toBe(ResponseCode.SERVICE_NOT_AVAILABLE)
    expect(answer.remark).toContain('service not available now')
    // The thread that builds queues may meet the empty file first, and ends writing as well.
    expect(answer.remark).toMatch(/cannot (flush|build queues)/)
    expect(answer.extFields.has('msgId')).toBe(false)
  }
  const pulled = await pull()
  expect(pulled.code).toBe(ResponseCode.SUCCESS)
  expect(pulled.body.includes('kept')).toBe(true)
})
