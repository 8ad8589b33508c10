/**
 * JSON as fastjson writes it: keys of objects need not be strings.
 *
 *   {0:"192.0.2.10:10911"}                            keys are numbers
 *   {{"queueId":0,"topic":"a"}:{"maxOffset":10}}      keys are objects
 *   {'a':1,b:2}                                       single quotes, bare names
 *
 * An object whose keys are texts or numbers is read as a plain object, one whose keys are objects
 * as a `Map`. On the way out a plain object is ordinary JSON and a `Map` is written with its keys
 * as they are: numbers bare, objects as objects.
 */
import { assert } from '../../engine/base/assert.ts'
import { ProtocolError } from './errors.ts'

export type LooseValue =
  | null
  | boolean
  | number
  | string
  | LooseValue[]
  | LooseObject
  | Map<LooseValue, LooseValue>

export interface LooseObject {
  [name: string]: LooseValue
}

/** Values nest this deep at most: Java's bodies nest five deep. */
const DEPTH_MAX = 64

/** @throws {ProtocolError} `PROTOCOL_BODY_INVALID` */
export function parseLooseJson(text: string): LooseValue {
  try {
    return JSON.parse(text) as LooseValue
  } catch {
    // Not JSON proper: fastjson's dialect, or nonsense, which the loose parser tells apart.
    return new LooseParser(text).parse()
  }
}

/** `undefined` members of objects are left out. */
export function stringifyLooseJson(value: LooseValue): string {
  // What is JSON proper is written natively, ten times as fast: tables have thousands of rows.
  return holdsMap(value) ? stringifyWithMaps(value) : JSON.stringify(value)
}

function holdsMap(value: LooseValue | undefined): boolean {
  if (value === null || typeof value !== 'object') return false
  if (value instanceof Map) return true
  if (Array.isArray(value)) return value.some(holdsMap)
  for (const name in value) if (holdsMap(value[name])) return true
  return false
}

function stringifyWithMaps(value: LooseValue): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(stringifyWithMaps).join(',')}]`
  const members: string[] = []
  if (value instanceof Map) {
    for (const [key, member] of value) {
      members.push(`${stringifyWithMaps(key)}:${stringifyWithMaps(member)}`)
    }
  } else {
    for (const name of Object.keys(value)) {
      const member = value[name]
      if (member === undefined) continue
      members.push(`${JSON.stringify(name)}:${stringifyWithMaps(member)}`)
    }
  }
  return `{${members.join(',')}}`
}

const SPACE = /[ \t\r\n\f\b]*/y
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const NAME = /[A-Za-z_$][\w$]*/y
const ESCAPED = /\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([\s\S]))/g
const ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  0: '\0',
}
const WORDS: Readonly<Record<string, null | boolean>> = { null: null, true: true, false: false }

class LooseParser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  parse(): LooseValue {
    const value = this.#value(0)
    this.#skipSpace()
    if (this.#at !== this.#text.length) throw this.#invalid('text behind the value')
    return value
  }

  #value(depth: number): LooseValue {
    if (depth > DEPTH_MAX) throw this.#invalid('values nested too deep')
    this.#skipSpace()
    const first = this.#text[this.#at]
    if (first === '{') return this.#object(depth)
    if (first === '[') return this.#array(depth)
    if (first === '"' || first === "'") return this.#quoted(first)
    const number = this.#match(NUMBER)
    if (number !== undefined) return Number(number[0])
    const word = this.#match(NAME)?.[0]
    const value = word === undefined ? undefined : WORDS[word]
    if (value === undefined) throw this.#invalid('no value')
    return value
  }

  #object(depth: number): LooseValue {
    const members = new Map<LooseValue, LooseValue>()
    let objectKeys = false
    this.#at += 1
    while (!this.#take('}')) {
      if (members.size > 0 && !this.#take(',')) throw this.#invalid('no comma between members')
      const key = this.#key(depth)
      objectKeys ||= typeof key === 'object'
      if (!this.#take(':')) throw this.#invalid('no colon behind a key')
      const before = members.size
      members.set(key, this.#value(depth + 1))
      if (members.size === before) throw this.#invalid('a key twice')
    }
    return objectKeys ? members : plainObject(members)
  }

  #key(depth: number): LooseValue {
    this.#skipSpace()
    const name = this.#match(NAME)
    return name === undefined ? this.#value(depth + 1) : name[0]
  }

  #array(depth: number): LooseValue[] {
    const items: LooseValue[] = []
    this.#at += 1
    while (!this.#take(']')) {
      if (items.length > 0 && !this.#take(',')) throw this.#invalid('no comma between items')
      items.push(this.#value(depth + 1))
    }
    return items
  }

  #quoted(quote: '"' | "'"): string {
    const start = this.#at + 1
    let end = start
    while (end < this.#text.length && this.#text[end] !== quote) {
      end += this.#text[end] === '\\' ? 2 : 1
    }
    if (end >= this.#text.length) throw this.#invalid('a text without its end')
    this.#at = end + 1
    const raw = this.#text.slice(start, end)
    return raw.replaceAll(ESCAPED, (_, unicode, byte, char: string) => {
      const code: string | undefined = unicode ?? byte
      return code === undefined ? (ESCAPES[char] ?? char) : String.fromCharCode(parseInt(code, 16))
    })
  }

  #skipSpace(): void {
    this.#match(SPACE)
  }

  #take(char: string): boolean {
    this.#skipSpace()
    if (this.#text[this.#at] !== char) return false
    this.#at += 1
    return true
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    if (match === null) return undefined
    this.#at = pattern.lastIndex
    return match
  }

  #invalid(why: string): ProtocolError {
    const message = `the body is not JSON: ${why} at character ${this.#at}`
    return new ProtocolError('PROTOCOL_BODY_INVALID', '', message)
  }
}

function plainObject(members: Map<LooseValue, LooseValue>): LooseObject {
  const object: LooseObject = {}
  for (const [key, value] of members) {
    assert(typeof key !== 'object', 'an object with objects as keys stays a Map')
    // Defined, not assigned: a key may be `__proto__`.
    const property = { value, writable: true, enumerable: true, configurable: true }
    Object.defineProperty(object, String(key), property)
  }
  return object
}
