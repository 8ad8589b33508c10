/** Goal: a failure is one line that says what went wrong, with its code. */
import { expect, test } from 'vitest'
import { AssertionFailure } from '../../../engine/base/assert.ts'
import { StoreError } from '../../../engine/base/errors.ts'
import { failureLine } from '../../../net/cli/failure.ts'

test('an error of ours ends with its code', () => {
  const cause = new Error('ENOSPC: no space left')
  const error = new StoreError('STORE_DISK_FULL', 'cannot make a segment', { cause })
  expect(failureLine(error)).toBe('cannot make a segment: ENOSPC: no space left (STORE_DISK_FULL)')
})

test('an error of the system names its own', () => {
  const error = Object.assign(new Error("ENOENT: no such file, open 'x'"), { code: 'ENOENT' })
  expect(failureLine(error)).toBe("ENOENT: no such file, open 'x'")
})

test('any other is a fault of ours, and says how to find it', () => {
  const line = failureLine(new AssertionFailure('two\n  lines'))
  expect(line).toBe('internal error: two lines (AGENA_DEBUG=1 shows where)')
})

test('several attempts are told one by one', () => {
  const attempts = [new Error('refused by ::1'), new Error('refused by 127.0.0.1')]
  const cause = new AggregateError(attempts)
  const error = new StoreError('STORE_IO_FAILED', 'cannot connect', { cause })
  expect(failureLine(error)).toBe(
    'cannot connect: refused by ::1, refused by 127.0.0.1 (STORE_IO_FAILED)',
  )
})
