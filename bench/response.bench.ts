/** What it costs to write a response: generic, and by the builders of the hot commands. */
import { hostOf } from '../engine/format/host.ts'
import {
  buildPullResponseHead,
  PULL_RESPONSE_HEAD_BYTES_MAX,
  PullResponseValues,
} from '../net/protocol/pull-response-builder.ts'
import { SendResponseBuilder, SendResponseValues } from '../net/protocol/send-response-builder.ts'
import { encodeFrame } from '../net/remoting/command-codec.ts'
import { createRequest, createResponse } from '../net/remoting/remoting-command.ts'
import type { BenchSuite } from './suite.ts'

const RESPONSE_COUNT = 200
const TRANSACTION_ID = Buffer.from('C0A801021F9014DAD5DC0A3B5C7D0001')

export const responses: BenchSuite = {
  name: 'response',
  open: () => ({
    tasks: [
      { name: 'send, built', unitCount: RESPONSE_COUNT, run: sendBuilt() },
      { name: 'send, generic', unitCount: RESPONSE_COUNT, run: sendGeneric },
      { name: 'pull head, built', unitCount: RESPONSE_COUNT, run: pullBuilt() },
    ],
  }),
}

function sendBuilt(): () => void {
  const builder = new SendResponseBuilder({
    storeHost: hostOf('127.0.0.1', 10911),
    regionId: 'DefaultRegion',
    traceOn: true,
  })
  const values = new SendResponseValues()
  values.transactionId = TRANSACTION_ID
  values.transactionIdEnd = TRANSACTION_ID.length
  values.isPlainTransactionId = true
  const output = Buffer.alloc(RESPONSE_COUNT * builder.bytesMax(values))
  return () => {
    let at = 0
    for (let index = 0; index < RESPONSE_COUNT; index++) {
      values.opaque = 1_000_000 + index
      values.queueOffset = 123_456 + index
      values.physicalOffset = 987_654_321 + index
      at = builder.build(values, output, at)
    }
  }
}

function sendGeneric(): void {
  const request = createRequest(310)
  for (let index = 0; index < RESPONSE_COUNT; index++) {
    const extFields = new Map([
      ['MSG_REGION', 'DefaultRegion'],
      ['TRACE_ON', 'true'],
      ['msgId', '7F00000100002A9F000000003ADE68B1'],
      ['queueId', '3'],
      ['queueOffset', String(123_456 + index)],
      ['transactionId', TRANSACTION_ID.toString('latin1')],
    ])
    encodeFrame(createResponse({ ...request, opaque: index }, 0, { extFields }))
  }
}

function pullBuilt(): () => void {
  const values = new PullResponseValues()
  const remark = values.remark.length
  const output = Buffer.alloc(RESPONSE_COUNT * (PULL_RESPONSE_HEAD_BYTES_MAX + remark))
  return () => {
    let at = 0
    for (let index = 0; index < RESPONSE_COUNT; index++) {
      values.opaque = 1_000_000 + index
      values.nextBeginOffset = 123_456 + index
      values.maxOffset = 999_999
      at = buildPullResponseHead(values, output, at)
    }
  }
}
