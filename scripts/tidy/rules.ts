import { checkAbbreviations } from './abbreviation-rule.ts'
import { checkSilentCatch } from './catch-rule.ts'
import { checkDeadFiles } from './dead-file-rule.ts'
import { checkPublicDocs } from './doc-rule.ts'
import { checkFileNames } from './file-name-rule.ts'
import { checkFileLength, checkFunctionLength, checkLineLength } from './length-rules.ts'
import { checkLiteralOffsets } from './offset-rule.ts'
import type { Finding, SourceFile } from './source-file.ts'
import { checkBannedWords } from './word-rule.ts'

/** Rules that look at one file. */
const FILE_RULES = [
  checkFileLength,
  checkFunctionLength,
  checkLineLength,
  checkLiteralOffsets,
  checkBannedWords,
  checkAbbreviations,
  checkSilentCatch,
]

/** All findings in `files`, in the order of path and line; `paths` names every file there is. */
export function checkAll(files: readonly SourceFile[], paths: readonly string[]): Finding[] {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const findings = [
    ...files.flatMap((file) => FILE_RULES.flatMap((rule) => rule(file))),
    ...checkDeadFiles(byPath),
    ...checkFileNames(files, paths),
    ...checkPublicDocs(byPath),
  ]
  return findings.sort((left, right) => comparePlaces(left, right))
}

function comparePlaces(left: Finding, right: Finding): number {
  if (left.path !== right.path) return left.path < right.path ? -1 : 1
  return left.line - right.line
}
