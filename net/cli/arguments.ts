/** Readers of command line arguments: each names what it wants when it is given something else. */
import { InvalidArgumentError } from 'commander'
import { KIB, MIB } from '../../engine/base/units.ts'
import { parseAddress } from '../remoting/address.ts'

const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
const BYTES_PER_UNIT: Readonly<Record<string, number>> = {
  b: 1,
  k: KIB,
  kib: KIB,
  m: MIB,
  mib: MIB,
}
const PORT_MAX = 0xffff

/** An integer in `min..max`. */
export function integerArgument(
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^-?\d+$/.test(text) && value >= min && value <= max) return value
    const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`
    throw new InvalidArgumentError(`It must be an integer ${range}.`)
  }
}

/** A TCP port; 0 stands for any that is free. */
export const portArgument = integerArgument(0, PORT_MAX)

/** A time in milliseconds: `500ms`, `10s`, `2m`; a bare number is in seconds. */
export function durationArgument(text: string): number {
  const [, number = '', unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? []
  if (number === '') throw new InvalidArgumentError('It must be a time as 500ms, 10s or 2m.')
  return Number(number) * MS_PER_UNIT[unit]!
}

/** A size in bytes: `128`, `4KiB`, `1MiB`. */
export function bytesArgument(text: string): number {
  const [, number = '', unit = 'b'] = /^(\d+)(b|k|kib|m|mib)?$/i.exec(text) ?? []
  if (number === '') throw new InvalidArgumentError('It must be a size as 128, 4KiB or 1MiB.')
  return Number(number) * BYTES_PER_UNIT[unit.toLowerCase()]!
}

/** `host:port` or `[v6]:port`. */
export function addressArgument(text: string): string {
  try {
    parseAddress(text)
  } catch {
    throw new InvalidArgumentError('It must be host:port.')
  }
  return text
}

/** A list of addresses, split at `;` as RocketMQ writes it, or at `,`. */
export function addressesArgument(text: string): string {
  const addresses = text.split(/[;,]/).map((address) => address.trim())
  for (const address of addresses) addressArgument(address)
  return addresses.join(';')
}

/** Collects an option that may be given more than once. */
export function repeated<T>(read: (text: string) => T): (text: string, before: T[]) => T[] {
  return (text, before) => [...before, read(text)]
}
