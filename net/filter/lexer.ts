/**
 * The words of an SQL92 expression (SelectorParser.jj). The longest match counts, and letters of
 * reserved words and of names may be of either case; names keep theirs.
 */
import { FilterError } from './filter-error.ts'

const RESERVED = [
  'NOT',
  'AND',
  'OR',
  'BETWEEN',
  'IN',
  'TRUE',
  'FALSE',
  'NULL',
  'IS',
  'CONTAINS',
  'STARTSWITH',
  'ENDSWITH',
] as const
const SYMBOLS = ['<>', '>=', '<=', '=', '>', '<', '(', ')', ',', '+', '-'] as const

export type ReservedWord = (typeof RESERVED)[number]
export type TokenKind =
  | ReservedWord
  | (typeof SYMBOLS)[number]
  | 'INTEGER'
  | 'FLOAT'
  | 'STRING'
  | 'NAME'
  | 'END'

export interface Token {
  readonly kind: TokenKind
  /** As it is written; quotes and all. */
  readonly text: string
  /** Offset of its first character. */
  readonly start: number
}

const RESERVED_WORDS: ReadonlySet<string> = new Set(RESERVED)
const BLANKS = /[ \t\n\r\f]+/y
/** Only a line's end makes it a comment: without one, these are two minus signs. */
const LINE_COMMENT = /--[^\n\r]*[\n\r]/y
const NAME = /[a-z_$][a-z0-9_$]*/iy
const FLOAT = /(?:\d+\.\d*|\.\d+)(?:e[+-]?\d+)?|\d+e[+-]?\d+/iy
/** No zero leads: `007` is three numbers. */
const INTEGER = /0|[1-9]\d*l?/iy
/** A quote inside is written twice. */
const STRING = /'[^']*(?:''[^']*)*'/y

export class Lexer {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  /** @throws {FilterError} `FILTER_SYNTAX` for a character that starts no word. */
  next(): Token {
    this.#skip()
    const start = this.#at
    if (start >= this.#text.length) return { kind: 'END', text: '', start }
    const token = this.#word(start) ?? this.#literal(start) ?? this.#symbol(start)
    if (token === undefined) throw this.#strange(start)
    this.#at = start + token.text.length
    return token
  }

  #skip(): void {
    for (;;) {
      const skipped = this.#match(BLANKS) ?? this.#match(LINE_COMMENT) ?? this.#blockComment()
      if (skipped === undefined) return
      this.#at += skipped.length
    }
  }

  #blockComment(): string | undefined {
    if (!this.#text.startsWith('/*', this.#at)) return undefined
    const end = this.#text.indexOf('*/', this.#at + 2)
    return end < 0 ? undefined : this.#text.slice(this.#at, end + 2)
  }

  #word(start: number): Token | undefined {
    const text = this.#match(NAME)
    if (text === undefined) return undefined
    const upper = text.toUpperCase()
    return { kind: RESERVED_WORDS.has(upper) ? (upper as ReservedWord) : 'NAME', text, start }
  }

  #literal(start: number): Token | undefined {
    const float = this.#match(FLOAT)
    if (float !== undefined) return { kind: 'FLOAT', text: float, start }
    const integer = this.#match(INTEGER)
    if (integer !== undefined) return { kind: 'INTEGER', text: integer, start }
    const string = this.#match(STRING)
    return string === undefined ? undefined : { kind: 'STRING', text: string, start }
  }

  #symbol(start: number): Token | undefined {
    const symbol = SYMBOLS.find((candidate) => this.#text.startsWith(candidate, start))
    return symbol === undefined ? undefined : { kind: symbol, text: symbol, start }
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    return pattern.exec(this.#text)?.[0]
  }

  #strange(start: number): FilterError {
    const character = String.fromCodePoint(this.#text.codePointAt(start)!)
    const why = this.#whyStrange(start, character)
    return new FilterError('FILTER_SYNTAX', why, this.#text, start)
  }

  #whyStrange(start: number, character: string): string {
    if (character === "'") return 'a string without its closing quote'
    if (this.#text.startsWith('/*', start)) return 'a comment without its end'
    return `unexpected character ${JSON.stringify(character)}`
  }
}
