/** Goal: ext fields written as text are those that the table writes, whatever they hold. */
import { expect, test } from 'vitest'
import { encodeHeaderFields } from '../../../net/protocol/header-table.ts'
import {
  SendHeaderWriter,
  type SendMessageRequestHeader,
  SendMessageRequestHeaderV2,
  toShortNames,
} from '../../../net/protocol/send-message.ts'

const defaults = { producerGroup: 'a "group"', defaultTopic: 'TBW102', defaultTopicQueueNums: 4 }
const plain = {
  topic: 'Orders',
  queueId: 3,
  sysFlag: 0,
  bornTimestamp: 1_795_233_623_639,
  flag: 0,
  properties: 'KEYS\u0001a b\u0002WAIT\u0001true\u0002',
  reconsumeTimes: 0,
  unitMode: false,
  batch: false,
  maxReconsumeTimes: undefined,
  bname: 'broker-a',
}

test.each<Partial<SendMessageRequestHeader>>([
  {},
  { sysFlag: 257, flag: -1, batch: true, queueId: -1 },
  { properties: 'ü\u0001"\\\u0002\ud83d\ude00\u0001\n\u0002', topic: '%RETRY%g' },
  { properties: undefined, bname: undefined },
  { reconsumeTimes: 3, maxReconsumeTimes: 16, bname: 'ä"\\', unitMode: true },
])('%o', (changed) => {
  const header = { ...plain, ...changed }
  const text = new SendHeaderWriter(defaults).write(header)
  const table = encodeHeaderFields(
    SendMessageRequestHeaderV2,
    toShortNames({ ...defaults, ...header }),
  )
  const written = JSON.parse(`{${text}}`) as Record<string, string>
  expect(Object.entries(written)).toEqual([...table])
})
