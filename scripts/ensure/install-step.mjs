import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { EnsureError } from './ensure-error.mjs'
import { fileMark, readIfThere, readStamp, writeStamp } from './stamp.mjs'

const STAMP = 'installed'
/** npm's report is a few hundred KiB at most; this only bounds it. */
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024

/**
 * Installs the packages of package-lock.json unless node_modules holds exactly those. Costs three
 * stats when nothing changed since it last looked, and a comparison of two JSON files otherwise:
 * someone who ran npm by hand does not wait for it a second time.
 */
export function ensureInstalled(root) {
  const before = installMark(root)
  if (readStamp(root, STAMP) === before && hasDirectPackages(root)) return
  if (!isInstalled(root)) {
    if (isLinked(root)) {
      // npm would empty the folder behind the link, which other clones use.
      throw new EnsureError('node_modules is a link to packages other than package-lock.json names')
    }
    install(root)
  }
  writeStamp(root, STAMP, installMark(root))
}

/** Changes whenever what is wanted or what is installed may have changed. */
export function installMark(root) {
  const files = ['package.json', 'package-lock.json', 'node_modules/.package-lock.json']
  return files.map((file) => `${file} ${fileMark(join(root, file))}\n`).join('')
}

function isInstalled(root) {
  const wanted = readIfThere(join(root, 'package-lock.json'))
  const present = readIfThere(join(root, 'node_modules', '.package-lock.json'))
  if (present === undefined) return false
  if (wanted !== undefined && !holds(JSON.parse(present), JSON.parse(wanted))) return false
  return hasDirectPackages(root)
}

/** Whether an installed tree has what the lock file wants: no package less, none of another
 *  version. More of them do no harm. */
function holds(present, wanted) {
  for (const [path, entry] of Object.entries(wanted.packages)) {
    if (path === '') continue
    const installed = present.packages[path]
    // A package for another platform is optional and rightly missing.
    if (installed === undefined && !entry.optional && !entry.devOptional) return false
    if (installed !== undefined && installed.version !== entry.version) return false
  }
  return true
}

function isLinked(root) {
  const stats = lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })
  return stats?.isSymbolicLink() === true
}

/** Whether a folder exists for every package that package.json asks for by name. */
function hasDirectPackages(root) {
  const { dependencies, devDependencies } = JSON.parse(readIfThere(join(root, 'package.json')))
  const names = Object.keys({ ...dependencies, ...devDependencies })
  return names.every((name) => existsSync(join(root, 'node_modules', name)))
}

function install(root) {
  const verb = existsSync(join(root, 'package-lock.json')) ? 'ci' : 'install'
  process.stderr.write(`agena: installing packages (npm ${verb})\n`)
  // Development packages hold the compiler: NODE_ENV=production must not leave them out.
  // npm's own waits between retries make a minute of a missing network.
  const retries = ['--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000']
  const report = ['--json', '--loglevel=http']
  const flags = ['--include=dev', '--no-audit', '--no-fund', ...report, ...retries]
  const [command, ...prefix] = npmCommand()
  const child = spawnSync(command, [...prefix, verb, ...flags], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: OUTPUT_BYTES_MAX,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  // npm 10 may lose its way without a network and still end with 0.
  if (child.status === 0 && isInstalled(root)) return
  throw new EnsureError(`npm ${verb} failed: ${failureOf(child)}`)
}

/** The npm that runs this script, or else the one on the path. */
function npmCommand() {
  const path = process.env.npm_execpath
  return path?.endsWith('npm-cli.js') ? [process.execPath, path] : ['npm']
}

/** npm's reason in one line: its report's summary, the last failed download, or its last words. */
function failureOf(child) {
  if (child.error) return child.error.message
  if (child.signal) return `ended by ${child.signal}`
  const lines = child.stderr.trim().split('\n')
  const download = lines.findLast((line) => / failed with /.test(line))
  return summaryOf(child.stdout) ?? download ?? (lines.at(-1) || `exit code ${child.status}`)
}

function summaryOf(report) {
  try {
    return firstLine(JSON.parse(report).error.summary)
  } catch {
    // npm did not get as far as writing one.
    return undefined
  }
}

function firstLine(text) {
  return text
    .split('\n')
    .map((line) => line.trim())
    .find((line) => line !== '')
}
