import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { packageRoot } from './package-root.ts'

const run = promisify(execFile)

/** Long enough for Maven to fetch 163 jars over a slow line, in milliseconds. */
const MAVEN_TIMEOUT_MS = 600_000
const JAVAC_TIMEOUT_MS = 120_000
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024

const SOURCES = join(packageRoot, 'test/interop/java')
const CACHE = join(packageRoot, 'node_modules/.cache/agena/java')

/** What it takes to start a Java program of the interop lane. */
export interface JavaToolchain {
  /** Our compiled programs, their resources, and every jar of Apache RocketMQ. */
  readonly classPath: string
}

/** Names the commands that the interop lane needs and this machine lacks. */
export async function missingJavaTools(): Promise<readonly string[]> {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return ['java', 'javac', 'mvn'].filter(
    (tool) => !folders.some((folder) => folder !== '' && existsSync(join(folder, tool))),
  )
}

/** Resolves the class path with Maven and compiles our Java programs; both only when changed. */
export async function resolveJavaToolchain(): Promise<JavaToolchain> {
  await mkdir(CACHE, { recursive: true })
  const jars = await resolveJars()
  const classes = await compile(jars)
  return { classPath: [classes, join(SOURCES, 'resources'), jars].join(delimiter) }
}

/** The jars of Apache RocketMQ and everything they need, as a class path. */
export async function resolveJars(): Promise<string> {
  const pom = join(SOURCES, 'pom.xml')
  const cached = join(CACHE, `jars-${hashOf([await readFile(pom)])}.txt`)
  if (existsSync(cached)) {
    const jars = await readFile(cached, 'utf8')
    if (jars.split(delimiter).every((jar) => existsSync(jar))) return jars
  }
  await mkdir(CACHE, { recursive: true })
  const fresh = `${cached}.${process.pid}`
  await run(
    'mvn',
    ['-q', '-B', '-f', pom, 'dependency:build-classpath', `-Dmdep.outputFile=${fresh}`],
    { timeout: MAVEN_TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES },
  )
  const jars = (await readFile(fresh, 'utf8')).trim()
  await writeFile(fresh, jars)
  await rename(fresh, cached)
  return jars
}

/** Compiles into a folder named after the sources, so that a finished folder is never stale. */
async function compile(jars: string): Promise<string> {
  const sources = await javaSources(join(SOURCES, 'src'))
  const texts = await Promise.all(sources.map((path) => readFile(path)))
  const classes = join(CACHE, `classes-${hashOf([jars, ...texts])}`)
  if (existsSync(classes)) return classes
  const fresh = `${classes}.${process.pid}`
  await rm(fresh, { recursive: true, force: true })
  await run('javac', ['-nowarn', '-encoding', 'UTF-8', '-d', fresh, '-cp', jars, ...sources], {
    timeout: JAVAC_TIMEOUT_MS,
    maxBuffer: MAX_OUTPUT_BYTES,
  })
  await rename(fresh, classes)
  return classes
}

async function javaSources(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true })
  return entries
    .filter((entry) => entry.endsWith('.java'))
    .sort()
    .map((entry) => join(folder, entry))
}

function hashOf(parts: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex').slice(0, 16)
}
