import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../../scripts/java/package-root.ts'

const FOLDER = join(packageRoot, 'bench/versus/libraries')
const PACKAGES = ['lmdb', 'classic-level']

/** Installs what bench/versus/libraries/package.json names: prebuilt, so no script runs. */
export function ensureLibraries(log: (line: string) => void): void {
  if (PACKAGES.every((name) => existsSync(join(FOLDER, 'node_modules', name)))) return
  log(`npm installs ${PACKAGES.join(' and ')} in bench/versus/libraries`)
  const flags = ['--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund']
  execFileSync('npm', ['install', ...flags], { cwd: FOLDER, stdio: 'ignore' })
}
