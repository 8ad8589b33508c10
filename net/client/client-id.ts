/**
 * Who this client is to the brokers: `ip@instanceName`, where the instance name is by default the
 * process id and a clock's nanoseconds, so that no two clients are taken for one. RocketMQ:
 * `ClientConfig.buildMQClientId`, `changeInstanceNameToPID`, `NetworkUtil.getLocalAddress`.
 */

import { isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import process from 'node:process'
import { invalidOption } from './option-merge.ts'

const LOOPBACK = '127.0.0.1'

export function clientIdOf(clientIp: string, instanceName: string): string {
  return `${isIPv6(clientIp) ? `[${clientIp}]` : clientIp}@${instanceName}`
}

/** @throws {ClientError} `CLIENT_OPTION_INVALID` */
export function checkInstanceName(instanceName: string): void {
  if (typeof instanceName === 'string' && instanceName.trim() !== '') return
  throw invalidOption('instanceName', instanceName)
}

export function defaultInstanceName(): string {
  return `${process.pid}#${process.hrtime.bigint()}`
}

/** The address of this host that others see: IPv4 before IPv6, public before private. */
export function localIp(): string {
  const outer = Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).filter((address) => !address.internal),
  )
  const v4 = outer.filter((address) => address.family === 'IPv4').map(({ address }) => address)
  const v6 = outer.filter((address) => address.family === 'IPv6').map(({ address }) => address)
  return v4.find(isPublic) ?? v4.at(-1) ?? v6[0] ?? LOOPBACK
}

/** Not from one of the ranges of RFC 1918. */
function isPublic(address: string): boolean {
  return !/^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(address)
}
