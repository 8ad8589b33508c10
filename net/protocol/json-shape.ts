/**
 * Shapes of JSON bodies: one declaration gives the reader, the writer and the TypeScript type.
 * Readers follow Java's: unknown members are ignored, missing numbers are 0, missing booleans
 * false, missing collections empty, and numbers may stand in quotes.
 */
import { fieldInvalid, fieldMissing, ProtocolError } from './errors.ts'
import { parseBoolean, parseInt32, parseInt64, saturateInt64 } from './field-value.ts'
import type { LooseObject, LooseValue } from './loose-json.ts'
import { parseLooseJson, stringifyLooseJson } from './loose-json.ts'

export interface JsonShape<T> {
  /** `value` is undefined when the member is missing; `path` names it in errors. */
  read(value: LooseValue | undefined, path: string): T
  /** Undefined leaves the member out. */
  write(value: T): LooseValue | undefined
}

/** The type of what a shape reads and writes. */
export type ShapeOf<S> = S extends JsonShape<infer T> ? T : never

/** Reads a body. @throws {ProtocolError} */
export function decodeBody<T>(shape: JsonShape<T>, body: Buffer): T {
  if (body.length === 0) throw new ProtocolError('PROTOCOL_BODY_INVALID', '', 'the body is empty')
  return shape.read(parseLooseJson(body.toString('utf8')), '')
}

/** Writes a body in the form that Java 5.5.0 reads. */
export function encodeBody<T>(shape: JsonShape<T>, value: T): Buffer {
  return Buffer.from(stringifyLooseJson(shape.write(value) ?? null))
}

const same = <T extends LooseValue>(value: T): T => value

/** A text that must be there. */
export const text: JsonShape<string> = {
  read: (value, path) => {
    if (isMissing(value)) throw fieldMissing(path)
    if (typeof value === 'object') throw fieldInvalid(path, 'is not a text')
    return String(value)
  },
  write: same,
}

export const int32: JsonShape<number> = {
  read: (value, path) => (isMissing(value) ? 0 : parseInt32(path, scalar(value, path))),
  write: same,
}

/** Values beyond ±2^53 saturate. */
export const int64: JsonShape<number> = {
  read: (value, path) => {
    if (isMissing(value)) return 0
    // JSON.parse has rounded what is beyond 2^53 to a number with an exponent.
    if (typeof value === 'number') return saturateInt64(Math.trunc(value))
    return parseInt64(path, scalar(value, path))
  },
  write: same,
}

export const double: JsonShape<number> = {
  read: (value, path) => {
    const number = isMissing(value) ? 0 : Number(scalar(value, path))
    if (Number.isNaN(number)) throw fieldInvalid(path, 'is not a number')
    return number
  },
  write: same,
}

export const boolean: JsonShape<boolean> = {
  read: (value, path) => !isMissing(value) && parseBoolean(scalar(value, path)),
  write: same,
}

/** A member that may be missing. */
export function optional<T>(shape: JsonShape<T>): JsonShape<T | undefined> {
  return {
    read: (value, path) => (isMissing(value) ? undefined : shape.read(value, path)),
    write: (value) => (value === undefined ? undefined : shape.write(value)),
  }
}

/** A member that reads as `fallback` when it is missing. */
export function withDefault<T>(shape: JsonShape<T>, fallback: T): JsonShape<T> {
  return {
    read: (value, path) => (isMissing(value) ? fallback : shape.read(value, path)),
    write: (value) => shape.write(value),
  }
}

export function list<T>(item: JsonShape<T>): JsonShape<T[]> {
  return {
    read: (value, path) => {
      if (isMissing(value)) return []
      if (!Array.isArray(value)) throw fieldInvalid(path, 'is not a list')
      return value.map((member, index) => item.read(member, `${path}[${index}]`))
    },
    write: (items) => items.map((member) => item.write(member) ?? null),
  }
}

/** An object with any names. */
export function textMap<T>(item: JsonShape<T>): JsonShape<Map<string, T>> {
  return {
    read: (value, path) => {
      const members = objectOf(value ?? {}, path)
      return new Map(
        Object.keys(members).map((name) => [name, item.read(members[name], `${path}.${name}`)]),
      )
    },
    write: (map) => {
      const entries = [...map].map(([name, member]) => [name, item.write(member) ?? null])
      return Object.fromEntries(entries) as LooseObject
    },
  }
}

/** An object whose names are numbers: read quoted or bare, written quoted, which all peers read. */
export function numberMap<T>(item: JsonShape<T>): JsonShape<Map<number, T>> {
  const byText = textMap(item)
  return {
    read: (value, path) => {
      const entries = [...byText.read(value, path)]
      return new Map(entries.map(([name, member]) => [parseInt64(`${path}.${name}`, name), member]))
    },
    write: (map) => byText.write(new Map([...map].map(([key, member]) => [String(key), member]))),
  }
}

/**
 * An object whose keys are objects, as a list of pairs. Read in fastjson's form or with the keys
 * as texts of JSON, written in fastjson's form, which is the only one that Java reads.
 */
export function objectKeyedMap<K, V>(key: JsonShape<K>, item: JsonShape<V>): JsonShape<[K, V][]> {
  return {
    read: (value, path) => {
      if (isMissing(value)) return []
      const entries = value instanceof Map ? [...value] : Object.entries(objectOf(value, path))
      return entries.map(([name, member]) => {
        const keyValue = typeof name === 'string' ? parseLooseJson(name) : name
        return [key.read(keyValue, `${path} key`), item.read(member, path)]
      })
    },
    write: (pairs) =>
      new Map(pairs.map(([name, member]) => [key.write(name) ?? null, item.write(member) ?? null])),
  }
}

/** An object with known members, written in the order of `members`. */
export function object<T extends object>(
  members: {
    [Name in keyof T]: JsonShape<T[Name]>
  },
): JsonShape<T> {
  const names = Object.keys(members) as (keyof T & string)[]
  return {
    read: (value, path) => {
      if (isMissing(value)) throw fieldMissing(path)
      const plain = objectOf(value, path)
      const result: Partial<T> = {}
      for (const name of names) {
        result[name] = members[name].read(plain[name], path === '' ? name : `${path}.${name}`)
      }
      return result as T
    },
    write: (value) => {
      const plain: LooseObject = {}
      for (const name of names) {
        const member = members[name].write(value[name])
        if (member !== undefined) plain[name] = member
      }
      return plain
    },
  }
}

function isMissing(value: LooseValue | undefined): value is null | undefined {
  return value === undefined || value === null
}

function scalar(value: LooseValue, path: string): string {
  if (typeof value === 'object') throw fieldInvalid(path, 'is not a single value')
  return String(value)
}

function objectOf(value: LooseValue, path: string): LooseObject {
  const plain = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!plain || value instanceof Map) throw fieldInvalid(path, 'is not an object')
  return value
}
