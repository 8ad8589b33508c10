/**
 * What clients of a broker see when its disk fails under a sync flush.
 * Method: the segment's descriptor is made one of /dev/null, which takes every write and can be
 * synced by nobody.
 */
import { expect, test } from 'vitest'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../net/protocol/response-code.ts'
import { replaceDescriptor } from '../../helpers/replaced-descriptor.ts'
import { pullFields, RunningStandalone, sendFields } from '../../helpers/running-standalone.ts'
import { whenBuilt } from '../../helpers/until.ts'

const { PULL_MESSAGE, SEND_MESSAGE_V2 } = RequestCode

test('a flush that fails is acknowledged to nobody, and the broker only reads', async () => {
  await using running = await RunningStandalone.start({ store: { flush: 'sync' } })
  const send = (text: string) => running.ask(SEND_MESSAGE_V2, sendFields('T'), Buffer.from(text))
  expect((await send('kept')).code).toBe(ResponseCode.SUCCESS)
  const { store } = running.server.broker
  await whenBuilt(store)
  const pull = () => running.ask(PULL_MESSAGE, pullFields('T', { maxMsgNums: 1 }))
  // The log is mapped from now on: /dev/null could not be.
  await pull()
  replaceDescriptor(store.log.segments.last?.fd ?? -1, '/dev/null', 'r+')

  const together = await Promise.all(['lost', 'lost too'].map(send))
  for (const answer of [...together, await send('late')]) {
    expect(answer.code).toBe(ResponseCode.SERVICE_NOT_AVAILABLE)
    expect(answer.remark).toContain('service not available now')
    // The thread that builds queues may come first: it finds nothing where something was written.
    expect(answer.remark).toMatch(/cannot flush|holds no whole record/)
    expect(answer.extFields.has('msgId')).toBe(false)
  }
  const pulled = await pull()
  expect(pulled.code).toBe(ResponseCode.SUCCESS)
  expect(pulled.body.includes('kept')).toBe(true)
})
