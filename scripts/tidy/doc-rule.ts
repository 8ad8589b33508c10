import type { ClassBody, Program, TSInterfaceBody } from 'oxc-parser'
import { DOORS, resolveFrom } from './module-graph.ts'
import type { Finding, SourceFile } from './source-file.ts'

type Files = ReadonlyMap<string, SourceFile>
type Statement = Program['body'][number]

/** A declaration that a door exports, with the file and place of its statement. */
interface Declared {
  readonly file: SourceFile
  readonly start: number
  readonly name: string
  readonly body: ClassBody | TSInterfaceBody | undefined
}

/**
 * Whatever a door exports says in a documentation comment what it is; so does each public method of
 * an exported class and each field of exported options, with its default when it may be left out.
 */
export function checkPublicDocs(files: Files): Finding[] {
  const seen = new Set<string>()
  const findings: Finding[] = []
  for (const door of DOORS) {
    for (const declared of exportsOf(files, door)) {
      const key = `${declared.file.path} ${declared.name}`
      if (seen.has(key)) continue
      seen.add(key)
      findings.push(...checkDeclared(declared))
    }
  }
  return findings
}

function checkDeclared({ file, start, name, body }: Declared): Finding[] {
  const findings: Finding[] = []
  if (file.docBefore(start) === undefined) {
    findings.push(file.findingAt(start, `${name} is public and has no documentation comment`))
  }
  for (const member of body?.body ?? []) {
    const memberName = publicNameOf(member, name)
    if (memberName === undefined) continue
    const doc = file.docBefore(member.start)
    const place = `${name}.${memberName}`
    if (doc === undefined) {
      findings.push(file.findingAt(member.start, `${place} is public and has no documentation`))
    } else if (isOptional(member) && name.endsWith('Options') && !doc.value.includes('@default')) {
      findings.push(file.findingAt(member.start, `${place} may be left out: say its @default`))
    }
  }
  return findings
}

type Member = ClassBody['body'][number] | TSInterfaceBody['body'][number]

/** The name of a member that needs words of its own, or undefined. */
function publicNameOf(member: Member, owner: string): string | undefined {
  switch (member.type) {
    case 'MethodDefinition':
      if (member.kind === 'constructor' || member.override || isHidden(member)) return undefined
      return member.key.type === 'Identifier' ? member.key.name : undefined
    case 'TSPropertySignature':
      if (!owner.endsWith('Options')) return undefined
      return member.key.type === 'Identifier' ? member.key.name : undefined
    default:
      return undefined
  }
}

function isHidden(member: { readonly accessibility?: string | null; readonly computed: boolean }) {
  return member.computed || (member.accessibility ?? 'public') !== 'public'
}

function isOptional(member: Member): boolean {
  return member.type === 'TSPropertySignature' && member.optional
}

/** The declarations behind the exported names of a module, through all re-exports. */
function exportsOf(files: Files, path: string): Declared[] {
  const file = files.get(path)
  if (file === undefined) return []
  return file.syntax.program.body.flatMap((statement) => {
    if (statement.type === 'ExportAllDeclaration') {
      return exportsOf(files, resolveFrom(path, statement.source.value))
    }
    if (statement.type !== 'ExportNamedDeclaration') return []
    if (statement.declaration !== null) return declaredBy(file, statement)
    return statement.specifiers.flatMap(({ local }) => {
      if (local.type !== 'Identifier') return []
      return find(files, path, local.name, statement.source?.value)
    })
  })
}

/** Where `name`, as seen in the module at `path` or in the one it requests, is declared. */
function find(files: Files, path: string, name: string, request: string | undefined): Declared[] {
  if (request !== undefined) {
    const target = resolveFrom(path, request)
    return exportsOf(files, target).filter((declared) => declared.name === name)
  }
  const file = files.get(path)
  if (file === undefined) return []
  const imported = file.syntax.module.staticImports.find((statement) =>
    statement.entries.some((entry) => entry.localName.value === name),
  )
  if (imported !== undefined) return find(files, path, name, imported.moduleRequest.value)
  const declared = file.syntax.program.body.flatMap((statement) => declaredBy(file, statement))
  return declared.filter((candidate) => candidate.name === name)
}

function declaredBy(file: SourceFile, statement: Statement): Declared[] {
  const { start } = statement
  const node = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
  switch (node?.type) {
    case 'FunctionDeclaration':
    case 'TSTypeAliasDeclaration':
      return node.id === null ? [] : [{ file, start, name: node.id.name, body: undefined }]
    case 'ClassDeclaration':
    case 'TSInterfaceDeclaration':
      return node.id === null ? [] : [{ file, start, name: node.id.name, body: node.body }]
    case 'VariableDeclaration':
      return node.declarations.flatMap(({ id }) =>
        id.type === 'Identifier' ? [{ file, start, name: id.name, body: undefined }] : [],
      )
    default:
      return []
  }
}
