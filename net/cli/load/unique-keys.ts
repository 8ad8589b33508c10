import { networkInterfaces } from 'node:os'
import { pid } from 'node:process'
import { writeHexadecimal } from './fixed-digits.ts'

const ADDRESS_BYTES = 4
const PID_DIGITS = 4
const LOADER_DIGITS = 8
const TIME_DIGITS = 8
const COUNTER_DIGITS = 4
const PREFIX_DIGITS = 2 * ADDRESS_BYTES + PID_DIGITS + LOADER_DIGITS

/** Length of a unique key in characters. */
export const UNIQUE_KEY_BYTES = PREFIX_DIGITS + TIME_DIGITS + COUNTER_DIGITS

/**
 * Unique message keys as the Java client makes them (MessageClientIDSetter), in hexadecimal:
 *
 *   C0A80102 1F90 14DAD5DC 0A3B5C7D 0001
 *   address  pid  loader   time     counter      time: ms since the begin of the month
 */
export class UniqueKeys {
  readonly #prefix: Buffer
  readonly #monthStartMs: number
  #counter = 0

  /** `loader` tells several generators of one process apart, as Java's class loader hash does. */
  constructor(nowMs: number, loader: number) {
    this.#prefix = Buffer.alloc(PREFIX_DIGITS)
    const [first = 127, second = 0, third = 0, fourth = 1] = ownAddress()
    const address = (first << 24) | (second << 16) | (third << 8) | fourth
    writeHexadecimal(this.#prefix, 0, 2 * ADDRESS_BYTES, address)
    writeHexadecimal(this.#prefix, 2 * ADDRESS_BYTES, PID_DIGITS, pid)
    writeHexadecimal(this.#prefix, 2 * ADDRESS_BYTES + PID_DIGITS, LOADER_DIGITS, loader)
    const now = new Date(nowMs)
    this.#monthStartMs = new Date(now.getFullYear(), now.getMonth()).getTime()
  }

  /** Writes the part that never changes. */
  writePrefix(target: Buffer, at: number): void {
    target.set(this.#prefix, at)
  }

  /** Completes the key at `at` to one that was not given before. */
  writeNext(target: Buffer, at: number, nowMs: number): void {
    writeHexadecimal(target, at + PREFIX_DIGITS, TIME_DIGITS, nowMs - this.#monthStartMs)
    writeHexadecimal(target, at + PREFIX_DIGITS + TIME_DIGITS, COUNTER_DIGITS, this.#counter)
    this.#counter += 1
  }
}

/** The first IPv4 address that is not loopback. */
function ownAddress(): number[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  const own = addresses.find(({ family, internal }) => family === 'IPv4' && !internal)
  return own === undefined ? [] : own.address.split('.').map(Number)
}
