import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { EnsureError } from './ensure-error.mjs'
import { installMark } from './install-step.mjs'
import { fileMark, readStamp, writeStamp } from './stamp.mjs'

const STAMP = 'built'
const COMPILER = 'node_modules/typescript/bin/tsc'
/** What the compiler makes of `name.ts`. */
const OUTPUT_SUFFIXES = ['.js', '.js.map', '.d.ts', '.d.ts.map']

/**
 * Compiles when a source or a setting changed since the last build that succeeded, or when an
 * output is missing. Outputs whose source is gone are removed: a deleted test must not run.
 */
export function ensureBuilt(root) {
  const sources = readSources(root)
  const outputs = listFiles(root, 'dist')
  const before = readStamp(root, STAMP)
  const isWhole = hasEveryOutput(sources, outputs)
  if (isWhole && before === `${sources.settings}${sources.marks}`) return

  removeOrphans(root, sources, outputs)
  // The compiler's own notes know about edited sources, but trust that outputs and settings of a
  // past build are still there: in doubt it starts over.
  const isIncremental = isWhole && before?.startsWith(sources.settings)
  compile(root, isIncremental ? ['-b'] : ['-b', '--force'])
  writeStamp(root, STAMP, `${sources.settings}${sources.marks}`)
}

/** The sources' paths and two texts that change with them: one for settings, one for code. */
function readSources(root) {
  const references = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')).references
  const folders = new Set(references.map((reference) => reference.path.split('/')[0]))
  const files = [...folders].flatMap((folder) => listFiles(root, folder))
  const paths = files.filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts')).sort()
  const configs = files.filter((path) => path.endsWith('tsconfig.json')).sort()
  const settings = ['tsconfig.json', 'tsconfig.base.json', ...configs]
  return {
    paths,
    settings: installMark(root) + marksOf(root, settings),
    marks: marksOf(root, paths),
  }
}

function marksOf(root, paths) {
  return paths.map((path) => `${path} ${fileMark(join(root, path))}\n`).join('')
}

/** All files under `folder`, as paths from the root with slashes. */
function listFiles(root, folder) {
  const entries = readEntries(join(root, folder))
  return entries.flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    return entry.isDirectory() ? listFiles(root, path) : [path]
  })
}

function readEntries(path) {
  try {
    return readdirSync(path, { withFileTypes: true })
  } catch (error) {
    if (error.code === 'ENOENT') return []
    throw error
  }
}

function hasEveryOutput(sources, outputs) {
  const present = new Set(outputs)
  return sources.paths.every((path) => present.has(`dist/${stemOf(path)}.js`))
}

function removeOrphans(root, sources, outputs) {
  const stems = new Set(sources.paths.map(stemOf))
  for (const path of outputs) {
    const suffix = OUTPUT_SUFFIXES.find((candidate) => path.endsWith(candidate))
    if (suffix === undefined) continue
    const stem = path.slice('dist/'.length, -suffix.length)
    if (!stems.has(stem)) rmSync(join(root, path))
  }
}

function stemOf(path) {
  return path.slice(0, -'.ts'.length)
}

function compile(root, flags) {
  process.stderr.write('agena: compiling\n')
  // The compiler's errors are for the person, and standard output belongs to the module after us.
  const child = spawnSync(process.execPath, [COMPILER, ...flags], {
    cwd: root,
    stdio: ['ignore', process.stderr.fd, process.stderr.fd],
  })
  if (child.error) throw new EnsureError(`the compiler did not start: ${child.error.message}`)
  if (child.status !== 0) throw new EnsureError('the build failed, see the errors above')
}
