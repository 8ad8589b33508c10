import { type CallExpression, Visitor } from 'oxc-parser'
import type { Finding, SourceFile } from './source-file.ts'

const FILE_LINES_MAX = 500
const FUNCTION_LINES_MAX = 70
const LINE_COLUMNS_MAX = 100

/** A file is one idea: beyond the limit it is two. Generated tables are not read by people. */
export function checkFileLength(file: SourceFile): Finding[] {
  const lineCount = file.lines.length - 1
  if (!file.isCode || file.isGenerated || lineCount <= FILE_LINES_MAX) return []
  const message = `file of ${lineCount} lines, at most ${FILE_LINES_MAX}: split it by its nouns`
  return [{ path: file.path, line: 1, message }]
}

export function checkLineLength(file: SourceFile): Finding[] {
  if (!file.isCode || file.isGenerated) return []
  return file.lines.flatMap((text, index) => {
    // An address cannot be broken.
    if (text.length <= LINE_COLUMNS_MAX || text.includes('://')) return []
    const message = `line of ${text.length} columns, at most ${LINE_COLUMNS_MAX}`
    return [{ path: file.path, line: index + 1, message }]
  })
}

interface FunctionNode {
  readonly start: number
  readonly end: number
}

/** One function is one screen. The callback of a `describe` is a chapter, not a function. */
export function checkFunctionLength(file: SourceFile): Finding[] {
  if (!file.isCode || file.isGenerated) return []
  const findings: Finding[] = []
  const chapters = new Set<number>()
  const measure = (node: FunctionNode): void => {
    const lineCount = file.lineAt(node.end) - file.lineAt(node.start) + 1
    if (lineCount <= FUNCTION_LINES_MAX || chapters.has(node.start)) return
    const message = `function of ${lineCount} lines, at most ${FUNCTION_LINES_MAX}: split it`
    findings.push(file.findingAt(node.start, message))
  }
  new Visitor({
    CallExpression(node) {
      if (!isDescribe(node)) return
      for (const argument of node.arguments) chapters.add(argument.start)
    },
    FunctionDeclaration: measure,
    FunctionExpression: measure,
    ArrowFunctionExpression: measure,
  }).visit(file.syntax.program)
  return findings
}

/** `describe(…)`, `describe.skipIf(…)(…)`, `describe.each(…)(…)`. */
function isDescribe(node: CallExpression): boolean {
  let callee = node.callee
  while (callee.type === 'CallExpression' || callee.type === 'MemberExpression') {
    callee = callee.type === 'CallExpression' ? callee.callee : callee.object
  }
  return callee.type === 'Identifier' && callee.name === 'describe'
}
