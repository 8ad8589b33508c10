/** How the values of settings are written in Java's properties, and what they may be. */
import { parseAddress } from '../../remoting/address.ts'

/** One kind of value. */
export interface SettingKind {
  /** What a value may be: the end of the sentence `it must be …`. */
  readonly expected: string
  /** The value that `text` stands for; undefined, or one that is not accepted, when it is none. */
  read(text: string): unknown
  accepts(value: unknown): boolean
  /** The text of an accepted value. */
  write(value: never): string
}

const INT32_MAX = 0x7fff_ffff
const PORT_MAX = 0xffff
const SECOND_MS = 1_000
const HOUR_MS = 3_600_000
/** A hundred years. */
const HOURS_MAX = 876_000
const LIST_SEPARATOR = ';'

/** `true` or `false`, in any case. */
export const flag: SettingKind = {
  expected: 'true or false',
  read: (text) => ({ true: true, false: false })[text.toLowerCase()],
  accepts: (value) => typeof value === 'boolean',
  write: String,
}

/** A whole number, both bounds included. */
export function wholeNumber(least: number, most: number = INT32_MAX): SettingKind {
  return {
    expected: `a whole number from ${least} to ${most}`,
    read: readWholeNumber,
    accepts: (value) => Number.isSafeInteger(value) && isWithin(value, least, most),
    write: String,
  }
}

/** A time that we keep in milliseconds and Java too. */
export const milliseconds: SettingKind = {
  ...wholeNumber(1),
  expected: `a time in milliseconds from 1 to ${INT32_MAX}`,
}

/** A time that we keep in milliseconds and Java in seconds. */
export const seconds: SettingKind = {
  expected: `a time in seconds from 1 to ${Math.floor(INT32_MAX / SECOND_MS)}`,
  read: (text) => {
    const value = readWholeNumber(text)
    return value === undefined ? undefined : value * SECOND_MS
  },
  accepts: (value) => milliseconds.accepts(value),
  write: (value: number) => String(Math.ceil(value / SECOND_MS)),
}

/** A time that we keep in milliseconds and Java in hours. */
export const hours: SettingKind = {
  expected: `a time in hours from 0 to ${HOURS_MAX}`,
  read: (text) => {
    const value = readWholeNumber(text)
    return value === undefined ? undefined : value * HOUR_MS
  },
  accepts: (value) => Number.isSafeInteger(value) && isWithin(value, 0, HOURS_MAX * HOUR_MS),
  write: (value: number) => String(Math.ceil(value / HOUR_MS)),
}

export const port: SettingKind = {
  ...wholeNumber(0, PORT_MAX),
  expected: `a port from 0 to ${PORT_MAX}`,
}

/** Some text without blanks around it. */
export const text: SettingKind = {
  expected: 'some text',
  read: (given) => given,
  accepts: (value) => typeof value === 'string' && value.trim() === value && value !== '',
  write: String,
}

/** A name that stands in requests and paths. */
export const name: SettingKind = {
  ...text,
  expected: 'a name without blanks',
  accepts: (value) => typeof value === 'string' && /^[^\s\p{Cc}]+$/u.test(value),
}

/** A host's name or address; an IPv6 address may be in brackets. */
export const host: SettingKind = {
  expected: "a host's name or address",
  read: (given) => given.replace(/^\[(.*)\]$/, '$1'),
  accepts: (value) => typeof value === 'string' && /^[\w.:%-]+$/.test(value),
  write: String,
}

/** `host:port`, separated by semicolons. */
export const addresses: SettingKind = {
  expected: 'host:port, several of them separated by ;',
  read: readList,
  accepts: (value) => Array.isArray(value) && value.every(isAddress),
  write: writeList,
}

/** Names of settings, separated by semicolons. */
export const names: SettingKind = {
  expected: 'names separated by ;',
  read: readList,
  accepts: (value) => Array.isArray(value) && value.every((item) => name.accepts(item)),
  write: writeList,
}

/** Words of Java's, each with the value that it stands for. */
export function choice<T>(values: Readonly<Record<string, T>>): SettingKind {
  const entries = Object.entries(values)
  return {
    expected: entries.map(([word]) => word).join(' or '),
    read: (given) => entries.find(([word]) => word === given)?.[1],
    accepts: (value) => entries.some(([, known]) => known === value),
    write: (value: T) => entries.find(([, known]) => known === value)?.[0] ?? '',
  }
}

/** A setting of which there is one value yet, because of `why`. */
export function only<T>(word: string, value: T, why: string): SettingKind {
  return { ...choice({ [word]: value }), expected: `${word}: ${why}` }
}

function readWholeNumber(given: string): number | undefined {
  return /^\d+$/.test(given) ? Number(given) : undefined
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && value >= least && value <= most
}

function isAddress(value: unknown): boolean {
  if (typeof value !== 'string') return false
  try {
    return parseAddress(value).port > 0
  } catch {
    // It throws for nothing else than text that is no address, which is the answer here.
    return false
  }
}

function readList(given: string): readonly string[] {
  const items = given.split(LIST_SEPARATOR).map((item) => item.trim())
  return Object.freeze(items.filter((item) => item !== ''))
}

function writeList(items: readonly string[]): string {
  return items.join(LIST_SEPARATOR)
}
