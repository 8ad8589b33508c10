/**
 * Goal: a full disk is told as what it is, with its numbers, damages nothing, and is over when
 * there is room again; and a disk that is too small for all that comes keeps the newest of it.
 * Method: real processes on a real file system of a few megabytes.
 */
import { randomBytes } from 'node:crypto'
import { readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { AgenaProcess, runAgena } from '../../helpers/agena-process.ts'
import { SmallDisk } from '../../helpers/small-disk.ts'

const DISK_MEGABYTES = 96
const FILLER_BYTES = 86 * 1024 * 1024
const FLOOR_BYTES = 1024 * 1024
const SETTINGS = [
  'mappedFileSizeCommitLog=1048576',
  'mappedFileSizeConsumeQueue=20000',
  'maxHashSlotNum=1000',
  'maxIndexNum=4000',
  `diskFreeBytesMin=${FLOOR_BYTES}`,
]
const WORDS = [
  '--namesrv-port',
  '0',
  '--broker-port',
  '0',
  ...SETTINGS.flatMap((one) => ['--set', one]),
]
/** Used, free, limit and the oldest segment's age. */
const REFUSAL = new RegExp(
  [
    'code 14: service not available now: the disk is short of room',
    String.raw`: [\d.]+ MiB of 96\.0 MiB in use \(9\d%\), [\d.]+ MiB free`,
    String.raw`, writes stop above 90% in use \(diskSpaceWarningLevelRatio\)`,
    String.raw`; the oldest segment is \d+ minutes old \(STORE_SPACE_SHORT\)`,
  ].join(''),
)
/** The client compresses what can be compressed. */
const BODY = randomBytes(150_000).toString('base64')

const disk = SmallDisk.mount(DISK_MEGABYTES)

describe.skipIf(disk === undefined)('a full disk (skipped where nothing may be mounted)', () => {
  const data = join(disk?.path ?? '', 'data')
  const filler = join(disk?.path ?? '', 'filler')
  let server: AgenaProcess
  beforeAll(() => writeFileSync(filler, Buffer.alloc(FILLER_BYTES, 1)))
  afterEach(() => server?.[Symbol.asyncDispose]())
  afterAll(() => disk?.[Symbol.dispose]())

  const start = (...settings: string[]): AgenaProcess => {
    const words = settings.flatMap((one) => ['--set', one])
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
    const { exitCode, stdout, stderr } = await start('mappedFileSizeCommitLog=134217728').ended
    expect(exitCode).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^agena: .*ENOSPC.*\(STORE_DISK_FULL\)$/m)
  })

  test('while it runs refuses with the numbers, reads on, and takes more in time', async () => {
    server = start('cleanFileForciblyEnable=false')
    const full = await produce(80)
    expect(full.exitCode).toBe(1)
    expect(full.stderr).toMatch(REFUSAL)
    const sent = Number(/sent (\d+) messages/.exec(full.stderr)?.[1])
    expect(sent).toBeGreaterThan(5)
    expect(await consume(sent)).toBe(sent)
    expect(freeBytes()).toBeGreaterThan(0)
    rmSync(filler)
    const again = await produceUntilTaken()
    expect(again.exitCode).toBe(0)
    expect(await consume(sent + 1)).toBe(sent + 1)
    expect((await server.stop()).exitCode).toBe(0)
  })

  test('has left a store that opens cleanly', async () => {
    server = start('cleanFileForciblyEnable=false')
    await server.ready()
    expect(server.stderr).not.toMatch(/not clean/)
    expect(await consume(6)).toBe(6)
    expect((await server.stop()).exitCode).toBe(0)
  })

  const freeBytes = (): number => {
    const { bavail, bsize } = statfsSync(disk?.path ?? '')
    return bavail * bsize
  }

  test('keeps the newest where more comes than fits, and refuses nothing', async () => {
    server = start('deleteCommitLogFilesInterval=0')
    for (let round = 0; round < 3; round += 1) {
      const { exitCode, stderr } = await produce(200)
      expect(stderr).not.toMatch(/failed/)
      expect(exitCode).toBe(0)
      expect(freeBytes()).toBeGreaterThanOrEqual(FLOOR_BYTES)
    }
    const names = readdirSync(join(data, 'commitlog')).map(Number)
    expect(names[0]).toBeGreaterThan(0)
    expect(names.length).toBeLessThan(DISK_MEGABYTES)
    expect(await consume(20)).toBe(20)
    expect((await server.stop()).exitCode).toBe(0)
  })

  test('that others have filled to the last byte only delays what is built', async () => {
    rmSync(data, { recursive: true })
    // So that nothing looks at the disk in time.
    server = start('cleanResourceInterval=3600000', 'diskFreeBytesMin=0')
    await server.ready()
    const before = await produce(1)
    expect(before.exitCode).toBe(0)
    expect(() => writeFileSync(filler, Buffer.alloc(2 * freeBytes(), 1))).toThrow('ENOSPC')
    const { exitCode } = await produce(2)
    expect(exitCode).toBe(0)
    await server.printed(/wait for room/)
    rmSync(filler)
    expect(await consume(3)).toBe(3)
    expect(server.stderr).not.toMatch(/read-only/)
    expect((await server.stop()).exitCode).toBe(0)
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
