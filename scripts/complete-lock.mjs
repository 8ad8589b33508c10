// Adds to package-lock.json the platform packages that npm left out: `npm run lock`.
//
// npm writes an optional package for another platform only when the registry could tell it about
// that package at that moment. Where it could not, the lock file works on this machine and `npm ci`
// refuses it on every other one ("Missing: … from lock file"). All that `npm ci` needs is known
// from the parent: its exact version, and the platform that the name spells.
//
//   node scripts/complete-lock.mjs           completes the file
//   node scripts/complete-lock.mjs --check   only says what is missing, exit code 1 if anything is

import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const OPERATING_SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32']
const PROCESSORS = ['arm', 'arm64', 'ia32', 'ppc64', 'riscv64', 's390x', 'x64']

const path = join(dirname(dirname(fileURLToPath(import.meta.url))), 'package-lock.json')
const lock = JSON.parse(readFileSync(path, 'utf8'))
const missing = missingPackages(lock.packages)

if (process.argv[2] === '--check') {
  for (const [place, entry] of missing) process.stdout.write(`missing: ${place} ${entry.version}\n`)
  if (missing.length > 0) process.stdout.write('run: npm run lock\n')
  process.exitCode = missing.length > 0 ? 1 : 0
} else if (missing.length > 0) {
  const entries = [...Object.entries(lock.packages), ...missing]
  entries.sort(([left], [right]) => left.localeCompare(right, 'en'))
  lock.packages = Object.fromEntries(entries)
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`)
  process.stdout.write(`package-lock.json: ${missing.length} packages added\n`)
}

/** The optional packages that some package names and the lock file lacks, as its entries. */
function missingPackages(packages) {
  const found = []
  for (const [place, owner] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
      const shared = `node_modules/${name}`
      if (shared in packages || `${place}/${shared}` in packages) continue
      found.push([shared, entryOf(name, version, owner)])
    }
  }
  return found
}

/** An entry as npm writes it, without the checksum, which only the registry knows. */
function entryOf(name, version, owner) {
  const words = name.split(/[/-]/)
  const system = OPERATING_SYSTEMS.find((candidate) => words.includes(candidate))
  const processor = PROCESSORS.find((candidate) => words.includes(candidate))
  if (system === undefined || processor === undefined || !/^\d/.test(version)) {
    throw new Error(`cannot tell the platform or version of ${name} ${version}`)
  }
  const library = words.some((word) => word.startsWith('musl')) ? 'musl' : 'glibc'
  return {
    version,
    cpu: [processor],
    ...(owner.dev ? { dev: true } : {}),
    ...(system === 'linux' ? { libc: [library] } : {}),
    optional: true,
    os: [system],
  }
}
