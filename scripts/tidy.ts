/**
 * The rules of style that no linter knows: `npm run check` runs them over every file that git would
 * commit. Prints one line a finding, `path:line message`, and ends with 1 when there is any.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkAll } from './tidy/rules.ts'
import { SourceFile } from './tidy/source-file.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const TEXT = /\.(ts|mjs|md|json|java|xml|yml|yaml)$|^\.[\w/]+$/
/** Bytes that other programs wrote. */
const FOREIGN = /^test\/fixtures\//

const paths = listFiles()
const files = paths
  .filter((path) => TEXT.test(path) && !FOREIGN.test(path))
  .map((path) => new SourceFile(path, readFileSync(join(root, path), 'utf8')))
const findings = checkAll(files, paths)
for (const { path, line, message } of findings) console.log(`${path}:${line} ${message}`)
console.log(`tidy: ${files.length} files, ${findings.length} findings`)
process.exitCode = findings.length > 0 ? 1 : 0

/** Every file that git would commit, from the root. */
function listFiles(): string[] {
  const flags = ['ls-files', '--cached', '--others', '--exclude-standard', '-z']
  const git = spawnSync('git', flags, { cwd: root, encoding: 'utf8' })
  if (git.status !== 0) throw new Error(`git ls-files failed: ${git.stderr}`)
  return git.stdout.split('\0').filter((path) => path !== '' && existsSync(join(root, path)))
}
