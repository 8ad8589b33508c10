/**
 * The package as its users meet it: `npm run check:pack` packs it, installs the tarball with
 * production dependencies into an empty folder, and starts, type-checks and imports it there.
 * One line a check; the last line is `pack: N passed, N failed`.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkCommand, checkStandalone } from './pack-try/command-check.ts'
import { checkClientIsPure, checkDoorsRun, checkDoorsTyped } from './pack-try/door-check.ts'
import { installPackage } from './pack-try/install-package.ts'

const CHECKS = [
  ['agena --version', checkCommand],
  ['agena standalone', checkStandalone],
  ['doors have types', checkDoorsTyped],
  ['doors import', checkDoorsRun],
  ['client is pure JavaScript', checkClientIsPure],
] as const

const folder = await mkdtemp(join(tmpdir(), 'agena-pack-'))
try {
  process.exitCode = (await tryPackage(folder)) ? 0 : 1
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function tryPackage(root: string): Promise<boolean> {
  if (!(await attempt('install', () => installPackage(root)))) {
    console.log('pack: 0 passed, 1 failed')
    return false
  }
  let passed = 1
  let failed = 0
  for (const [name, check] of CHECKS) {
    if (await attempt(name, () => check(root))) passed += 1
    else failed += 1
  }
  console.log(`pack: ${passed} passed, ${failed} failed`)
  return failed === 0
}

async function attempt(name: string, check: () => Promise<void>): Promise<boolean> {
  try {
    await check()
    console.log(`ok     ${name}`)
    return true
  } catch (error) {
    console.log(`FAILED ${name}`)
    console.log(error instanceof Error ? error.message : String(error))
    return false
  }
}
