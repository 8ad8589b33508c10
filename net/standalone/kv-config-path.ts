import { join } from 'node:path'
import { storeLayout } from '../../engine/file/store-layout.ts'

/** The name server's KV configs, in the folder for what a Java broker does not know. */
export function kvConfigPath(dataDirectory: string): string {
  return join(storeLayout(dataDirectory).work, 'kvConfig.json')
}
