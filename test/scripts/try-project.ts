import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root of this repository: test files run from dist/test/scripts. */
const repository = fileURLToPath(new URL('../../../', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly nodeFlags?: readonly string[]
  /** Sent once the process has written its first output. */
  readonly signal?: NodeJS.Signals
}

/** A small project in a folder of its own, with this repository's `ensure` and compiler. */
export class TryProject implements AsyncDisposable {
  readonly root: string

  private constructor(root: string) {
    this.root = root
  }

  static async create(): Promise<TryProject> {
    const project = new TryProject(await mkdtemp(join(tmpdir(), 'agena-ensure-')))
    const scripts = ['scripts/ensure.mjs', 'scripts/ensure']
    for (const path of scripts) {
      await cp(join(repository, path), project.path(path), { recursive: true })
    }
    await mkdir(project.path('node_modules'))
    for (const name of ['typescript', '@typescript']) {
      const target = join(repository, 'node_modules', name)
      await symlink(target, project.path(`node_modules/${name}`))
    }
    const packages = { '': {} }
    await project.write('package.json', JSON.stringify({ name: 'try', type: 'module' }))
    await project.write('package-lock.json', JSON.stringify({ lockfileVersion: 3, packages }))
    await project.write('node_modules/.package-lock.json', JSON.stringify({ packages: {} }))
    await project.write('tsconfig.json', '{ "files": [], "references": [{ "path": "app" }] }')
    await project.write('tsconfig.base.json', '{ "compilerOptions": { "composite": true } }')
    await project.write('app/tsconfig.json', JSON.stringify(APP_SETTINGS))
    await project.write('app/main.ts', 'console.log("arguments:", process.argv.slice(2).join(" "))')
    await project.write('app/process.ts', 'declare global { var process: any }\nexport {}\n')
    return project
  }

  path(relative: string): string {
    return join(this.root, relative)
  }

  async write(relative: string, text: string): Promise<void> {
    await mkdir(dirname(this.path(relative)), { recursive: true })
    await writeFile(this.path(relative), text)
  }

  /** Runs `node scripts/ensure.mjs` with `words` to its end. */
  async ensure(words: readonly string[] = [], options: RunOptions = {}): Promise<Ended> {
    const flags = [...(options.nodeFlags ?? []), 'scripts/ensure.mjs', ...words]
    const child = spawn(process.execPath, flags, {
      cwd: this.root,
      env: { PATH: process.env['PATH'], HOME: this.root, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const output = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.stdout += text
      if (options.signal !== undefined) child.kill(options.signal)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output.stderr += text
    })
    await once(child, 'close')
    return { code: child.exitCode, ...output }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true })
  }
}

const APP_SETTINGS = {
  extends: '../tsconfig.base.json',
  compilerOptions: {
    rootDir: '.',
    outDir: '../dist/app',
    tsBuildInfoFile: '../dist/.tsbuildinfo/app.json',
    module: 'NodeNext',
    types: [],
  },
  include: ['./**/*.ts'],
}
