// Runs the crash lane: node scripts/crash-lane.mjs [--long] [ARGUMENT OF THE TEST RUNNER...]
//
// --long lets every seeded test go on for hours instead of a fixed number of runs.

import process from 'node:process'

const [node, , ...flags] = process.argv
if (flags.includes('--long')) process.env.AGENA_LONG = '1'
const runner = new URL('../node_modules/vitest/vitest.mjs', import.meta.url)
const passedOn = flags.filter((flag) => flag !== '--long')
process.argv = [node, runner.pathname, 'run', '--project', 'crash', ...passedOn]
await import(runner.href)
