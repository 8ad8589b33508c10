/** Goal: names are refused by the code and with the words that RocketMQ's users know. */
import { expect, test } from 'vitest'
import { BrokerError } from '../../../../net/broker/broker-error.ts'
import {
  flawOfGroupName,
  isNotAllowedSendTopic,
  isSystemTopic,
  popRetryTopicsOf,
  retryTopicOf,
  validateGroupName,
  validateTopicName,
} from '../../../../net/broker/topics/topic-validator.ts'
import { ResponseCode } from '../../../../net/protocol/response-code.ts'

const ALLOWED = 'contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$'

function flawOfTopicName(topic: string): string | undefined {
  try {
    validateTopicName(topic)
    return undefined
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error
    expect(error.responseCode).toBe(ResponseCode.INVALID_PARAMETER)
    return error.message
  }
}

test.each([
  ['orders', undefined],
  ['%|aZ09_-', undefined],
  ['a'.repeat(127), undefined],
  [`%RETRY%${'a'.repeat(248)}`, undefined],
  [`%DLQ%${'a'.repeat(250)}`, undefined],
  ['', 'The specified topic is blank.'],
  [' \t', 'The specified topic is blank.'],
  ['a.b', `The specified topic: a.b, ${ALLOWED}`],
  ['a\nb', `The specified topic: a\nb, ${ALLOWED}`],
  ['größe', `The specified topic: größe, ${ALLOWED}`],
])('topic %j', (topic, flaw) => {
  expect(flawOfTopicName(topic)).toBe(flaw)
})

test('topics that are too long', () => {
  const long = 'a'.repeat(128)
  const ofTopic = `The specified topic: ${long}, is longer than topic max length: 127`
  expect(flawOfTopicName(long)).toBe(ofTopic)
  const retry = `%RETRY%${'a'.repeat(249)}`
  expect(flawOfTopicName(retry)).toBe(
    `The specified topic is DLQ or Retry topic: ${retry}, ` +
      "and it's longer than topic max length: 255",
  )
})

test('groups', () => {
  const long = 'a'.repeat(121)
  expect(flawOfGroupName('a'.repeat(120))).toBeUndefined()
  expect(flawOfGroupName(' ')).toBe('The specified group is blank.')
  expect(flawOfGroupName('a@b')).toBe(`The specified group: a@b, ${ALLOWED}`)
  expect(flawOfGroupName(long)).toBe(
    `The specified group: ${long}, is longer than group max length: 120`,
  )
  expect(() => validateGroupName(long)).toThrow(BrokerError)
})

test('topics of the system', () => {
  const own = ['TBW102', 'SCHEDULE_TOPIC_XXXX', 'RMQ_SYS_ROCKSDB_TRANS_HALF_TOPIC', 'rmq_sys_any']
  expect(own.filter(isSystemTopic)).toEqual(own)
  expect(isSystemTopic('orders')).toBe(false)
  expect(['SCHEDULE_TOPIC_XXXX', 'SELF_TEST_TOPIC', 'TBW102'].map(isNotAllowedSendTopic)).toEqual([
    true,
    true,
    false,
  ])
})

test('topics of retries', () => {
  expect(retryTopicOf('shop')).toBe('%RETRY%shop')
  expect(popRetryTopicsOf('orders', 'shop')).toEqual(['%RETRY%shop+orders', '%RETRY%shop_orders'])
})
