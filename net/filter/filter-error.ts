import { AgenaError } from '../../engine/base/errors.ts'

/** Codes of {@link FilterError}. */
export type FilterErrorCode =
  /** A character, word or literal that the language does not have, or not at this place. */
  | 'FILTER_SYNTAX'
  /** An operator on operands that can never have a sense under it. */
  | 'FILTER_OPERAND'
  /** More levels of nesting than are evaluated. */
  | 'FILTER_TOO_DEEP'

/** An SQL92 expression that is refused (Java: MQFilterException). */
export class FilterError extends AgenaError<FilterErrorCode> {
  override readonly name = 'FilterError'
  /** Line and column of the first character that is wrong; both count from 1. */
  readonly line: number
  readonly column: number

  /** @param offset of that character in `expression` */
  constructor(code: FilterErrorCode, why: string, expression: string, offset: number) {
    const { line, column } = placeIn(expression, offset)
    super(code, `${why} at ${line === 1 ? '' : `line ${line}, `}column ${column}`)
    this.line = line
    this.column = column
  }
}

/** Line and column of an offset, both from 1; a line ends with LF, CR or both. */
export function placeIn(text: string, offset: number): { line: number; column: number } {
  const lines = text.slice(0, offset).split(/\r\n|\n|\r/)
  return { line: lines.length, column: lines.at(-1)!.length + 1 }
}
