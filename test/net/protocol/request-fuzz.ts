/** Random requests in the spellings that peers use, for holding the scanners to the codec. */
import { headerWord, SERIALIZE_TYPE_JSON } from '../../../net/remoting/frame-format.ts'
import type { SeededRandom } from '../../helpers/seeded-random.ts'

export type FieldKind = 'text' | 'escaped' | 'int32' | 'int64' | 'boolean'

const CHARACTERS = [...'abcXYZ019_-%|. ', '"', '\\', '/', '\u0001', '\u0002', '\n', 'ü', '€', '𝄞']
const PLAIN_CHARACTERS = [...'abcXYZ019_-%|. ']

export function randomText(random: SeededRandom, kind: 'text' | 'escaped'): string {
  const characters = kind === 'text' ? PLAIN_CHARACTERS : CHARACTERS
  let text = ''
  for (let left = random.below(kind === 'text' ? 12 : 60); left > 0; left -= 1) {
    text += random.pick(characters)
  }
  return text
}

/** A value of a field as ext fields carry it. */
export function randomValue(random: SeededRandom, kind: FieldKind): string {
  switch (kind) {
    case 'int32':
      return String(random.below(0xffff_ffff) - 0x8000_0000)
    case 'int64':
      return String(random.below(2_000_000_000) * 1000 + random.below(1000))
    case 'boolean':
      return String(random.below(2) === 1)
    default:
      return randomText(random, kind)
  }
}

/** The members in random order. */
export function shuffled<T>(random: SeededRandom, items: readonly T[]): T[] {
  const rest = [...items]
  const result: T[] = []
  while (rest.length > 0) result.push(...rest.splice(random.below(rest.length), 1))
  return result
}

/** `text` in JSON, some of its characters as `\\uXXXX`. */
function spellText(random: SeededRandom, text: string): string {
  let spelled = ''
  for (const character of text) {
    const units = character.split('').map((unit) => unit.charCodeAt(0))
    const asUnicode = random.below(8) === 0
    spelled += asUnicode
      ? units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
      : JSON.stringify(character).slice(1, -1)
  }
  return `"${spelled}"`
}

/** A JSON header: members in any order, numbers and booleans bare or quoted, members added. */
export function spellHeader(
  random: SeededRandom,
  members: Readonly<Record<string, number>>,
  fields: ReadonlyMap<string, { value: string; kind: FieldKind }>,
): string {
  const blank = (): string => (random.below(6) === 0 ? random.pick([' ', '\n', '\t ']) : '')
  const join = (parts: string[]): string =>
    `{${blank()}${parts.join(`${blank()},${blank()}`)}${blank()}}`
  const spelledFields = [...fields].map(([name, { value, kind }]) => {
    const isText = kind === 'text' || kind === 'escaped'
    const bare = !isText && random.below(2) === 0
    const escapable = kind === 'escaped'
    const text = escapable ? spellText(random, value) : JSON.stringify(value)
    return `"${name}"${blank()}:${blank()}${bare ? value : text}`
  })
  if (random.below(3) === 0) spelledFields.push('"zz9":"x\\n"')
  const extFields = `"extFields":${join(shuffled(random, spelledFields))}`
  const others = Object.entries(members).map(([name, value]) => `"${name}":${value}`)
  others.push('"language":"JAVA"', '"remark":null')
  if (random.below(2) === 0) others.push('"serializeTypeCurrentRPC":"JSON"', '"more":true')
  return join(shuffled(random, [...others, extFields]))
}

export function jsonFrame(header: string, body: Buffer): Buffer {
  const headerBytes = Buffer.from(header)
  const words = Buffer.alloc(8)
  words.writeInt32BE(4 + headerBytes.length + body.length, 0)
  words.writeInt32BE(headerWord(SERIALIZE_TYPE_JSON, headerBytes.length), 4)
  return Buffer.concat([words, headerBytes, body])
}

/** `bytes` with a few header bytes changed; lengths stay as they are. */
export function damaged(random: SeededRandom, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  for (let left = 1 + random.below(3); left > 0; left -= 1) {
    const at = 8 + random.below(copy.length - 8)
    copy[at] = random.below(2) === 0 ? random.below(256) : random.pick([0x22, 0x5c, 0x2c, 0x30])
  }
  return copy
}
