/**
 * PUT_KV_CONFIG (100), GET_KV_CONFIG (101), DELETE_KV_CONFIG (102), GET_KVLIST_BY_NAMESPACE (219);
 * the body of 219's response is a `KVTable` (runtime-info.ts).
 */

import type { HeaderOf } from './header-table.ts'
import { optional, required } from './header-table.ts'

/** The namespace of ordered topics' queue lists (Java: NamesrvUtil). */
export const NAMESPACE_ORDER_TOPIC_CONFIG = 'ORDER_TOPIC_CONFIG'

/** Java: PutKVConfigRequestHeader. */
export const PutKVConfigRequestHeader = {
  namespace: required('string'),
  key: required('string'),
  value: required('string'),
} as const
export type PutKVConfigRequestHeader = HeaderOf<typeof PutKVConfigRequestHeader>

/** Java: GetKVConfigRequestHeader, DeleteKVConfigRequestHeader. */
export const KVConfigKeyRequestHeader = {
  namespace: required('string'),
  key: required('string'),
} as const
export type KVConfigKeyRequestHeader = HeaderOf<typeof KVConfigKeyRequestHeader>

/** Java: GetKVConfigResponseHeader. */
export const GetKVConfigResponseHeader = { value: optional('string') } as const
export type GetKVConfigResponseHeader = HeaderOf<typeof GetKVConfigResponseHeader>

/** Java: GetKVListByNamespaceRequestHeader. */
export const GetKVListByNamespaceRequestHeader = { namespace: required('string') } as const
export type GetKVListByNamespaceRequestHeader = HeaderOf<typeof GetKVListByNamespaceRequestHeader>
