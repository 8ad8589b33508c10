/**
 * Goal: a full disk is told as what it is, damages nothing, and is over when there is room again.
 * Method: real processes on a real file system of a few megabytes.
 */
import { randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AgenaProcess, runAgena } from '../../helpers/agena-process.ts'
import { SmallDisk } from '../../helpers/small-disk.ts'

const DISK_MEGABYTES = 24
const FILLER_BYTES = 14 * 1024 * 1024
const SETTINGS = ['mappedFileSizeCommitLog=1048576', 'maxHashSlotNum=1000', 'maxIndexNum=4000']
const WORDS = [
  '--namesrv-port',
  '0',
  '--broker-port',
  '0',
  ...SETTINGS.flatMap((one) => ['--set', one]),
]
/** The client compresses what can be compressed. */
const BODY = randomBytes(150_000).toString('base64')

const disk = SmallDisk.mount(DISK_MEGABYTES)

describe.skipIf(disk === undefined)('a full disk (skipped where nothing may be mounted)', () => {
  const data = join(disk?.path ?? '', 'data')
  const filler = join(disk?.path ?? '', 'filler')
  let server: AgenaProcess
  beforeAll(() => writeFileSync(filler, Buffer.alloc(FILLER_BYTES, 1)))
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
    disk?.[Symbol.dispose]()
  })

  const start = (...words: string[]): AgenaProcess => {
    return new AgenaProcess(['standalone', '--data', data, ...WORDS, ...words])
  }
  const produce = async (count: number): Promise<{ exitCode: number | null; stderr: string }> => {
    const { namesrv = '' } = await server.ready()
    const words = ['produce', '-n', namesrv, '-t', 'Full']
    return runAgena(words, { input: `${BODY}\n`.repeat(count) })
  }
  const consume = async (count: number): Promise<number> => {
    const { namesrv = '' } = await server.ready()
    const group = `readers-${Math.random().toString(36).slice(2)}`
    const words = ['consume', '-n', namesrv, '-t', 'Full', '-g', group, '--from', 'first', '--json']
    const { stdout } = await runAgena([...words, '--count', String(count)])
    return stdout.trim().split('\n').length
  }

  test('at the start is one clear line', async () => {
    const { exitCode, stdout, stderr } = await start('--set', 'mappedFileSizeCommitLog=67108864')
      .ended
    expect(exitCode).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^agena: .*ENOSPC.*\(STORE_DISK_FULL\)$/m)
  })

  test('while it runs refuses what does not fit, and takes it when there is room', async () => {
    server = start()
    const full = await produce(80)
    expect(full.exitCode).toBe(1)
    expect(full.stderr).toMatch(/STORE_DISK_FULL|no space/i)
    rmSync(filler)
    await server.printed(/STORE_DISK_FULL|ENOSPC/)
    const again = await produceUntilTaken()
    expect(again.exitCode).toBe(0)
    expect(await consume(6)).toBe(6)
    expect((await server.stop()).exitCode).toBe(0)
  })

  test('has left a store that opens cleanly', async () => {
    server = start()
    await server.ready()
    expect(server.stderr).not.toMatch(/not clean/)
    expect(await consume(6)).toBe(6)
  })

  /** The broker looks for room again twice a second. */
  async function produceUntilTaken(): Promise<{ exitCode: number | null; stderr: string }> {
    for (let tries = 0; ; tries += 1) {
      const result = await produce(1)
      if (result.exitCode === 0 || tries === 20) return result
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  }
})
