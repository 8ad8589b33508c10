import { type Argument, type CallExpression, Visitor } from 'oxc-parser'
import type { Finding, SourceFile } from './source-file.ts'

/** Methods of Buffer and DataView that take a byte offset, and which argument it is. */
const OFFSET_METHODS: readonly (readonly [RegExp, number])[] = [
  [/^read(Big)?U?(Int|int|Float|Double)\d*(LE|BE)?$/, 0],
  [/^write(Big)?U?(Int|int|Float|Double)\d*(LE|BE)?$/, 1],
  [/^[gs]et(Big)?(Int|Uint|Float)\d+$/, 0],
]

/**
 * Offsets of a byte layout are named sums, and the names live in engine/format: everywhere else a
 * number such as 12 hides which field is meant. Zero is the start of anything, and tests say the
 * numbers of the format on purpose.
 */
export function checkLiteralOffsets(file: SourceFile): Finding[] {
  if (!file.isCode || file.isTest || file.path.startsWith('engine/format/')) return []
  const findings: Finding[] = []
  new Visitor({
    CallExpression(node) {
      const offset = offsetOf(node)
      const literal = offset === undefined ? undefined : literalIn(offset)
      if (literal === undefined) return
      const message = `${literal} as a byte offset: name the field's place, a sum of sizes`
      findings.push(file.findingAt(node.start, message))
    },
  }).visit(file.syntax.program)
  return findings
}

function offsetOf(node: CallExpression): Argument | undefined {
  const { callee } = node
  if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return undefined
  const name = callee.property.name
  const method = OFFSET_METHODS.find(([pattern]) => pattern.test(name))
  return method === undefined ? undefined : node.arguments[method[1]]
}

/** The first number other than 0 in a literal or in a sum or difference that holds one. */
function literalIn(node: Argument): number | undefined {
  if (node.type === 'Literal') {
    return typeof node.value === 'number' && node.value !== 0 ? node.value : undefined
  }
  if (node.type === 'ParenthesizedExpression') return literalIn(node.expression)
  if (node.type !== 'BinaryExpression' || node.left.type === 'PrivateIdentifier') return undefined
  return literalIn(node.left) ?? literalIn(node.right)
}
