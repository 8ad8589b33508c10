/**
 * A process that opens and destroys stores, whose threads are ended in the middle of their work,
 * and lives on: `node --expose-gc ended-stores.js DIRECTORY`. It prints what is wrong with their
 * index files, which those threads had mapped, as a {@link StressReport}.
 */
import { readdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { openStore } from '../../../workers/index.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'
import { MemoryChurn } from './memory-churn.ts'
import type { StressReport } from './stress-messages.ts'

const ROUNDS = 4
const MESSAGES = 300
const ALLOCATIONS = 60
const INDEX = { indexSlotCount: 1000, indexEntryCount: 100_000 }

const [directory = '.'] = process.argv.slice(2)
const churn = new MemoryChurn(new SeededRandom(1))
const problems: string[] = []

/** @returns the index files of a store that was destroyed, with their contents. */
async function endedStore(name: string): Promise<Map<string, Buffer>> {
  const root = join(directory, name)
  const store = await openStore(root, { ...INDEX, segmentBytes: 1024 * 1024 })
  for (let count = 0; count < MESSAGES; count += 1) {
    await store.append({ topic: 'T', body: Buffer.from('body'), keys: [`key-${count}`] })
  }
  // Found by its key: by now the file is mapped and written.
  while ((await store.query('T', 'key-0')).length === 0) await store.flush()
  await store.destroy(new Error('the end'))
  const paths = readdirSync(join(root, 'index')).map((file) => join(root, 'index', file))
  return new Map(paths.map((path) => [path, readFileSync(path)]))
}

let round = 0
for (; round < ROUNDS && problems.length === 0; round += 1) {
  const files = await endedStore(`store-${round}`)
  if (files.size === 0) problems.push('there is no index file')
  globalThis.gc?.()
  for (let count = 0; count < ALLOCATIONS; count += 1) {
    const problem = churn.allocate()
    if (problem !== undefined) problems.push(problem)
  }
  for (const [path, before] of files) {
    if (!readFileSync(path).equals(before)) problems.push(`${path} has changed by itself`)
  }
}
const isJemalloc = readFileSync('/proc/self/maps', 'latin1').includes('jemalloc')
const report: StressReport = { isJemalloc, rounds: round, problems }
writeSync(process.stdout.fd, `${JSON.stringify(report)}\n`)
process.exit(0)
