import { type Argument, type CallExpression, Visitor } from 'oxc-parser'
import type { Finding, SourceFile } from './source-file.ts'

const MESSAGE = 'a failure vanishes here: handle it, or say in a comment why nothing is lost'

/** No failure is dropped without a sentence that says why: neither by `catch` nor by `.catch()`. */
export function checkSilentCatch(file: SourceFile): Finding[] {
  if (!file.isCode) return []
  const findings: Finding[] = []
  new Visitor({
    CatchClause({ start, end, body }) {
      if (body.body.length > 0 || file.hasCommentWithin(start, end)) return
      findings.push(file.findingAt(start, MESSAGE))
    },
    CallExpression(node) {
      if (!isCatchOfNothing(node) || isExplained(file, node)) return
      findings.push(file.findingAt(node.end, MESSAGE))
    },
  }).visit(file.syntax.program)
  return findings
}

function isCatchOfNothing(node: CallExpression): boolean {
  const { callee } = node
  if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return false
  const [handler] = node.arguments
  return callee.property.name === 'catch' && handler !== undefined && doesNothing(handler)
}

function doesNothing(handler: Argument): boolean {
  if (handler.type !== 'ArrowFunctionExpression' && handler.type !== 'FunctionExpression') {
    return false
  }
  const { body } = handler
  if (body === null) return false
  if (body.type === 'BlockStatement') return body.body.length === 0
  return body.type === 'Identifier' && body.name === 'undefined'
}

/** Whether a comment stands inside the call or on the line before its statement. */
function isExplained(file: SourceFile, node: CallExpression): boolean {
  if (file.hasCommentWithin(node.start, node.end)) return true
  const firstLine = file.lineAt(node.start)
  return file.syntax.comments.some((comment) => file.lineAt(comment.end) === firstLine - 1)
}
