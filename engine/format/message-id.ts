/**
 * The two ids of a message, both as upper-case hexadecimal digits.
 *
 * The offset message id says where the message lies; the broker makes it when it stores:
 *
 *     ┌──────────────────────────────────────┬───────────────────────┐
 *     │ store host, 8 bytes, 20 for IPv6     │ physical offset int64 │
 *     └──────────────────────────────────────┴───────────────────────┘
 *
 * The unique message id (property UNIQ_KEY) is made by the client before it sends:
 *
 *     ┌───────────────────┬───────────┬────────────────┬─────────────────────┬───────────────┐
 *     │ IP, 4 or 16 bytes │ pid int16 │ instance int32 │ ms since the  int32 │ counter int16 │
 *     │                   │           │                │ month began         │               │
 *     └───────────────────┴───────────┴────────────────┴─────────────────────┴───────────────┘
 *
 * RocketMQ: `MessageDecoder.createMessageId`, `decodeMessageId`, `MessageClientIDSetter`.
 */

import { assert } from '../base/assert.ts'
import { I16_BYTES, I32_BYTES, I64_BYTES } from '../base/units.ts'
import { readInt64, writeInt16, writeInt32, writeInt64 } from './big-endian.ts'
import { formatHost } from './host.ts'
import { HOST_V4_BYTES, HOST_V6_BYTES } from './record-format.ts'

const HEX_DIGITS_PER_BYTE = 2
const HEX_DIGITS = Buffer.from('0123456789ABCDEF', 'latin1')
const NIBBLE_BITS = 4
const NIBBLE_MASK = 0x0f

const BYTE_BITS = 8
const BYTE_MASK = 0xff
/** The counter of unique ids has 16 bits. */
const COUNTER_MASK = 0xffff
/** The two digits of each byte. */
const HEX_OF_BYTE = Array.from({ length: BYTE_MASK + 1 }, (_, byte) => {
  return byte.toString(16).toUpperCase().padStart(HEX_DIGITS_PER_BYTE, '0')
})

/** The bytes of one id, and its digits: an id is made for each message that is read or batched. */
const idBytes = Buffer.alloc(HOST_V6_BYTES + I64_BYTES)
const idDigits = Buffer.alloc(idBytes.length * HEX_DIGITS_PER_BYTE)

/** The id of a record at `physicalOffset` that the host in `host[start, end)` stored. */
export function offsetMessageIdOf(
  host: Buffer,
  start: number,
  end: number,
  physicalOffset: number,
): string {
  const hostSize = end - start
  assert(hostSize === HOST_V4_BYTES || hostSize === HOST_V6_BYTES, 'a host has 8 or 20 bytes')
  const bytes = hostSize + I64_BYTES
  for (let at = 0; at < hostSize; at += 1) idBytes[at] = host[start + at]!
  writeInt64(idBytes, hostSize, physicalOffset)
  for (let at = 0; at < bytes; at += 1) {
    const byte = idBytes[at]!
    idDigits[at * HEX_DIGITS_PER_BYTE] = HEX_DIGITS[byte >> NIBBLE_BITS]!
    idDigits[at * HEX_DIGITS_PER_BYTE + 1] = HEX_DIGITS[byte & NIBBLE_MASK]!
  }
  return idDigits.toString('latin1', 0, bytes * HEX_DIGITS_PER_BYTE)
}

/** What an offset message id says. */
export interface OffsetMessageId {
  /** `ip:port` of the broker that stored the message. */
  readonly storeHost: string
  /** Place in that broker's commit log, in bytes. */
  readonly physicalOffset: number
}

/** The content of an offset message id; undefined when `id` is not one (any case of letters). */
export function parseOffsetMessageId(id: string): OffsetMessageId | undefined {
  const bytes = id.length / HEX_DIGITS_PER_BYTE
  const hostSize = bytes - I64_BYTES
  if (hostSize !== HOST_V4_BYTES && hostSize !== HOST_V6_BYTES) return undefined
  if (!/^[0-9a-f]+$/i.test(id)) return undefined
  const buffer = Buffer.from(id, 'hex')
  const physicalOffset = readInt64(buffer, hostSize)
  if (physicalOffset < 0 || !Number.isSafeInteger(physicalOffset)) return undefined
  return { storeHost: formatHost(buffer, 0, hostSize), physicalOffset }
}

/** What tells apart the ids of two clients. */
export interface UniqueMessageIdOptions {
  /** Address of this host, 4 or 16 bytes. */
  readonly address: Uint8Array
  /** Process id; its low 16 bits are used. */
  readonly pid: number
  /** Random for each client: Java puts the hash of its class loader here. */
  readonly instance: number
  /** The time in ms since 1970. */
  readonly now: () => number
}

/** How far the clock may step back before it shows in the ids, as in Java, in ms. */
const CLOCK_STEP_BACK_MAX_MS = 1_000_000

/** Makes unique message ids. */
export class UniqueMessageIds {
  readonly #prefix: string
  readonly #now: () => number
  #counter = 0
  /** The prefix with the time of the last id: many are made in the same millisecond. */
  #stem = ''
  #stemMs = Number.NaN
  #monthStartMs = 0
  #nextMonthStartMs = 0

  constructor(options: UniqueMessageIdOptions) {
    const { address, pid, instance } = options
    assert(
      address.length === HOST_V4_BYTES - I32_BYTES || address.length === HOST_V6_BYTES - I32_BYTES,
      'an address has 4 or 16 bytes',
    )
    const prefix = Buffer.alloc(address.length + I16_BYTES + I32_BYTES)
    prefix.set(address)
    writeInt16(prefix, address.length, pid)
    writeInt32(prefix, address.length + I16_BYTES, instance)
    this.#prefix = upperHex(prefix)
    this.#now = options.now
    this.#startMonth(this.#now())
  }

  /** The next id: 32 digits, 56 when the address is IPv6. */
  next(): string {
    const nowMs = this.#now()
    if (nowMs !== this.#stemMs) this.#startMillisecond(nowMs)
    const counter = this.#counter
    this.#counter = (counter + 1) & COUNTER_MASK
    return this.#stem + HEX_OF_BYTE[counter >> BYTE_BITS]! + HEX_OF_BYTE[counter & BYTE_MASK]!
  }

  #startMillisecond(nowMs: number): void {
    if (nowMs >= this.#nextMonthStartMs) this.#startMonth(nowMs)
    let sinceMonthStartMs = nowMs - this.#monthStartMs
    if (sinceMonthStartMs < 0 && sinceMonthStartMs > -CLOCK_STEP_BACK_MAX_MS) sinceMonthStartMs = 0
    const time = Buffer.alloc(I32_BYTES)
    writeInt32(time, 0, sinceMonthStartMs)
    this.#stem = this.#prefix + upperHex(time)
    this.#stemMs = nowMs
  }

  #startMonth(nowMs: number): void {
    const now = new Date(nowMs)
    this.#monthStartMs = new Date(now.getFullYear(), now.getMonth(), 1).getTime()
    this.#nextMonthStartMs = new Date(now.getFullYear(), now.getMonth() + 1, 1).getTime()
  }
}

function upperHex(bytes: Buffer): string {
  return bytes.toString('hex').toUpperCase()
}
