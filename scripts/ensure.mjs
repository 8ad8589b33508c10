// Makes a clone ready, then runs a module in this same process:
//
//   node scripts/ensure.mjs [--no-build] [MODULE [ARGUMENT...]]
//
// Ready means: the right Node, every package of package-lock.json installed, every source compiled.
// What is ready already costs a few stats and no process, so this may stand before every command.
// Running the module in this process, instead of in another one, lets signals reach it and makes
// its exit code npm's. Plain JavaScript, because it runs before the compiler is installed.

import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { checkNodeVersion } from './ensure/node-version.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

async function main() {
  const words = process.argv.slice(2)
  const builds = words[0] !== '--no-build'
  const [module, ...flags] = builds ? words : words.slice(1)
  try {
    checkNodeVersion(process.versions.node)
    // Loaded only now: an old Node would answer their syntax with a stack trace.
    const { ensureInstalled } = await import('./ensure/install-step.mjs')
    const { ensureBuilt } = await import('./ensure/build-step.mjs')
    ensureInstalled(root)
    if (builds) ensureBuilt(root)
  } catch (error) {
    if (error.name !== 'EnsureError') throw error
    process.stderr.write(`agena: ${error.message}\n`)
    process.exitCode = 1
    return
  }
  if (module !== undefined) await run(module, flags)
}

async function run(module, flags) {
  const path = join(root, module)
  process.argv = [process.argv[0], path, ...flags]
  await import(pathToFileURL(path).href)
}

// The module's own failures are its own: they reach Node as they would without this file.
await main()
