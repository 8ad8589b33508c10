/**
 * The checksum of crc.ts as WebAssembly code over one memory:
 *
 *     crc(start: i32, end: i32) -> i32        of the bytes [start, end) of the memory
 *
 *     memory | 16 tables of 256 words | the caller's bytes … |
 *
 * Long stretches need no table: 32 bits are left of a division by the polynomial, and multiples of
 * it have few bits. One has five, so a bit of the message may be struck out when the bits that
 * follow it at four distances are turned over (Chorba, Russell 2024). So each word of 64 bits goes
 * into the next five by shifts, and only the last five words of a stretch are left to the tables.
 */
import { I64_BYTES } from '../base/units.ts'
import {
  type Code,
  type CodeFunction,
  constant,
  constant64,
  get,
  I32,
  I64,
  load,
  load64,
  loadByte,
  Op,
  set,
  whileTrue,
} from './wasm-code.ts'

/** How many tables there are: as many as bytes in a round. */
const CRC_TABLE_COUNT = 16
const CRC_TABLE_WORDS = 256
const CRC_TABLE_BYTES = CRC_TABLE_WORDS * Int32Array.BYTES_PER_ELEMENT
/** The tables' words, and how many bytes of the memory they take. */
export const CRC_TABLES_WORDS = CRC_TABLE_COUNT * CRC_TABLE_WORDS
export const CRC_TABLES_BYTES = CRC_TABLE_COUNT * CRC_TABLE_BYTES
/** Bit distances of the multiple's other bits from its first. */
const DISTANCES = [145, 183, 211, 300] as const
const WORD_BITS = 64
/** A word reaches into so many words behind it; so many are struck out in one round. */
const REACH = Math.floor(Math.max(...DISTANCES) / WORD_BITS) + 1
const STRUCK = 4
const STRUCK_BYTES = STRUCK * I64_BYTES
const REACH_BYTES = REACH * I64_BYTES
const ROUND_BYTES = CRC_TABLE_COUNT

// Parameters, then the locals that are declared with the code.
const AT = 0
const END = 1
const CRC = 2
const HALVES = [3, 4, 5, 6] as const
const CARRIES = [7, 8, 9, 10, 11] as const
const WORDS = [12, 13, 14, 15] as const
const LOCALS: Code = [2, 1 + HALVES.length, I32, CARRIES.length + WORDS.length, I64]

const advance = (bytes: number): Code => [...get(AT), ...constant(bytes), ...Op.ADD, ...set(AT)]
/** Goes round as long as so many bytes are left. */
const whileLeft = (bytes: number, body: Code): Code =>
  whileTrue([...get(AT), ...constant(bytes), ...Op.ADD, ...get(END), ...Op.AT_MOST], body)

export const CRC_FUNCTION: CodeFunction = {
  name: 'crc',
  parameterCount: 2,
  locals: LOCALS,
  body: checksum(),
}

function checksum(): Code {
  return [
    ...[...constant(-1), ...set(CRC)],
    ...longStretch(),
    ...whileLeft(ROUND_BYTES, tableRound()),
    ...whileLeft(1, lastByte()),
    // Java masks the sign away.
    ...[...get(CRC), ...constant(-1), ...Op.XOR, ...constant(0x7fff_ffff), ...Op.AND],
  ]
}

/** Strikes words out as long as there are enough behind them, then takes what was carried. */
function longStretch(): Code {
  const isLong = [
    ...[...get(AT), ...constant(STRUCK_BYTES + REACH_BYTES), ...Op.ADD],
    ...[...get(END), ...Op.AT_MOST],
  ]
  return [
    ...isLong,
    ...Op.IF,
    // The checksum begins with 32 bits that are set.
    ...[...constant64(2 ** 32 - 1), ...set(CARRIES[0])],
    ...whileLeft(STRUCK_BYTES + REACH_BYTES, strikeOut()),
    ...[...constant(0), ...set(CRC)],
    ...CARRIES.flatMap((carry, index) => carriedWord(carry, index * I64_BYTES)),
    ...advance(REACH_BYTES),
    ...Op.END,
  ]
}

