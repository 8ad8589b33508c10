import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './child.ts'

/** The repository that is packed: compiled scripts run from dist/scripts/pack-try. */
export const repository = fileURLToPath(new URL('../../../', import.meta.url))

/** Only these may be in the tarball. */
const SHIPPED = /^(package\.json|README\.md|LICENSE|dist\/(engine|workers|net)\/.*)$/

interface PackReport {
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

/** Packs the repository and installs the tarball into `folder`, as a user's project would. */
export async function installPackage(folder: string): Promise<void> {
  const flags = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
  const reports = JSON.parse(await run('npm', flags, repository)) as PackReport[]
  const report = reports[0]
  if (report === undefined) throw new Error('npm pack reported no package')
  const strange = report.files.filter(({ path }) => !SHIPPED.test(path))
  if (strange.length > 0) {
    throw new Error(`not to be shipped:\n${strange.map(({ path }) => path).join('\n')}`)
  }
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  const tarball = join(folder, report.filename)
  await run('npm', ['install', '--omit=dev', '--no-audit', '--no-fund', tarball], folder)
}
