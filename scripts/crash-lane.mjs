// Runs the crash lane: node scripts/crash-lane.mjs [--long] [ARGUMENT OF THE TEST RUNNER...]
//
// What it wants of the system, strace and jemalloc, is installed where that is possible; where it
// is not, the tests that need it are skipped and say so.
//
// --long lets every seeded test go on for two hours, or as many minutes as AGENA_LONG_MINUTES says,
// instead of a fixed number of runs.

import { spawnSync } from 'node:child_process'
import process from 'node:process'

const PACKAGES = ['strace', 'libjemalloc2']

const isInstalled = (name) => spawnSync('dpkg', ['-s', name], { stdio: 'ignore' }).status === 0
const missing = PACKAGES.filter((name) => !isInstalled(name))
if (missing.length > 0 && process.getuid?.() === 0) {
  const words = ['install', '-y', '--no-install-recommends', ...missing]
  const { status } = spawnSync('apt-get', words, { stdio: 'ignore', timeout: 120_000 })
  if (status !== 0) console.log(`crash lane: ${missing.join(', ')} could not be installed`)
}

const [node, , ...flags] = process.argv
if (flags.includes('--long')) process.env.AGENA_LONG = '1'
const runner = new URL('../node_modules/vitest/vitest.mjs', import.meta.url)
const passedOn = flags.filter((flag) => flag !== '--long')
process.argv = [node, runner.pathname, 'run', '--project', 'crash', ...passedOn]
await import(runner.href)
