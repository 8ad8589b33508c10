import { RequestCode } from '../protocol/request-code.ts'
import type { RequestHandler } from '../remoting/request-routes.ts'
import {
  brokerHeartbeat,
  queryDataVersion,
  registerBroker,
  unregisterBroker,
} from './broker-requests.ts'
import {
  deleteKvConfig,
  getKvConfig,
  getKvListByNamespace,
  putKvConfig,
} from './kv-config-requests.ts'
import type { NameServerContext, NameServerHandler } from './name-server-context.ts'
import {
  getBrokerClusterInfo,
  getBrokerMemberGroup,
  getRouteInfoByTopic,
} from './route-requests.ts'
import { getSettings, updateSettings } from './settings-requests.ts'
import {
  addWritePermission,
  deleteTopic,
  getAllTopicList,
  getHasUnitSubTopicList,
  getHasUnitSubUnUnitTopicList,
  getSystemTopicList,
  getTopicsByCluster,
  getUnitTopicList,
  registerTopic,
  wipeWritePermission,
} from './topic-requests.ts'

/** Which request code goes where. */
const HANDLERS: ReadonlyMap<number, NameServerHandler> = new Map([
  [RequestCode.PUT_KV_CONFIG, putKvConfig],
  [RequestCode.GET_KV_CONFIG, getKvConfig],
  [RequestCode.DELETE_KV_CONFIG, deleteKvConfig],
  [RequestCode.REGISTER_BROKER, registerBroker],
  [RequestCode.UNREGISTER_BROKER, unregisterBroker],
  [RequestCode.GET_ROUTEINFO_BY_TOPIC, getRouteInfoByTopic],
  [RequestCode.GET_BROKER_CLUSTER_INFO, getBrokerClusterInfo],
  [RequestCode.WIPE_WRITE_PERM_OF_BROKER, wipeWritePermission],
  [RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, getAllTopicList],
  [RequestCode.DELETE_TOPIC_IN_NAMESRV, deleteTopic],
  [RequestCode.REGISTER_TOPIC_IN_NAMESRV, registerTopic],
  [RequestCode.GET_KVLIST_BY_NAMESPACE, getKvListByNamespace],
  [RequestCode.GET_TOPICS_BY_CLUSTER, getTopicsByCluster],
  [RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS, getSystemTopicList],
  [RequestCode.GET_UNIT_TOPIC_LIST, getUnitTopicList],
  [RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST, getHasUnitSubTopicList],
  [RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST, getHasUnitSubUnUnitTopicList],
  [RequestCode.UPDATE_NAMESRV_CONFIG, updateSettings],
  [RequestCode.GET_NAMESRV_CONFIG, getSettings],
  [RequestCode.QUERY_DATA_VERSION, queryDataVersion],
  [RequestCode.ADD_WRITE_PERM_OF_BROKER, addWritePermission],
  [RequestCode.GET_BROKER_MEMBER_GROUP, getBrokerMemberGroup],
  [RequestCode.BROKER_HEARTBEAT, brokerHeartbeat],
])

/** The handlers of a name server, by request code. */
export function nameServerHandlers(
  context: NameServerContext,
): ReadonlyMap<number, RequestHandler> {
  return new Map(
    [...HANDLERS].map(([code, handler]): [number, RequestHandler] => [
      code,
      (request, connection) => handler(context, request, connection),
    ]),
  )
}
