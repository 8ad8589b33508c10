/** The log library: what is acknowledged is there, also after kills, and its example runs. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it, vi } from 'vitest'
import { packageRoot } from '../../scripts/java/package-root.ts'
import { type LogStore, openStore, type ThreadedStoreOptions } from '../../workers/index.ts'
import { SeededRandom } from '../helpers/seeded-random.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const SMALL: ThreadedStoreOptions = {
  segmentBytes: 256 * 1024,
  consumeQueueFileBytes: 20 * 500,
  indexSlotCount: 1000,
  indexEntryCount: 4000,
}

/** AGENA_SEED replays a failure. */
function seedOfRun(): number {
  return Number(process.env['AGENA_SEED'] ?? Date.now() % 2 ** 31)
}

async function readAll(store: LogStore, topic: string, queueId = 0): Promise<string[]> {
  const bodies: string[] = []
  let offset = 0
  for (;;) {
    const page = await store.read(topic, queueId, offset)
    bodies.push(...page.messages.map((message) => message.body.toString()))
    if (page.nextOffset >= page.maxOffset) return bodies
    if (page.messages.length === 0) await new Promise((resolve) => setTimeout(resolve, 2))
    offset = page.nextOffset
  }
}

describe.each(['async', 'sync'] as const)('a log with %s flush', (flush) => {
  it('returns everything in order across many segments, also after a restart', async () => {
    using folder = temporaryFolder('log')
    const bodies = Array.from({ length: 3000 }, (_, index) => `${index}:${'x'.repeat(300)}`)
    {
      await using store = await openStore(folder.path, { ...SMALL, flush })
      const results = await Promise.all(
        bodies.map((body) => store.append({ topic: 'T', body: Buffer.from(body) })),
      )
      expect(results.map(({ queueOffset }) => queueOffset)).toEqual(bodies.map((_, i) => i))
      expect(await readAll(store, 'T')).toEqual(bodies)
    }
    expect(readdirSync(join(folder.path, 'commitlog')).length).toBeGreaterThan(3)
    expect(existsSync(join(folder.path, 'abort'))).toBe(false)
    await using store = await openStore(folder.path, { ...SMALL, flush })
    expect(await readAll(store, 'T')).toEqual(bodies)
    const next = await store.append({ topic: 'T', body: Buffer.from('next') })
    expect(next.queueOffset).toBe(bodies.length)
  })
})

describe('sync flush', () => {
  it('resolves only what the flushed offset covers', async () => {
    using folder = temporaryFolder('log')
    await using store = await openStore(folder.path, { ...SMALL, flush: 'sync' })
    for (let round = 0; round < 20; round += 1) {
      const appended = store.append({ topic: 'T', body: Buffer.alloc(2000) })
      const { physicalOffset } = await appended
      expect(store.flushedOffset).toBeGreaterThan(physicalOffset)
    }
  })
})

describe('a store', () => {
  it('belongs to one process at a time', async () => {
    using folder = temporaryFolder('log')
    await using _store = await openStore(folder.path, SMALL)
    await expect(openStore(folder.path, SMALL)).rejects.toMatchObject({ code: 'STORE_LOCKED' })
  })

  it('says which option is wrong', async () => {
    using folder = temporaryFolder('log')
    const wrong = openStore(folder.path, { flushIntervalMs: -1 })
    await expect(wrong).rejects.toMatchObject({ code: 'STORE_OPTION_INVALID' })
    await expect(wrong).rejects.toThrow('flushIntervalMs')
  })

  it('refuses a folder that cannot be one', async () => {
    using folder = temporaryFolder('log')
    const path = join(folder.path, 'file')
    writeFileSync(path, 'not a folder')
    const code = 'STORE_DIRECTORY_UNUSABLE'
    await expect(openStore(path, SMALL)).rejects.toMatchObject({ code })
  })

  it('refuses a segment of the wrong length and touches nothing', async () => {
    using folder = temporaryFolder('log')
    await (await openStore(folder.path, SMALL)).close()
    const segment = join(folder.path, 'commitlog', '0'.repeat(20))
    writeFileSync(join(folder.path, 'commitlog', String(256 * 1024).padStart(20, '0')), 'short')
    const before = readFileSync(segment)
    await expect(openStore(folder.path, SMALL)).rejects.toMatchObject({
      code: 'STORE_FILE_INVALID',
    })
    expect(readFileSync(segment).equals(before)).toBe(true)
  })

  it('refuses appends that come after its close, and closes twice without harm', async () => {
    using folder = temporaryFolder('log')
    const store = await openStore(folder.path, SMALL)
    await store.append({ topic: 'T', body: Buffer.from('a') })
    await Promise.all([store.close(), store.close()])
    const late = store.append({ topic: 'T', body: Buffer.from('b') })
    await expect(late).rejects.toMatchObject({ code: 'STORE_CLOSED' })
  })

  it('builds queues and index again when their folders are gone', async () => {
    using folder = temporaryFolder('log')
    {
      await using store = await openStore(folder.path, SMALL)
      for (let index = 0; index < 50; index += 1) {
        const body = Buffer.from(String(index))
        await store.append({ topic: 'T', queueId: index % 3, body, keys: [`k${index}`] })
      }
    }
    rmSync(join(folder.path, 'consumequeue'), { recursive: true })
    rmSync(join(folder.path, 'index'), { recursive: true })
    await using store = await openStore(folder.path, SMALL)
    expect(await readAll(store, 'T', 1)).toEqual(
      Array.from({ length: 17 }, (_, index) => String(3 * index + 1)),
    )
    expect((await store.query('T', 'k31')).map(({ body }) => body.toString())).toEqual(['31'])
  })
})

