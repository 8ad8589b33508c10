/** The name server, to embed. */

export type { NameServerErrorCode } from './errors.ts'
export { NameServerError } from './errors.ts'
export { NameServer } from './name-server.ts'
export type { BrokerAddressFor, NameServerOptions } from './name-server-options.ts'
export type { IgnoredProperty } from './name-server-settings.ts'
export { readNameServerProperties } from './name-server-settings.ts'
