/**
 * Goal: a damaged store is refused with the command that mends it, and that command does.
 * Method: a store that Apache RocketMQ wrote, with a body changed in a sealed segment.
 */
import { existsSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ThreadedStore } from '../../../workers/threaded-store.ts'
import { runAgena } from '../../helpers/agena-process.ts'
import { unpackStoreFixture } from '../../helpers/store-fixtures.ts'

/** Of a record with IPv4 addresses. */
const BODY_AT = 88

test('a store of Java with a damaged body is shown, repaired, and opened', async () => {
  await using store = await unpackStoreFixture('plain')
  const { directory, expected } = store
  const options = { consumeQueueFileBytes: expected.settings.mappedFileSizeConsumeQueue }
  const message = expected.messages.find(({ bodyBytes, physicalOffset }) => {
    return bodyBytes > 0 && physicalOffset > expected.settings.mappedFileSizeCommitLog
  })!
  const { physicalOffset } = message
  const position = physicalOffset % expected.settings.mappedFileSizeCommitLog
  const name = String(physicalOffset - position).padStart(20, '0')
  const file = join(directory, 'commitlog', name)
  const fd = openSync(file, 'r+')
  writeSync(
    fd,
    Buffer.from([readFileSync(file)[position + BODY_AT]! ^ 1]),
    0,
    1,
    position + BODY_AT,
  )
  // Without queues the whole log is read.
  rmSync(join(directory, 'consumequeue'), { recursive: true })
  const refusal = { code: 'STORE_LOG_CORRUPT' }
  await expect(ThreadedStore.open(directory, options)).rejects.toMatchObject(refusal)

  const dry = await runAgena(['store', 'repair', directory, '--dry-run'])
  expect([dry.exitCode, dry.stderr]).toEqual([0, ''])
  expect(dry.stdout).toContain(`DAMAGE: ${file} from byte ${position} on: a record whose body`)
  expect(dry.stdout).toContain(`the log is cut at ${physicalOffset}`)
  expect(dry.stdout).toContain('dry run: nothing was changed')
  const kept = join(directory, 'agena', `cut-${String(physicalOffset).padStart(20, '0')}`)
  expect(existsSync(kept)).toBe(false)
  await expect(ThreadedStore.open(directory, options)).rejects.toMatchObject(refusal)

  const done = await runAgena(['store', 'repair', directory])
  expect(done.stdout).toMatch(/repaired\n$/)
  expect(existsSync(kept)).toBe(true)
  {
    await using opened = await ThreadedStore.open(directory, options)
    expect(opened.log.writtenOffset).toBe(physicalOffset)
    const inUse = await runAgena(['store', 'repair', directory, '--dry-run'])
    expect(inUse.exitCode).toBe(1)
    expect(inUse.stderr).toContain('STORE_LOCKED')
  }
  const whole = await runAgena(['store', 'repair', directory, '--dry-run'])
  expect(whole.stdout).toMatch(/nothing to repair\n$/)
})
