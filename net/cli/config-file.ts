import { readFile } from 'node:fs/promises'
import type { JavaProperty } from '../protocol/java-properties.ts'

/** A properties file of RocketMQ, as `-c` names it. */
export interface ConfigFile {
  /** As the person wrote it. */
  readonly path: string
  readonly properties: readonly JavaProperty[]
}

/**
 * Reads a properties file in the encoding in which Java reads it.
 * @throws {JavaPropertiesError} `JAVA_PROPERTIES_INVALID`, or the system's error
 */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  const { parseJavaProperties } = await import('../protocol/java-properties.ts')
  return { path, properties: parseJavaProperties(await readFile(path, 'latin1')) }
}
