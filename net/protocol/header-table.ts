import { fieldMissing } from './errors.ts'
import { parseBoolean, parseInt32, parseInt64 } from './field-value.ts'

/** Types of header fields, with the TypeScript type of their values. */
interface FieldValues {
  readonly string: string
  readonly int32: number
  readonly int64: number
  readonly boolean: boolean
}
type FieldType = keyof FieldValues

/** One row of a header table. */
export interface HeaderField<T = unknown, R extends boolean = boolean> {
  readonly type: FieldType
  readonly required: R
  /** What a missing field reads as. */
  readonly fallback: T
}

/** The fields of one command's own header, by the names that Java uses in `extFields`. */
export type HeaderTable = Readonly<Record<string, HeaderField>>

/** What {@link decodeHeader} returns for a table. */
export type HeaderOf<T extends HeaderTable> = {
  -readonly [Name in keyof T]: T[Name] extends HeaderField<infer V> ? V : never
}

type RequiredName<T extends HeaderTable> = {
  [Name in keyof T]: T[Name] extends HeaderField<unknown, true> ? Name : never
}[keyof T]

/** What {@link encodeHeaderFields} takes for a table: only required fields must be there. */
export type HeaderInput<T extends HeaderTable> = Readonly<
  Pick<HeaderOf<T>, RequiredName<T>> & Partial<HeaderOf<T>>
>

/** A field that the reader cannot do without (Java: `@CFNotNull`). */
export function required<T extends FieldType>(type: T): HeaderField<FieldValues[T], true> {
  // A required field never falls back: decodeHeader throws first.
  return { type, required: true, fallback: undefined as unknown as FieldValues[T] }
}

/** A field that may be missing. */
export function optional<T extends FieldType>(
  type: T,
): HeaderField<FieldValues[T] | undefined, false> {
  return { type, required: false, fallback: undefined }
}

/** A field that reads as `fallback` when it is missing. */
export function withDefault<T extends FieldType>(
  type: T,
  fallback: FieldValues[T],
): HeaderField<FieldValues[T], false> {
  return { type, required: false, fallback }
}

/**
 * Reads the header of `table` from a command's ext fields. An optional field with empty text is
 * taken as missing, unless it is a string.
 * @throws {ProtocolError} `PROTOCOL_FIELD_MISSING`, `PROTOCOL_FIELD_INVALID` with the field's name
 */
export function decodeHeader<T extends HeaderTable>(
  table: T,
  extFields: ReadonlyMap<string, string>,
): HeaderOf<T> {
  const header: Record<string, unknown> = {}
  for (const name of Object.keys(table)) {
    const field = table[name]!
    const text = extFields.get(name)
    const missing = text === undefined || (text === '' && field.type !== 'string')
    if (missing && field.required) throw fieldMissing(name)
    header[name] = missing ? field.fallback : parseField(name, field.type, text)
  }
  return header as HeaderOf<T>
}

/** The ext fields of `header`, in the table's order. Fields that are undefined are left out. */
export function encodeHeaderFields<T extends HeaderTable>(
  table: T,
  header: HeaderInput<T>,
): Map<string, string> {
  const values = header as Readonly<Record<string, FieldValues[FieldType] | undefined>>
  const extFields = new Map<string, string>()
  for (const name of Object.keys(table)) {
    const fallback = table[name]!.fallback as FieldValues[FieldType] | undefined
    const value = values[name] ?? fallback
    if (value !== undefined) extFields.set(name, String(value))
  }
  return extFields
}

function parseField(name: string, type: FieldType, text: string): string | number | boolean {
  switch (type) {
    case 'string':
      return text
    case 'int32':
      return parseInt32(name, text)
    case 'int64':
      return parseInt64(name, text)
    case 'boolean':
      return parseBoolean(text)
  }
}
