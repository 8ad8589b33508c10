/**
 * Writes test/fixtures/store-5.5.0: lets Apache RocketMQ's own store fill one folder a case, packs
 * the folders, and records what Java reads back from a copy of each.
 * `node dist/scripts/make-store-fixture.js [CASE …]` makes the named cases, or all.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import {
  type ExpectedMessage,
  type ExpectedStore,
  storeFixtureNames,
} from './java/expected-store.ts'
import { JavaProcess, runJavaOrFail } from './java/java-process.ts'
import { type JavaToolchain, resolveJavaToolchain } from './java/java-toolchain.ts'
import { packageRoot } from './java/package-root.ts'

const FIXTURES = join(packageRoot, 'test/fixtures/store-5.5.0')

/** Bodies up to this length are kept in expected.json as they are. */
const MAX_SHOWN_BODY_BYTES = 80
const ACKS_BEFORE_KILL = 220
const KILL_TIMEOUT_MS = 60_000
/** Java's optional key-value store: no part of the formats, and full of its machine's paths. */
const LEFT_OUT_FOLDERS = ['rocksdbstore']

type JavaMessage = Omit<ExpectedMessage, 'bodySha256' | 'bodyBytes' | 'bodyBase64'> & {
  readonly bodyBase64: string
}
type JavaReport = Omit<
  ExpectedStore,
  'messages' | 'rocketmqVersion' | 'isCleanStop' | 'ackedPhysicalOffsets'
> & { readonly messages: readonly JavaMessage[] }

/** What every case is made with. */
interface Workshop {
  readonly toolchain: JavaToolchain
  readonly scratch: string
}

async function main(names: readonly string[]): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'agena-store-fixture-'))
  try {
    const workshop = { toolchain: await resolveJavaToolchain(), scratch }
    for (const name of names) await makeCase(workshop, name)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function makeCase(workshop: Workshop, name: string): Promise<void> {
  const store = join(workshop.scratch, name)
  await mkdir(store)
  const acked = await fillStore(workshop, name, store)
  const copy = `${store}-read`
  await cp(store, copy, { recursive: true })
  const report = await readBack(workshop, copy)
  const fixture = join(FIXTURES, name)
  await rm(fixture, { recursive: true, force: true })
  await pack(store, join(fixture, 'store'))
  const expected: ExpectedStore = {
    rocketmqVersion: '5.5.0',
    isCleanStop: !existsSync(join(store, 'abort')),
    ackedPhysicalOffsets: acked,
    ...report,
    messages: report.messages.map(shortenBody),
  }
  await writeFile(join(fixture, 'expected.json'), formatExpected(expected))
  console.log(`${name}: ${expected.messages.length} messages, ${expected.queues.length} queues`)
}

/** Returns the physical offsets that were acknowledged before a kill. */
async function fillStore(workshop: Workshop, name: string, store: string): Promise<number[]> {
  switch (name) {
    case 'killed':
      return fillUntilKilled(workshop, store)
    case 'killed-torn': {
      const acked = await fillUntilKilled(workshop, store)
      await tearLastRecord(store, acked.at(-1) ?? 0)
      return acked
    }
    case 'deleted-head-rebuilt':
      await writeStore(workshop, 'deleted-head', store)
      for (const folder of ['consumequeue', 'index', 'checkpoint']) {
        await rm(join(store, folder), { recursive: true })
      }
      await writeStore(workshop, 'reopened', store)
      return []
    case 'broker':
      await runJavaOrFail(workshop.toolchain, {
        mainClass: 'agena.interop.WriteBrokerStore',
        arguments: [store],
        scratch: join(workshop.scratch, 'java'),
      })
      return []
    default:
      await writeStore(workshop, name, store)
      return []
  }
}

async function writeStore({ toolchain, scratch }: Workshop, name: string, store: string) {
  await runJavaOrFail(toolchain, {
    mainClass: 'agena.interop.WriteStores',
    arguments: [name, store],
    scratch: join(scratch, 'java'),
  })
}

async function fillUntilKilled({ toolchain, scratch }: Workshop, store: string) {
  const writer = new JavaProcess(toolchain, {
    mainClass: 'agena.interop.WriteStores',
    arguments: ['killed', store],
    scratch: join(scratch, 'java'),
  })
  await writer.waitUntil((lines) => lines.length >= ACKS_BEFORE_KILL, KILL_TIMEOUT_MS)
  await writer.kill()
  return writer.lines.map((line) => Number(line.replace('acked ', '')))
}

/** Wipes the log from the middle of the record at `offset`, as if the rest was never written. */
async function tearLastRecord(store: string, offset: number): Promise<void> {
  const folder = join(store, 'commitlog')
  const names = (await readdir(folder)).sort()
  const name = names.filter((each) => Number(each) <= offset).at(-1) ?? '0'
  const file = await open(join(folder, name), 'r+')
  try {
    const position = offset - Number(name)
    const size = (await file.read(Buffer.alloc(4), 0, 4, position)).buffer.readInt32BE()
    const tornAt = position + Math.floor(size / 2)
    const { size: fileBytes } = await file.stat()
    await file.write(Buffer.alloc(fileBytes - tornAt), 0, fileBytes - tornAt, tornAt)
  } finally {
    await file.close()
  }
}

async function readBack({ toolchain, scratch }: Workshop, store: string): Promise<JavaReport> {
  const report = `${store}.json`
  await runJavaOrFail(toolchain, {
    mainClass: 'agena.interop.ReadStores',
    arguments: [store, report],
    scratch: join(scratch, 'java'),
  })
  return JSON.parse(await readFile(report, 'utf8'))
}

async function pack(store: string, target: string): Promise<void> {
  const entries = await readdir(store, { recursive: true, withFileTypes: true })
  for (const entry of entries) {
    const path = relative(store, join(entry.parentPath, entry.name))
    if (!entry.isFile() || LEFT_OUT_FOLDERS.some((folder) => path.startsWith(folder))) continue
    const packed = join(target, `${path}.gz`)
    await mkdir(dirname(packed), { recursive: true })
    await writeFile(packed, gzipSync(await readFile(join(store, path)), { level: 9 }))
  }
}

function shortenBody(message: JavaMessage): ExpectedMessage {
  const { bodyBase64, ...rest } = message
  const body = Buffer.from(bodyBase64, 'base64')
  return {
    ...rest,
    bodyBytes: body.length,
    bodySha256: sha256Hex(body),
    ...(body.length <= MAX_SHOWN_BODY_BYTES ? { bodyBase64 } : {}),
  }
}

function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** One line a row of each list, so that a person can read and compare. */
function formatExpected(expected: ExpectedStore): string {
  const fields = Object.entries(expected).map(([name, value]) => {
    if (!Array.isArray(value) || value.length === 0) return `"${name}": ${JSON.stringify(value)}`
    const rows = value.map((row) => JSON.stringify(row))
    const separator = typeof value[0] === 'object' ? ',\n' : ','
    return `"${name}": [\n${rows.join(separator)}\n]`
  })
  return `{\n${fields.join(',\n')}\n}\n`
}

const asked = process.argv.slice(2)
await main(asked.length > 0 ? asked : storeFixtureNames)
