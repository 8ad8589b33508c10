import { expect, test } from 'vitest'
import {
  formatAttributeChanges,
  parseAttributeChanges,
} from '../../../net/protocol/attribute-changes.ts'

test('changes are read and written back', () => {
  const text = '+message.type=FIFO,-cleanup.policy,+a=b=c'
  const changes = parseAttributeChanges(text)
  expect(changes).toEqual([
    { name: 'message.type', value: 'FIFO' },
    { name: 'cleanup.policy', value: undefined },
    { name: 'a', value: 'b=c' },
  ])
  expect(formatAttributeChanges(changes)).toBe(text)
  expect(parseAttributeChanges(undefined)).toEqual([])
  expect(parseAttributeChanges('')).toEqual([])
})

test.each(['a=b', '+a', '-a=b', '-', '+=b', 'a', '+a=b,', '+a=1,-a'])('"%s" is refused', (text) => {
  expect(() => parseAttributeChanges(text)).toThrow(
    expect.objectContaining({ code: 'PROTOCOL_FIELD_INVALID', field: 'attributes' }),
  )
})
