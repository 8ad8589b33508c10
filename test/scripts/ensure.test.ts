/**
 * `scripts/ensure.mjs` as a person meets it: a process that makes a small project ready, says what
 * it does on standard error, and then becomes the module it was asked to run.
 */
import { existsSync } from 'node:fs'
import { readFile, rename, rm, symlink } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { TryProject } from './try-project.ts'

const MAIN = 'dist/app/main.js'

let project: TryProject

beforeEach(async () => {
  project = await TryProject.create()
})

afterEach(async () => {
  await project[Symbol.asyncDispose]()
})

test('compiles once, then runs the module with its flags and does nothing else', async () => {
  const first = await project.ensure([MAIN, '--port', '0'])
  expect(first).toEqual({ code: 0, stdout: 'arguments: --port 0\n', stderr: 'agena: compiling\n' })
  const second = await project.ensure([MAIN])
  expect(second).toEqual({ code: 0, stdout: 'arguments: \n', stderr: '' })
})

test('compiles an edited source again', async () => {
  await project.ensure()
  await project.write('app/main.ts', 'console.log("edited")')
  expect(await project.ensure([MAIN])).toMatchObject({ code: 0, stdout: 'edited\n' })
})

test('removes the outputs of a source that is gone, and nothing else', async () => {
  await project.write('app/old.test.ts', 'export const isOld = true\n')
  await project.ensure()
  expect(existsSync(project.path('dist/app/old.test.js'))).toBe(true)
  await project.write('dist/app/data.json', '{}')
  await rm(project.path('app/old.test.ts'))
  await project.ensure()
  expect(existsSync(project.path('dist/app/old.test.js'))).toBe(false)
  expect(existsSync(project.path('dist/app/old.test.d.ts'))).toBe(false)
  expect(existsSync(project.path('dist/app/data.json'))).toBe(true)
  expect(existsSync(project.path(MAIN))).toBe(true)
})

test('compiles again after a changed setting', async () => {
  await project.write('app/main.ts', '// kept\nconsole.log(1)\n')
  await project.ensure()
  expect(await readFile(project.path(MAIN), 'utf8')).toContain('// kept')
  const base = { compilerOptions: { composite: true, removeComments: true } }
  await project.write('tsconfig.base.json', JSON.stringify(base))
  await project.ensure()
  expect(await readFile(project.path(MAIN), 'utf8')).not.toContain('// kept')
})

test('restores an output that somebody removed', async () => {
  await project.ensure()
  await rm(project.path(MAIN))
  expect(await project.ensure([MAIN])).toMatchObject({ code: 0, stdout: 'arguments: \n' })
})

test('ends with one line after the compiler errors, each time until they are gone', async () => {
  await project.write('app/main.ts', 'export const count: number = "one"\n')
  for (const round of [1, 2]) {
    const ended = await project.ensure([MAIN])
    expect(ended, `round ${round}`).toMatchObject({ code: 1, stdout: '' })
    expect(ended.stderr).toContain('app/main.ts')
    expect(ended.stderr).toMatch(/\nagena: the build failed, see the errors above\n$/)
  }
  await project.write('app/main.ts', 'console.log("mended")\n')
  expect(await project.ensure([MAIN])).toMatchObject({ code: 0, stdout: 'mended\n' })
})

test('gives the exit code of the module', async () => {
  await project.write('app/main.ts', 'process.exitCode = 7\n')
  expect(await project.ensure([MAIN])).toMatchObject({ code: 7 })
})

test('lets signals reach the module', async () => {
  const source = [
    'process.once("SIGTERM", () => { clearInterval(timer); process.exitCode = 3 })',
    'const timer = setInterval(() => undefined, 1000)',
    'process.stdout.write("up\\n")',
    'declare const setInterval: any, clearInterval: any',
  ]
  await project.write('app/main.ts', source.join('\n'))
  const ended = await project.ensure([MAIN], { signal: 'SIGTERM' })
  expect(ended).toMatchObject({ code: 3, stdout: 'up\n' })
})

test('says in one line that Node is too old', async () => {
  const disguise = 'Object.defineProperty(process, "versions", { value: { node: "18.20.4" } })'
  const nodeFlags = ['--import', `data:text/javascript,${encodeURIComponent(disguise)}`]
  const ended = await project.ensure([MAIN], { nodeFlags })
  const stderr = 'agena: needs Node 20.19 or newer, this is 18.20.4\n'
  expect(ended).toEqual({ code: 1, stdout: '', stderr })
})

test('says in one line why npm could not install', async () => {
  await wantPackage(project)
  const env = { npm_config_registry: 'http://127.0.0.1:9', npm_config_fetch_retries: '0' }
  const ended = await project.ensure([MAIN], { env })
  expect(ended.code).toBe(1)
  const lines = ended.stderr.trimEnd().split('\n')
  expect(lines).toHaveLength(2)
  expect(lines[0]).toBe('agena: installing packages (npm ci)')
  expect(lines[1]).toMatch(/^agena: npm ci failed: .*ECONNREFUSED 127\.0\.0\.1:9$/)
})

test('says why even when npm forgets to', async () => {
  await wantPackage(project)
  const failure = 'npm http fetch GET http://127.0.0.1:9/absent attempt 3 failed with ECONNREFUSED'
  const lines = [failure, 'npm error Exit handler never called!']
  await project.write('npm-cli.js', `console.error(${JSON.stringify(lines.join('\n'))})`)
  const ended = await project.ensure([], { env: { npm_execpath: project.path('npm-cli.js') } })
  expect(ended.code).toBe(1)
  expect(ended.stderr.trimEnd().split('\n').at(-1)).toBe(`agena: npm ci failed: ${failure}`)
})

test('does not install over a node_modules that is a link', async () => {
  await rename(project.path('node_modules'), project.path('elsewhere'))
  await symlink('elsewhere', project.path('node_modules'))
  expect(await project.ensure([MAIN])).toMatchObject({ code: 0 })
  await wantPackage(project)
  const ended = await project.ensure([MAIN])
  expect(ended.code).toBe(1)
  expect(ended.stderr).toMatch(/^agena: node_modules is a link .*\n$/)
  expect(existsSync(project.path('elsewhere/typescript'))).toBe(true)
})

/** Has package.json and its lock ask for a package that is not installed. */
async function wantPackage(target: TryProject): Promise<void> {
  const dependencies = { absent: '1.0.0' }
  const packages = {
    '': { name: 'try', dependencies },
    'node_modules/absent': { version: '1.0.0' },
  }
  const manifest = { name: 'try', type: 'module', dependencies }
  await target.write('package.json', JSON.stringify(manifest))
  await target.write('package-lock.json', JSON.stringify({ lockfileVersion: 3, packages }))
}
