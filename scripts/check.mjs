// Everything that is checked without running the code: `npm run check`. One line a step, a step's
// output only when it fails, and all steps run even when one of them fails.

import { spawnSync } from 'node:child_process'
import { dirname } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024

/** Name and the Node script, with its arguments, that exits with 0 when all is well. */
const STEPS = [
  ['types', 'scripts/ensure.mjs'],
  ['format and lint', 'node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings'],
  ['lint with types', 'node_modules/oxlint/bin/oxlint', '--type-aware', '--deny-warnings'],
  ['tidy', 'dist/scripts/tidy.js'],
  ['unused code', 'node_modules/knip/bin/knip.js', '--no-progress'],
  ['generated codes', 'dist/scripts/gen-codes.js', '--check'],
  ['generated keys', 'dist/scripts/gen-keys.js', '--check'],
  ['conformance table', 'dist/scripts/conformance-table.js', '--check'],
  ['package', 'node_modules/publint/src/cli.js', '--strict'],
  ['lock file', 'scripts/complete-lock.mjs', '--check'],
]

let passed = 0
let failed = 0
for (const [name, ...command] of STEPS) {
  const startedMs = performance.now()
  const child = spawnSync(process.execPath, command, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: OUTPUT_BYTES_MAX,
  })
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  const isOk = child.status === 0
  if (isOk) passed += 1
  else failed += 1
  process.stdout.write(`${isOk ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)\n`)
  if (!isOk) process.stdout.write(`${child.error?.message ?? child.stdout + child.stderr}\n`)
}
process.stdout.write(`check: ${passed} passed, ${failed} failed\n`)
process.exitCode = failed > 0 ? 1 : 0
