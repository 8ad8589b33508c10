import { type BindingPattern, type ParamPattern, Visitor } from 'oxc-parser'
import type { Finding, SourceFile } from './source-file.ts'

const FULL_WORDS: Readonly<Record<string, string>> = {
  addr: 'address',
  arr: 'a plural',
  attrs: 'attributes',
  buf: 'buffer',
  cb: 'a verb, such as onClosed',
  cfg: 'config',
  cmd: 'command',
  cnt: 'count',
  conf: 'config',
  conn: 'connection',
  cq: 'consumeQueue',
  ctx: 'what it is the context of',
  cur: 'current',
  curr: 'current',
  dst: 'target',
  err: 'error',
  fn: 'a verb',
  hdr: 'header',
  idx: 'index',
  len: 'length, or a size with its unit',
  mgr: 'what it does',
  msg: 'message',
  num: 'count, index or size',
  obj: 'what it is',
  opts: 'options',
  params: 'parameters',
  pkt: 'packet',
  pos: 'position',
  prev: 'previous',
  props: 'properties',
  ptr: 'pointer',
  req: 'request',
  res: 'response or result',
  resp: 'response',
  src: 'source',
  srv: 'server',
  str: 'text',
  svc: 'service',
  sz: 'sizeBytes',
  tmp: 'temporary',
  util: 'what it does',
  val: 'value',
}

/**
 * Names we give are whole words. Only names that are declared here count: the wire and other
 * libraries name their own fields, and the types and constants of net/protocol keep RocketMQ's
 * spelling.
 */
export function checkAbbreviations(file: SourceFile): Finding[] {
  if (!file.isCode || file.isGenerated) return []
  const findings: Finding[] = []
  const check = ({ name, start }: Named): void => {
    if (file.path.startsWith('net/protocol/') && /^[A-Z]/.test(name)) return
    const word = wordsOf(name).find((candidate) => Object.hasOwn(FULL_WORDS, candidate))
    if (word === undefined) return
    findings.push(file.findingAt(start, `"${name}": write ${FULL_WORDS[word]} for "${word}"`))
  }
  const checkAll = (patterns: readonly ParamPattern[]): void => {
    for (const pattern of patterns) for (const named of namesIn(pattern)) check(named)
  }
  new Visitor({
    VariableDeclarator: (node) => checkAll([node.id]),
    FunctionDeclaration: (node) => {
      if (node.id !== null) check(node.id)
      checkAll(node.params)
    },
    FunctionExpression: (node) => checkAll(node.params),
    ArrowFunctionExpression: (node) => checkAll(node.params),
    ClassDeclaration: (node) => {
      if (node.id !== null) check(node.id)
    },
    TSInterfaceDeclaration: (node) => check(node.id),
    TSTypeAliasDeclaration: (node) => check(node.id),
  }).visit(file.syntax.program)
  return findings
}

interface Named {
  readonly name: string
  readonly start: number
}

/** The names that a pattern declares, less those it merely takes over from an object's field. */
function namesIn(pattern: ParamPattern | BindingPattern): Named[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern]
    case 'AssignmentPattern':
      return namesIn(pattern.left)
    case 'RestElement':
      return namesIn(pattern.argument)
    case 'ArrayPattern':
      return pattern.elements.flatMap((element) => (element === null ? [] : namesIn(element)))
    case 'ObjectPattern':
      return pattern.properties.flatMap((property) => {
        if (property.type === 'RestElement') return namesIn(property)
        return property.shorthand ? [] : namesIn(property.value)
      })
    case 'TSParameterProperty':
      return namesIn(pattern.parameter)
  }
}

/** `consumeQueueLen` and `QUEUE_LEN` both end with the word `len`. */
function wordsOf(name: string): string[] {
  return name
    .replaceAll(/([a-z\d])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z]+/)
}
