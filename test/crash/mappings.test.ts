/**
 * Goal: no byte of a mapping ever appears in another file or in the process's memory, and none of
 * theirs in it; a buffer that carries a mapping is never collected.
 * Method: a process whose threads open, read, write, expire, release and reuse mappings, hand views
 * to each other and end, while memory is taken and given back and garbage is collected by force;
 * every word of every file says where it belongs. Under the C library's allocator and jemalloc.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { type PlantedBug, plantedBugs } from './mappings/planted-bugs.ts'
import { type StressBug, type StressReport, UNKEPT_BUFFERS } from './mappings/stress-messages.ts'

const STRESS = new URL('./mappings/stress-process.js', import.meta.url)
const ENDED_STORES = new URL('./mappings/ended-stores.js', import.meta.url)
const isLong = process.env['AGENA_LONG'] === '1'
const ROUNDS = isLong ? 1000 : 3
const STEPS = 600
/** Rounds in which a planted bug must have shown. */
const BUG_ROUNDS_MAX = 20
const TIMEOUT_MS = isLong ? 4 * 3_600_000 : 120_000
const LIBRARY_FOLDERS = ['/usr/lib', '/usr/local/lib', '/lib']
const JEMALLOC = 'libjemalloc.so.2'

/** Where jemalloc is installed; `AGENA_JEMALLOC` names another place. */
const jemalloc = process.env['AGENA_JEMALLOC'] ?? findLibrary(JEMALLOC)

const ALLOCATORS = [
  { name: "the C library's allocator", library: undefined, isHere: true },
  jemalloc === undefined
    ? { name: 'jemalloc (skipped: libjemalloc2 is not installed)', library: '', isHere: false }
    : { name: 'jemalloc', library: jemalloc, isHere: true },
]

const PROVIDER_BUGS = Object.keys(plantedBugs) as PlantedBug[]
/** How a planted bug shows. */
const SIGNS = /holds bytes of|has changed|is not empty|were collected|ended by SIG/

describe.each(ALLOCATORS)('mappings under $name', ({ library, isHere }) => {
  const seed = Number(process.env['AGENA_SEED'] ?? Date.now() % 2 ** 31)
  const run = (bug?: StressBug) => runStress(library, seed, bug)
  // The C library gives buffers of this size back to the system, with whatever lies over them.
  const bugs: StressBug[] =
    library === undefined ? PROVIDER_BUGS : [...PROVIDER_BUGS, UNKEPT_BUFFERS]

  it.skipIf(!isHere)(
    'stay apart from each other and from all other memory (seeded)',
    async () => {
      const report = await run()
      expect(report.problems, `AGENA_SEED=${seed}`).toEqual([])
      expect(report).toMatchObject({ isJemalloc: library !== undefined, rounds: ROUNDS })
    },
    TIMEOUT_MS,
  )

  it.skipIf(!isHere).each(bugs)(
    'are heard of when a provider %s (seeded)',
    async (bug) => {
      const { problems } = await run(bug)
      expect(problems.join('\n'), `AGENA_SEED=${seed}`).toMatch(SIGNS)
    },
    TIMEOUT_MS,
  )

  it.skipIf(!isHere)(
    'of stores that were destroyed leave their files as they are',
    async () => {
      using folder = temporaryFolder('ended-stores')
      const report = await runProcess(library, ENDED_STORES, [folder.path])
      expect(report.problems).toEqual([])
    },
    TIMEOUT_MS,
  )
})

async function runStress(
  library: string | undefined,
  seed: number,
  bug?: StressBug,
): Promise<StressReport> {
  using folder = temporaryFolder('mappings')
  const rounds = bug === undefined ? ROUNDS : BUG_ROUNDS_MAX
  const words = [String(seed), String(rounds), String(STEPS), folder.path]
  return await runProcess(library, STRESS, bug === undefined ? words : [...words, bug])
}

async function runProcess(
  library: string | undefined,
  script: URL,
  words: readonly string[],
): Promise<StressReport> {
  const preload = library === undefined ? {} : { LD_PRELOAD: library }
  const child = spawn(process.execPath, ['--expose-gc', fileURLToPath(script), ...words], {
    env: { ...process.env, ...preload },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += String(chunk)
  })
  const [code, signal] = await once(child, 'close')
  // Where files lie over the allocator's own memory, that is often how it shows.
  if (signal !== null) return { isJemalloc: false, rounds: 0, problems: [`ended by ${signal}`] }
  expect(code, words.join(' ')).toBe(0)
  return JSON.parse(output)
}

function findLibrary(name: string): string | undefined {
  for (const folder of LIBRARY_FOLDERS) {
    if (!existsSync(folder)) continue
    const inside = readdirSync(folder, { withFileTypes: true })
    const places = [folder, ...inside.map((entry) => join(folder, entry.name))]
    const path = places.map((place) => join(place, name)).find((place) => existsSync(place))
    if (path !== undefined) return path
  }
  return undefined
}