describe('iteration', () => {
  it('misses nothing, whenever messages come (seeded)', async () => {
    const random = new SeededRandom(seedOfRun())
    using folder = temporaryFolder('log')
    await using store = await openStore(folder.path, SMALL)
    const total = 400
    const seen: number[] = []
    const reading = (async () => {
      for await (const message of store.messages('T', 0)) {
        seen.push(Number(message.body.toString()))
        if (seen.length === total) return
      }
    })()
    for (let index = 0; index < total; ) {
      const burst = Math.min(1 + random.below(5), total - index)
      for (let count = 0; count < burst; count += 1, index += 1) {
        void store.append({ topic: 'T', body: Buffer.from(String(index)) })
      }
      const pause = random.below(4)
      if (pause === 0) await Promise.resolve()
      else if (pause === 1) await new Promise((resolve) => setImmediate(resolve))
      else await new Promise((resolve) => setTimeout(resolve, random.below(3)))
    }
    await reading
    expect(seen, `seed ${random.seed}`).toEqual(Array.from({ length: total }, (_, index) => index))
  })
})

describe('the example of the README', () => {
  it('runs as it stands', async () => {
    using folder = temporaryFolder('example')
    const readme = readFileSync(join(packageRoot, 'engine/README.md'), 'utf8')
    const example = /```ts\n(import \{ openStore \}[\s\S]*?)```/.exec(readme)?.[1]
    expect(example).toBeDefined()
    const door = join(packageRoot, 'dist/workers/index.js')
    const source = (example ?? '')
      .replace("'agena/store'", JSON.stringify(door))
      .replace("'./events'", JSON.stringify(join(folder.path, 'events')))
      .replace('await using store =', 'const store =')
    const script = join(folder.path, 'example.mjs')
    writeFileSync(script, `${source}\nawait store.close()\n`)
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
    expect(output.trim().split('\n')).toEqual([
      '0 one',
      '1 two',
      '2 three',
      '2',
      'one',
      'two',
      'three',
    ])
  })
})

/** Processes start and die here, which takes its time on a busy machine. */
const KILLS_TIMEOUT_MS = 120_000

/** Appends numbered messages and prints each number once it is acknowledged. */
const APPENDER = `
import { openStore } from ${JSON.stringify(join(packageRoot, 'dist/workers/index.js'))}
const [directory, flush, first] = process.argv.slice(2)
const store = await openStore(directory, { ...${JSON.stringify(SMALL)}, flush })
let number = Number(first)
console.log('open')
for (;;) {
  const batch = Array.from({ length: 1 + (number % 9) }, () => number++)
  await Promise.all(batch.map(async (value) => {
    const body = Buffer.from(value + ':' + 'y'.repeat(value % 700))
    const { queueOffset } = await store.append({ topic: 'K', queueId: value % 3, body })
    console.log(value + ' ' + queueOffset)
  }))
}
`

async function killedRun(
  script: string,
  args: string[],
  lifeMs: number,
): Promise<Map<number, number>> {
  const child: ChildProcess = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const acknowledged = new Map<number, number>()
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  const closed = once(lines, 'close')
  lines.on('line', (line) => {
    if (line === 'open') setTimeout(() => child.kill('SIGKILL'), lifeMs)
    const match = /^(\d+) (\d+)$/.exec(line)
    if (match !== null) acknowledged.set(Number(match[1]), Number(match[2]))
  })
  await Promise.all([exited, closed])
  return acknowledged
}

describe.each(['async', 'sync'] as const)('kill -9 with %s flush (seeded)', (flush) => {
  vi.setConfig({ testTimeout: KILLS_TIMEOUT_MS })

  it('loses nothing that was acknowledged, and leaves queues without gaps', async () => {
    const random = new SeededRandom(seedOfRun())
    using folder = temporaryFolder('kill')
    const directory = join(folder.path, 'store')
    const script = join(folder.path, 'appender.mjs')
    writeFileSync(script, APPENDER)
    const acknowledged = new Map<number, number>()
    for (let round = 0; round < 4; round += 1) {
      const first = 1_000_000 * (round + 1)
      const lifeMs = 50 + random.below(300)
      const run = await killedRun(script, [directory, flush, String(first)], lifeMs)
      for (const [value, queueOffset] of run) acknowledged.set(value, queueOffset)
    }
    expect(acknowledged.size).toBeGreaterThan(0)
    await using store = await openStore(directory, { ...SMALL, flush })
    for (const queueId of [0, 1, 2]) {
      const numbers = (await readAll(store, 'K', queueId)).map((body) => {
        const [number = '', filler = ''] = body.split(':')
        expect(filler.length, `body of ${number}`).toBe(Number(number) % 700)
        return Number(number)
      })
      const { maxOffset } = await store.read('K', queueId, 0)
      expect(numbers, `seed ${random.seed}`).toHaveLength(maxOffset)
      for (const [value, queueOffset] of acknowledged) {
        if (value % 3 === queueId) expect(numbers[queueOffset], `seed ${random.seed}`).toBe(value)
      }
    }
  })
})
