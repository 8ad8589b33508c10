/** Goal: subscriptions read as Java reads them; the hash codes are those of Java's strings. */
import { expect, test } from 'vitest'
import { subscriptionOf, wants } from '../../../net/client/subscription.ts'

test('all messages', () => {
  for (const filter of ['*', '']) {
    const subscription = subscriptionOf('T', filter, 1)
    expect(subscription).toMatchObject({ subString: '*', tagsSet: [], codeSet: [] })
    expect(wants(subscription, undefined)).toBe(true)
    expect(wants(subscription, 'a')).toBe(true)
  }
})

test('some tags, with their hash codes, each once', () => {
  const subscription = subscriptionOf('T', 'TagA ||TagB|| TagA', 9)
  expect(subscription).toEqual({
    classFilterMode: false,
    codeSet: [2598919, 2598920],
    expressionType: 'TAG',
    subString: 'TagA ||TagB|| TagA',
    subVersion: 9,
    tagsSet: ['TagA', 'TagB'],
    topic: 'T',
  })
  expect(wants(subscription, 'TagB')).toBe(true)
  expect(wants(subscription, 'TagC')).toBe(false)
  expect(wants(subscription, undefined)).toBe(false)
})

test('a tag with the same hash code as a wanted one is not wanted', () => {
  const subscription = subscriptionOf('T', 'Aa', 1)
  expect(subscription.codeSet).toEqual(subscriptionOf('T', 'BB', 1).codeSet)
  expect(wants(subscription, 'BB')).toBe(false)
})

test('a condition is left to the broker', () => {
  const subscription = subscriptionOf('T', { sql: 'a > 3' }, 1)
  expect(subscription).toMatchObject({ expressionType: 'SQL92', subString: 'a > 3', tagsSet: [] })
  expect(wants(subscription, 'anything')).toBe(true)
})

test.each([
  ['T', '||'],
  ['T', ' '],
  ['T', { sql: ' ' }],
  ['T', { sql: 'a >' }],
  ['a/b', '*'],
])('topic %s with filter %j is refused', (topic, filter) => {
  expect(() => subscriptionOf(topic, filter, 1)).toThrow(
    expect.objectContaining({ code: 'CLIENT_SUBSCRIPTION_INVALID' }),
  )
})

test.each([
  ['a > 1 and', /subscription to T: in its condition the expression ends .* at column 10$/],
  ['a = 1 b = 2', /subscription to T: its condition ends before column 7$/],
])('a condition that is wrong is told with the column: %s', (sql, message) => {
  expect(() => subscriptionOf('T', { sql }, 1)).toThrow(
    expect.objectContaining({ message: expect.stringMatching(message) }),
  )
})
