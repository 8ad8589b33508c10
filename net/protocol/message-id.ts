/**
 * The offset message id: where a record lies, as upper-case hex of big-endian bytes
 * (Java: MessageDecoder.createMessageId).
 *
 *   +---------------+------+-----------------+
 *   | address       | port | physical offset |
 *   +---------------+------+-----------------+
 *     4 or 16 bytes  int32   int64
 */
import { isIPv4 } from 'node:net'
import { HIGH_WORD, I32_BYTES, I64_BYTES } from '../../engine/base/units.ts'
import { ProtocolError } from './errors.ts'

const IPV4_BYTES = 4
const IPV6_BYTES = 16
const ID_V4_BYTES = IPV4_BYTES + I32_BYTES + I64_BYTES
const ID_V6_BYTES = IPV6_BYTES + I32_BYTES + I64_BYTES
const IPV6_GROUPS = 8

export interface MessageId {
  /** IPv4 or IPv6 address. */
  readonly host: string
  readonly port: number
  readonly physicalOffset: number
}

/** `storeHost` is the record's field: address bytes and port as int32. */
export function createMessageId(storeHost: Buffer, physicalOffset: number): string {
  const offset = Buffer.allocUnsafe(I64_BYTES)
  offset.writeUInt32BE(Math.floor(physicalOffset / HIGH_WORD), 0)
  offset.writeUInt32BE(physicalOffset % HIGH_WORD, I32_BYTES)
  return `${storeHost.toString('hex')}${offset.toString('hex')}`.toUpperCase()
}

/** @throws {ProtocolError} `PROTOCOL_FIELD_INVALID` */
export function parseMessageId(text: string): MessageId {
  const bytes = Buffer.from(text, 'hex')
  const whole = bytes.length * 2 === text.length
  if (!whole || (bytes.length !== ID_V4_BYTES && bytes.length !== ID_V6_BYTES)) {
    const message = `"${text}" is not an offset message id`
    throw new ProtocolError('PROTOCOL_FIELD_INVALID', 'msgId', message)
  }
  const addressBytes = bytes.length === ID_V4_BYTES ? IPV4_BYTES : IPV6_BYTES
  const offsetAt = addressBytes + I32_BYTES
  const physicalOffset =
    bytes.readInt32BE(offsetAt) * HIGH_WORD + bytes.readUInt32BE(offsetAt + I32_BYTES)
  return {
    host: formatHost(bytes.subarray(0, addressBytes)),
    port: bytes.readInt32BE(addressBytes),
    physicalOffset,
  }
}

/** The storeHost bytes of an address. */
export function encodeHost(host: string, port: number): Buffer {
  const address = isIPv4(host) ? host.split('.').map(Number) : ipv6Bytes(host)
  const bytes = Buffer.allocUnsafe(address.length + I32_BYTES)
  bytes.set(address, 0)
  bytes.writeInt32BE(port, address.length)
  return bytes
}

function formatHost(address: Buffer): string {
  if (address.length === IPV4_BYTES) return address.join('.')
  return (address.toString('hex').match(/.{4}/g) ?? []).map((group) => trimZeros(group)).join(':')
}

function trimZeros(group: string): string {
  return group.replace(/^0{1,3}/, '')
}

function ipv6Bytes(host: string): number[] {
  const [head = '', tail] = host.split('::')
  const before = groupsOf(head)
  const after = tail === undefined ? [] : groupsOf(tail)
  const zeros = new Array<number>(IPV6_GROUPS - before.length - after.length).fill(0)
  return [...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff])
}

function groupsOf(part: string): number[] {
  return part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16))
}
