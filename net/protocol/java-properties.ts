/**
 * The text form of java.util.Properties: `broker.conf` and the bodies of GET_BROKER_CONFIG (26) and
 * UPDATE_BROKER_CONFIG (25).
 *
 *   # a comment, and so is a line that begins with !
 *   brokerName = broker-a          key and value part at the first =, : or blank
 *   namesrvAddr 10.0.0.1:9876;\    a line that ends with a backslash goes on in the next,
 *               10.0.0.2:9876      whose indentation does not count
 *   path=C\:\\store\u00e9          \t \n \r \f \uXXXX; any other escaped character is itself
 *
 * Java reads such a file as ISO 8859-1 (Properties.load of an InputStream): decode it as `latin1`.
 */
import { AgenaError } from '../../engine/base/errors.ts'

/** One setting and where it stands. */
export interface JavaProperty {
  readonly key: string
  readonly value: string
  /** Number of the line on which it begins, from 1. */
  readonly line: number
}

/** A text that java.util.Properties refuses too. */
export class JavaPropertiesError extends AgenaError<'JAVA_PROPERTIES_INVALID'> {
  override readonly name = 'JavaPropertiesError'
  /** Number of the line at fault, from 1. */
  readonly line: number

  constructor(line: number, message: string) {
    super('JAVA_PROPERTIES_INVALID', `line ${line}: ${message}`)
    this.line = line
  }
}

const LINE_END = /\r\n|\r|\n/
const INDENTATION = /^[ \t\f]*/
const TRAILING_BACKSLASHES = /\\*$/
/**
 * A key up to its first separator that is not escaped, then one `=` or `:` and blanks around it.
 */
const KEY_AND_SEPARATOR = /^((?:[^\\=: \t\f]|\\.|\\$)*)[ \t\f]*[=:]?[ \t\f]*/s
const ESCAPE = /\\(u[0-9a-fA-F]{4}|u|.|$)/gs
const CONTROL_ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }
const HEXADECIMAL = 16

/**
 * The settings of `text` in their order. A key may occur more than once: in Java the last one wins,
 * see {@link propertiesToMap}.
 * @throws {JavaPropertiesError} `JAVA_PROPERTIES_INVALID` for a `\u` without four hexadecimal
 * digits
 */
export function parseJavaProperties(text: string): JavaProperty[] {
  const properties: JavaProperty[] = []
  for (const { text: entry, line } of logicalLines(text)) {
    const [separated = '', key = ''] = KEY_AND_SEPARATOR.exec(entry) ?? []
    const value = entry.slice(separated.length)
    properties.push({ key: unescapeText(key, line), value: unescapeText(value, line), line })
  }
  return properties
}

/** The settings by key: a later one replaces an earlier one. */
export function propertiesToMap(properties: Iterable<JavaProperty>): Map<string, string> {
  const map = new Map<string, string>()
  for (const { key, value } of properties) map.set(key, value)
  return map
}

/**
 * `key=value` lines that {@link parseJavaProperties} and Java read back as they were. Text without
 * special characters looks as Java's broker sends it (MixAll.properties2String, which escapes
 * nothing).
 */
export function formatJavaProperties(entries: Iterable<readonly [string, string]>): string {
  let text = ''
  for (const [key, value] of entries) text += `${escapeKey(key)}=${escapeValue(value)}\n`
  return text
}

/** Lines with their continuations, without indentation, comments and empty lines. */
function* logicalLines(text: string): Generator<{ text: string; line: number }> {
  let entry = ''
  let entryLine = 0
  let line = 0
  for (const natural of text.split(LINE_END)) {
    line += 1
    const content = natural.replace(INDENTATION, '')
    // Only the begin of a setting can be a comment; the rest of one is text, whatever it is.
    if (entry === '' && /^[#!]/.test(content)) continue
    if (entry === '') entryLine = line
    const backslashes = TRAILING_BACKSLASHES.exec(content)?.[0].length ?? 0
    const isContinued = backslashes % 2 === 1
    entry += isContinued ? content.slice(0, -1) : content
    if (isContinued || entry === '') continue
    yield { text: entry, line: entryLine }
    entry = ''
  }
  if (entry !== '') yield { text: entry, line: entryLine }
}

function unescapeText(text: string, line: number): string {
  return text.replace(ESCAPE, (_whole, escaped: string) => {
    if (escaped.length > 1)
      return String.fromCharCode(Number.parseInt(escaped.slice(1), HEXADECIMAL))
    if (escaped !== 'u') return CONTROL_ESCAPES[escaped] ?? escaped
    throw new JavaPropertiesError(line, '\\u without four hexadecimal digits')
  })
}

function escapeKey(key: string): string {
  return escapeText(key).replace(/[ =:]/g, '\\$&').replace(/^[#!]/, '\\$&')
}

function escapeValue(value: string): string {
  return escapeText(value).replace(/^ /, '\\ ')
}

/** Java's reader takes each byte for a character, so what is beyond ASCII is written as \uXXXX. */
function escapeText(text: string): string {
  return text.replace(/[\\\t\n\r\f]|[^ -~]/g, (character) => {
    const name = Object.keys(CONTROL_ESCAPES).find((key) => CONTROL_ESCAPES[key] === character)
    if (name !== undefined) return `\\${name}`
    if (character === '\\') return '\\\\'
    return `\\u${character.charCodeAt(0).toString(HEXADECIMAL).padStart(4, '0')}`
  })
}
