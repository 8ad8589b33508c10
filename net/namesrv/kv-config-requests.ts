/** The small settings that administrators keep in the name server. */
import { decodeHeader, encodeHeaderFields } from '../protocol/header-table.ts'
import { encodeBody } from '../protocol/json-shape.ts'
import {
  GetKVConfigResponseHeader,
  GetKVListByNamespaceRequestHeader,
  KVConfigKeyRequestHeader,
  PutKVConfigRequestHeader,
} from '../protocol/kv-config.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import { KVTable } from '../protocol/runtime-info.ts'
import { createResponse } from '../remoting/remoting-command.ts'
import type { NameServerHandler } from './name-server-context.ts'

/** PUT_KV_CONFIG (100). */
export const putKvConfig: NameServerHandler = async ({ kvConfigs }, request) => {
  const { namespace, key, value } = decodeHeader(PutKVConfigRequestHeader, request.extFields)
  await kvConfigs.put(namespace, key, value)
  return createResponse(request, ResponseCode.SUCCESS)
}

/** GET_KV_CONFIG (101). */
export const getKvConfig: NameServerHandler = ({ kvConfigs }, request) => {
  const { namespace, key } = decodeHeader(KVConfigKeyRequestHeader, request.extFields)
  const value = kvConfigs.get(namespace, key)
  if (value === undefined) {
    const remark = `namespace ${namespace} has no config ${key}`
    return createResponse(request, ResponseCode.QUERY_NOT_FOUND, { remark })
  }
  const extFields = encodeHeaderFields(GetKVConfigResponseHeader, { value })
  return createResponse(request, ResponseCode.SUCCESS, { extFields })
}

/** DELETE_KV_CONFIG (102). */
export const deleteKvConfig: NameServerHandler = async ({ kvConfigs }, request) => {
  const { namespace, key } = decodeHeader(KVConfigKeyRequestHeader, request.extFields)
  await kvConfigs.remove(namespace, key)
  return createResponse(request, ResponseCode.SUCCESS)
}

/** GET_KVLIST_BY_NAMESPACE (219). */
export const getKvListByNamespace: NameServerHandler = ({ kvConfigs }, request) => {
  const { namespace } = decodeHeader(GetKVListByNamespaceRequestHeader, request.extFields)
  const values = kvConfigs.namespace(namespace)
  if (values === undefined) {
    const remark = `there is no namespace ${namespace}`
    return createResponse(request, ResponseCode.QUERY_NOT_FOUND, { remark })
  }
  const body = encodeBody(KVTable, { table: new Map(values) })
  return createResponse(request, ResponseCode.SUCCESS, { body })
}
