import { networkInterfaces } from 'node:os'

const LOOPBACK = '127.0.0.1'

/** Addresses that a host gives itself where nobody gave it any. */
const SELF_GIVEN = /^(169\.254\.|fe[89ab][0-9a-f]:)/i
const EVERY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

/**
 * The address under which others reach what listens on `listenHost`: that one or, where it is every
 * address, the first of the host that is not a loopback's, IPv4 before IPv6
 * (Java: NetworkUtil.getLocalAddress).
 */
export function reachableAddress(listenHost: string): string {
  if (!EVERY_ADDRESS.has(listenHost)) return listenHost
  const usable = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !SELF_GIVEN.test(address))
  const chosen = usable.find(({ family }) => family === 'IPv4') ?? usable[0]
  return chosen?.address ?? LOOPBACK
}
