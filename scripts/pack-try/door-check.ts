import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './child.ts'
import { repository } from './install-package.ts'

/** What a project that uses every door may write first. */
const CONSUMER = `
import { LitePullConsumer, Producer, PushConsumer } from 'agena'
import * as broker from 'agena/broker'
import { openStore } from 'agena/store'

const names: readonly string[] = Object.keys(broker)
if (names.length === 0) throw new Error('agena/broker exports nothing')
for (const door of [LitePullConsumer, Producer, PushConsumer, openStore]) {
  if (typeof door !== 'function') throw new Error('a door exports no function')
}
`

const SETTINGS = {
  compilerOptions: {
    target: 'ES2022',
    lib: ['ES2023', 'ESNext.Disposable'],
    module: 'NodeNext',
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    types: ['node'],
  },
  files: ['consumer.ts'],
}

/** What importing the client brought into the process, as Node's own report lists it. */
const CLIENT_PROBE = `
await import('agena')
const { sharedObjects, workers } = process.report.getReport()
const native = sharedObjects.filter((path) => path.endsWith('.node'))
if (native.length > 0) throw new Error('loads ' + native.join(', '))
if (workers.length > 0) throw new Error('starts ' + workers.length + ' threads')
`

/** A strict project that checks the libraries too accepts the types of all three doors. */
export async function checkDoorsTyped(folder: string): Promise<void> {
  await writeFile(join(folder, 'consumer.ts'), CONSUMER)
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(SETTINGS))
  const packages = join(repository, 'node_modules')
  // The types of Node are the consumer's own, as in every TypeScript project.
  for (const name of ['@types', 'undici-types']) {
    await symlink(join(packages, name), join(folder, 'node_modules', name))
  }
  await run(process.execPath, [join(packages, 'typescript/bin/tsc'), '-p', '.'], folder)
}

/** What the compiler made of it runs: each name exists at run time too. */
export async function checkDoorsRun(folder: string): Promise<void> {
  await run(process.execPath, ['consumer.js'], folder)
}

/** A client is of use where no native module loads, and costs no thread. */
export async function checkClientIsPure(folder: string): Promise<void> {
  await writeFile(join(folder, 'probe.mjs'), CLIENT_PROBE)
  await run(process.execPath, ['probe.mjs'], folder)
}
