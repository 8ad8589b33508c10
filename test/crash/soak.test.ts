/**
 * Goal: mixed load, with clients, topics and segments that come and go, loses no message, and
 * leaves nothing behind.
 * Method: a real broker process and clients of all kinds. For 20 seconds everything is counted;
 * AGENA_LONG=1 goes on for ten minutes, and then memory, descriptors, mappings, timers and
 * connections of both processes are flat, too. AGENA_SEED replays a run's choices.
 */
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { AgenaProcess } from '../helpers/agena-process.ts'
import { SeededRandom } from '../helpers/seeded-random.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { runSoak } from '../soak/soak.ts'

const MAIN = fileURLToPath(new URL('../soak/main.js', import.meta.url))
const isLong = process.env['AGENA_LONG'] === '1'
const DURATION_MS = 20_000
const TIMEOUT_MS = 900_000

test.skipIf(isLong)('mixed load loses nothing', { timeout: TIMEOUT_MS }, async () => {
  const random = new SeededRandom(Number(process.env['AGENA_SEED'] ?? Date.now() % 2 ** 31))
  console.log(`seed ${random.seed}`)
  using folder = temporaryFolder('soak')
  const options = { durationMs: DURATION_MS, sampleEveryMs: 2_000, random, folder: folder.path }
  const { counts, problems } = await runSoak(options)
  expect(problems, `seed ${random.seed}`).toEqual([])
  console.log(counts)
  expect(counts['mixed']).toBeGreaterThan(1_000)
  expect(counts['news']).toBeGreaterThan(50)
  expect(counts['topics']).toBeGreaterThan(3)
  expect(counts['queries']).toBeGreaterThan(5)
  expect(counts['members']).toBeGreaterThan(2)
  expect(counts['repeats']).toBeLessThan(counts['mixed'] ?? 0)
})

test.runIf(isLong)('mixed load leaves nothing behind', { timeout: TIMEOUT_MS }, async () => {
  await using soak = new AgenaProcess([], { module: MAIN })
  const { exitCode, stdout, stderr } = await soak.ended
  console.log(stdout)
  expect(exitCode, stdout + stderr).toBe(0)
})
