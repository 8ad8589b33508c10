/**
 * The hosts in a record and in a message id, as Java's `InetSocketAddress` writes them:
 *
 *     ┌───────────────────────────────┬────────────┐
 *     │ address, 4 bytes, 16 for IPv6 │ port int32 │
 *     └───────────────────────────────┴────────────┘
 *
 * RocketMQ: `MessageExt.socketAddress2ByteBuffer`, `NetworkUtil.string2SocketAddress`.
 */

import { isIPv4, isIPv6 } from 'node:net'
import { assert } from '../base/assert.ts'
import { I16_BYTES, I32_BYTES } from '../base/units.ts'
import { readInt32, writeInt16, writeInt32 } from './big-endian.ts'
import { HOST_V4_BYTES, HOST_V6_BYTES } from './record-format.ts'

const ADDRESS_V6_BYTES = HOST_V6_BYTES - I32_BYTES
const GROUP_COUNT_V6 = ADDRESS_V6_BYTES / I16_BYTES
const PORT_MAX = 0xffff

/**
 * The 8 or 20 bytes of `ip:port`. IPv6 comes with or without brackets; an IPv4 address in IPv6
 * clothes (`::ffff:10.0.0.1`, which a dual-stack socket reports) becomes IPv4, as in Java.
 * @throws {TypeError} when it is neither.
 */
export function parseHost(host: string): Buffer {
  const colonAt = host.lastIndexOf(':')
  return hostOf(host.slice(0, Math.max(colonAt, 0)), parsePort(host, colonAt))
}

/**
 * The 8 or 20 bytes of an address and a port, see {@link parseHost}.
 * @throws {TypeError} when the address is not one.
 */
export function hostOf(address: string, port: number): Buffer {
  const plain = withoutBracketsAndZone(address)
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)
  const bytes = addressBytes(mapped?.[1] ?? plain)
  const host = Buffer.alloc(bytes.length + I32_BYTES)
  host.set(bytes)
  writeInt32(host, bytes.length, port)
  return host
}

/** `ip:port` of a host's bytes; an IPv6 address is shortened and put in brackets. */
export function formatHost(buffer: Buffer, start = 0, end = buffer.length): string {
  const bytes = end - start
  assert(bytes === HOST_V4_BYTES || bytes === HOST_V6_BYTES, 'a host has 8 or 20 bytes')
  const portAt = end - I32_BYTES
  const port = readInt32(buffer, portAt)
  if (bytes === HOST_V4_BYTES) {
    return `${buffer[start]}.${buffer[start + 1]}.${buffer[start + 2]}.${buffer[start + 3]}:${port}`
  }
  const groups = buffer.toString('hex', start, portAt).match(/..../g)?.join(':')
  return `${new URL(`http://[${groups}]`).hostname}:${port}`
}

function parsePort(host: string, colonAt: number): number {
  const digits = host.slice(colonAt + 1)
  const port = Number(digits)
  if (colonAt < 0 || !/^\d{1,5}$/.test(digits) || port > PORT_MAX) {
    throw new TypeError(`not an address with a port: ${host}`)
  }
  return port
}

function withoutBracketsAndZone(address: string): string {
  const inner = /^\[(.*)\]$/.exec(address)?.[1] ?? address
  return inner.replace(/%.*$/, '')
}

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number))
  if (isIPv6(address)) return addressBytesV6(address)
  throw new TypeError(`not an IP address: ${address}`)
}

function addressBytesV6(address: string): Buffer {
  // The URL parser writes every form, a dotted tail included, as groups with at most one `::`.
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = '', tail] = canonical.split('::')
  const headGroups = head === '' ? [] : head.split(':')
  const tailGroups = tail === undefined || tail === '' ? [] : tail.split(':')
  const bytes = Buffer.alloc(ADDRESS_V6_BYTES)
  for (const [index, group] of headGroups.entries()) {
    writeInt16(bytes, index * I16_BYTES, Number.parseInt(group, 16))
  }
  for (const [index, group] of tailGroups.entries()) {
    const place = GROUP_COUNT_V6 - tailGroups.length + index
    writeInt16(bytes, place * I16_BYTES, Number.parseInt(group, 16))
  }
  return bytes
}
