import { RemotingError } from './errors.ts'

/** A peer: host name or address, and port. */
export interface Address {
  readonly host: string
  readonly port: number
}

const PORT_MAX = 0xffff
const V4_IN_V6 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/**
 * Reads `host:port` or `[v6]:port`.
 * @throws {RemotingError} `REMOTING_ADDRESS_INVALID`
 */
export function parseAddress(text: string): Address {
  const bracketed = /^\[([^\]]+)\]:(\d+)$/.exec(text)
  const plain = /^([^:[\]\s]+):(\d+)$/.exec(text)
  const [, host, portText] = bracketed ?? plain ?? []
  const port = Number(portText)
  if (host === undefined || !(port <= PORT_MAX)) {
    throw new RemotingError('REMOTING_ADDRESS_INVALID', `"${text}" is not host:port or [v6]:port`)
  }
  return { host, port }
}

/** `host:port`, with brackets around an IPv6 address. */
export function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** An IPv4 address that a dual-stack socket shows as IPv6 in its own form. */
export function normaliseHost(host: string): string {
  return V4_IN_V6.exec(host)?.[1] ?? host
}
