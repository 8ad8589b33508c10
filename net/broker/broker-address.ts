import { networkInterfaces } from 'node:os'

const ANY_ADDRESS = new Set(['0.0.0.0', '::', ''])
const LOOPBACK = '127.0.0.1'

/**
 * The address under which a broker is known when none is configured: where it listens, or the first
 * address of this host that others may reach (NetworkUtil.getLocalAddress).
 */
export function reachableAddress(listenHost: string): string {
  return ANY_ADDRESS.has(listenHost) ? firstOutsideAddress() : listenHost
}

function firstOutsideAddress(): string {
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { family, internal, address } of addresses ?? []) {
      if (family === 'IPv4' && !internal) return address
    }
  }
  return LOOPBACK
}
