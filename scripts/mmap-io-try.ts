/**
 * The tests of engine/file with the optional package mmap-io at hand: `npm run test:mmap-io`.
 *
 * The package is installed into a folder of its own, which NODE_PATH then names: it compiles on
 * installation, and who does not ask for it must not need a compiler.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The maintained fork; the original does not compile on Node 20. */
const PACKAGE = 'mmap-io@npm:@riaskov/mmap-io@1.4.3'
const TESTS = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', 'engine/file/']

const repository = fileURLToPath(new URL('../../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'agena-mmap-io-'))
try {
  const install = ['install', '--prefix', folder, '--no-audit', '--no-fund', PACKAGE]
  process.exitCode = run('npm', install)
  if (process.exitCode === 0) {
    process.env['NODE_PATH'] = join(folder, 'node_modules')
    process.exitCode = run(process.execPath, [...TESTS, ...process.argv.slice(2)])
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function run(command: string, words: readonly string[]): number {
  const { status, error } = spawnSync(command, words, { cwd: repository, stdio: 'inherit' })
  if (error !== undefined) console.error(`${command}: ${error.message}`)
  return status ?? 1
}
