import { posix } from 'node:path'
import type { Finding, SourceFile } from './source-file.ts'

/** A path or name of a source or document, not a pattern such as `*-worker.ts`. */
const FILE_NAME = /(?<![\w*<{}/.:-])((?:[\w.-]+\/)*[\w-][\w.-]*\.(ts|mjs|md))(?![\w*/-])/g
const LINK = /\]\((?![a-z]+:|#)([^)#\s]+)/g

/** A document names only files that exist; a comment names only documents that exist. */
export function checkFileNames(files: readonly SourceFile[], paths: readonly string[]): Finding[] {
  const findings: Finding[] = []
  for (const file of files) {
    for (const [index, text] of file.lines.entries()) {
      for (const name of namesIn(file, text)) {
        if (exists(paths, file.path, name)) continue
        findings.push({ path: file.path, line: index + 1, message: `no file is named ${name}` })
      }
    }
  }
  return findings
}

function namesIn(file: SourceFile, text: string): string[] {
  const names = [...text.matchAll(FILE_NAME)].map((match) => match[1] ?? '')
  if (file.path.endsWith('.md')) {
    return [...names, ...[...text.matchAll(LINK)].map((match) => match[1] ?? '')]
  }
  return file.isCode && !file.isTest ? names.filter((name) => name.endsWith('.md')) : []
}

/** Named from the folder of the text, from the root, or by the last parts of its path. */
function exists(paths: readonly string[], from: string, name: string): boolean {
  const local = posix.join(posix.dirname(from), name).replace(/\/$/, '')
  const tail = `/${name.replace(/^(\.{1,2}\/)+|\/$/g, '')}`
  return paths.some(
    (path) => path === local || path.startsWith(`${local}/`) || `/${path}`.endsWith(tail),
  )
}
