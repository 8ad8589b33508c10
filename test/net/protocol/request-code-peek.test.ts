import { expect, test } from 'vitest'
import { CODE_UNKNOWN, peekRequestCode } from '../../../net/protocol/request-code-peek.ts'
import { fixtureBytes, rawFrameOf } from '../raw-frame.ts'
import { jsonFrame } from './request-fuzz.ts'

test.each([
  ['send-message-v2-310.json.frame', 310],
  ['send-message-v2-310.rocketmq.frame', 310],
  ['pull-message-11.json.frame', 11],
  ['pull-message-11.rocketmq.frame', 11],
])('the code of %s is %i', (name, code) => {
  expect(peekRequestCode(rawFrameOf(fixtureBytes(name))!)).toBe(code)
})

test.each([
  ['{"flag":0,"code":310}'],
  ['{ "code":310}'],
  ['{"code":"310"}'],
  ['{"code":-1}'],
  ['{"code":12345678901}'],
  ['{"code":'],
  ['{'],
  [''],
])('%s is left to the generic codec', (header) => {
  const frame = rawFrameOf(jsonFrame(header, Buffer.alloc(9, '1')))!
  expect(peekRequestCode(frame)).toBe(CODE_UNKNOWN)
})
