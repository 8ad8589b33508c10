/**
 * GET_BROKER_RUNTIME_INFO (28), and the configuration commands whose bodies are properties files:
 * UPDATE_BROKER_CONFIG (25), GET_BROKER_CONFIG (26), UPDATE_NAMESRV_CONFIG (318),
 * GET_NAMESRV_CONFIG (319); java-properties.ts reads and writes those bodies.
 */

import type { HeaderOf } from './header-table.ts'
import { required } from './header-table.ts'
import type { ShapeOf } from './json-shape.ts'
import { object, text, textMap } from './json-shape.ts'

/** The body of code 28's response, and of GET_KVLIST_BY_NAMESPACE (219) (Java: KVTable). */
export const KVTable = object({ table: textMap(text) })
export type KVTable = ShapeOf<typeof KVTable>

/** Java: GetBrokerConfigResponseHeader. */
export const GetBrokerConfigResponseHeader = {
  /** JSON of a DataVersion. */
  version: required('string'),
} as const
export type GetBrokerConfigResponseHeader = HeaderOf<typeof GetBrokerConfigResponseHeader>
