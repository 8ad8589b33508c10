/** The name server, to embed. */

export { NameServer } from './name-server.ts'
export type { NameServerOptions } from './name-server-options.ts'
export { readNameServerProperties } from './name-server-settings.ts'