function strikeOut(): Code {
  const words = WORDS.flatMap((word, index) => [
    ...[...get(AT), ...load64(index * I64_BYTES)],
    ...xorOf([get(CARRIES[index]!), ...movedTo(index, index)]),
    ...[...Op.XOR_64, ...set(word)],
  ])
  const carries = CARRIES.flatMap((carry, index) => {
    const left = CARRIES[STRUCK + index]
    const kept = left === undefined ? [] : [get(left)]
    return [...xorOf([...kept, ...movedTo(STRUCK + index, STRUCK)]), ...set(carry)]
  })
  return [...words, ...carries, ...advance(STRUCK_BYTES)]
}

/** What the first `wordCount` words of a round add to word `index`. */
function movedTo(index: number, wordCount: number): Code[] {
  return WORDS.slice(0, wordCount).flatMap((word, from) =>
    DISTANCES.flatMap((distance): Code[] => {
      const wordsOn = Math.floor(distance / WORD_BITS)
      const bitsOn = distance % WORD_BITS
      if (from + wordsOn === index) {
        return [[...get(word), ...constant64(bitsOn), ...Op.SHIFT_LEFT_64]]
      }
      if (from + wordsOn + 1 !== index) return []
      return [[...get(word), ...constant64(WORD_BITS - bitsOn), ...Op.SHIFT_RIGHT_64]]
    }),
  )
}

function xorOf(terms: readonly Code[]): Code {
  return terms.flatMap((term, index) => (index === 0 ? term : [...term, ...Op.XOR_64]))
}

/** Takes the word at an offset, changed by what was carried into it. */
function carriedWord(carry: number, offset: number): Code {
  const [first, second] = HALVES
  const [word] = WORDS
  return [
    ...[...get(AT), ...load64(offset), ...get(carry), ...Op.XOR_64, ...set(word)],
    ...[...get(word), ...Op.LOWER_HALF, ...get(CRC), ...Op.XOR, ...set(first)],
    ...[...get(word), ...constant64(32), ...Op.SHIFT_RIGHT_64, ...Op.LOWER_HALF, ...set(second)],
    ...[...lookUp(second, 3), ...lookUp(first, 7), ...Op.XOR, ...set(CRC)],
  ]
}

function tableRound(): Code {
  const loads = HALVES.flatMap((half, index) => {
    const before = index === 0 ? [...get(CRC), ...Op.XOR] : []
    const offset = index * Int32Array.BYTES_PER_ELEMENT
    return [...get(AT), ...load(offset), ...before, ...set(half)]
  })
  const lookUps = HALVES.flatMap((half, index) => {
    const effects = lookUp(half, ROUND_BYTES - 1 - index * Int32Array.BYTES_PER_ELEMENT)
    return index === 0 ? effects : [...effects, ...Op.XOR]
  })
  return [...loads, ...lookUps, ...set(CRC), ...advance(ROUND_BYTES)]
}

function lastByte(): Code {
  const byte = [...get(CRC), ...get(AT), ...loadByte(0), ...Op.XOR, ...constant(0xff), ...Op.AND]
  const rest = [...get(CRC), ...constant(8), ...Op.SHIFT_RIGHT]
  return [...byte, ...inTable(0), ...rest, ...Op.XOR, ...set(CRC), ...advance(1)]
}

/** The effect of four bytes, of which the first is `firstTable` bytes before its round's end. */
function lookUp(half: number, firstTable: number): Code {
  return [0, 1, 2, 3].flatMap((index) => {
    const byte = [...get(half), ...constant(8 * index), ...Op.SHIFT_RIGHT]
    const effect = [...byte, ...constant(0xff), ...Op.AND, ...inTable(firstTable - index)]
    return index === 0 ? effect : [...effect, ...Op.XOR]
  })
}

function inTable(table: number): Code {
  return [...constant(2), ...Op.SHIFT_LEFT, ...load(table * CRC_TABLE_BYTES)]
}
