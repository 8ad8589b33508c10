import { posix } from 'node:path'
import type { SourceFile } from './source-file.ts'

/** The front doors that package.json exports, and the programs that Node starts. */
export const DOORS = ['net/client/index.ts', 'workers/index.ts', 'net/standalone/index.ts']
const PROGRAMS = /^net\/cli\/main\.ts$|^workers\/[\w-]+-worker\.ts$/

/** Every source file that some door or program reaches through imports. */
export function reachableFiles(files: ReadonlyMap<string, SourceFile>): Set<string> {
  const reached = new Set<string>()
  const waiting = [...files.keys()].filter((path) => DOORS.includes(path) || PROGRAMS.test(path))
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const file = files.get(path)
    if (file === undefined || reached.has(path)) continue
    reached.add(path)
    waiting.push(...importsOf(file))
  }
  return reached
}

/** The repository paths of all modules that a file imports, re-exports or loads as a worker. */
function importsOf(file: SourceFile): string[] {
  const { staticImports, staticExports, dynamicImports } = file.syntax.module
  const requests = staticImports.map((statement) => statement.moduleRequest.value)
  for (const statement of staticExports) {
    for (const { moduleRequest } of statement.entries) {
      if (moduleRequest !== null) requests.push(moduleRequest.value)
    }
  }
  for (const { moduleRequest } of dynamicImports) {
    requests.push(file.text.slice(moduleRequest.start + 1, moduleRequest.end - 1))
  }
  for (const [, request] of file.text.matchAll(WORKER_URL)) if (request) requests.push(request)
  return requests.filter(isRelative).map((request) => resolveFrom(file.path, request))
}

/** `new URL('./name.js', import.meta.url)`, also with the extension left open by a template. */
const WORKER_URL = /new URL\(\s*['"`](\.{1,2}\/[\w./-]+)/g

function isRelative(request: string): boolean {
  return request.startsWith('./') || request.startsWith('../')
}

/** The source path of a relative request that may name the compiled file. */
export function resolveFrom(path: string, request: string): string {
  const target = posix.join(posix.dirname(path), request)
  return posix.extname(target) === '' ? `${target}.ts` : target.replace(/\.js$/, '.ts')
}
