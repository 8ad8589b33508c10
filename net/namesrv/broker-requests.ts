/** What brokers tell the name server of themselves. */
import { DataVersion, sameDataVersion } from '../protocol/data-version.ts'
import { decodeHeader, encodeHeaderFields } from '../protocol/header-table.ts'
import { decodeBody, encodeBody } from '../protocol/json-shape.ts'
import { NAMESPACE_ORDER_TOPIC_CONFIG } from '../protocol/kv-config.ts'
import type { RegisterBrokerBody } from '../protocol/register-broker.ts'
import {
  BrokerHeartbeatRequestHeader,
  QueryDataVersionRequestHeader,
  QueryDataVersionResponseHeader,
  RegisterBrokerRequestHeader,
  RegisterBrokerResponseHeader,
  TopicConfigAndMapping,
  UnregisterBrokerRequestHeader,
} from '../protocol/register-broker.ts'
import { bodyCrc32, decodeRegisterBrokerBody } from '../protocol/register-broker-body.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import { KVTable } from '../protocol/runtime-info.ts'
import { ZONE_NAME } from '../protocol/zone.ts'
import type { Connection } from '../remoting/connection.ts'
import type { RemotingCommand } from '../remoting/remoting-command.ts'
import { createResponse } from '../remoting/remoting-command.ts'
import type { NameServerContext, NameServerHandler } from './name-server-context.ts'
import type { BrokerAddress, BrokerRegistration } from './route-table.ts'
import { HEARTBEAT_TIMEOUT_MS } from './route-table.ts'

/** Ordinal of MQVersion.V3_0_11: older brokers send their topics alone as the body. */
const VERSION_WITH_FILTER_SERVERS = 37

const NO_VERSION: DataVersion = Object.freeze({ counter: 0, stateVersion: 0, timestamp: 0 })

/** REGISTER_BROKER (103). */
export const registerBroker: NameServerHandler = (context, request, connection) => {
  const header = decodeHeader(RegisterBrokerRequestHeader, request.extFields)
  if (header.bodyCrc32 !== 0 && header.bodyCrc32 !== bodyCrc32(request.body)) {
    return refusal(request, 'the body does not have the CRC-32 of the header')
  }
  const registration = registrationOf(request, header, connection)
  const { settings, table } = context
  const outcome = table.register(registration, settings.current.deleteTopicWithBrokerRegistration)
  const { brokerName, brokerId, brokerAddr } = header
  const who = `broker ${brokerName} (${brokerId}) at ${brokerAddr}`
  const { logger } = settings.current
  if (outcome.kind === 'premature') {
    logger.warn(`${who} registered a single topic before all of them`)
    return refusal(request, 'register all topics before a single one')
  }
  if (outcome.kind === 'conflict') {
    const { brokerAddress } = outcome.holder
    logger.warn(`${who} is not registered: ${brokerAddress} holds this id with a newer state`)
    return createResponse(request, ResponseCode.SUCCESS)
  }
  if (outcome.isNew) logger.info(`${who} registered with ${registration.topics.length} topics`)
  context.announce(outcome.minBrokerIdChange)
  const { master } = outcome
  return createResponse(request, ResponseCode.SUCCESS, {
    extFields: encodeHeaderFields(RegisterBrokerResponseHeader, {
      haServerAddr: master?.haServerAddress,
      masterAddr: master?.brokerAddress,
    }),
    body: orderedTopics(context),
  })
}

/** UNREGISTER_BROKER (104). */
export const unregisterBroker: NameServerHandler = (context, request) => {
  const { brokerName, brokerAddr } = decodeHeader(UnregisterBrokerRequestHeader, request.extFields)
  const departure = context.table.unregister(brokerName, brokerAddr)
  if (departure !== undefined) context.departed(departure, 'unregistered')
  return createResponse(request, ResponseCode.SUCCESS)
}

/** BROKER_HEARTBEAT (904). */
export const brokerHeartbeat: NameServerHandler = ({ table }, request) => {
  table.touch(brokerOf(decodeHeader(BrokerHeartbeatRequestHeader, request.extFields)))
  return createResponse(request, ResponseCode.SUCCESS)
}

/** QUERY_DATA_VERSION (322): whether a broker has to register its topics again. */
export const queryDataVersion: NameServerHandler = ({ table }, request) => {
  const broker = brokerOf(decodeHeader(QueryDataVersionRequestHeader, request.extFields))
  const asked = request.body.length === 0 ? undefined : decodeBody(DataVersion, request.body)
  const known = table.dataVersionOf(broker)
  table.touch(broker)
  const same = asked !== undefined && known !== undefined && sameDataVersion(known, asked)
  return createResponse(request, ResponseCode.SUCCESS, {
    extFields: encodeHeaderFields(QueryDataVersionResponseHeader, { changed: !same }),
    body: known === undefined ? undefined : encodeBody(DataVersion, known),
  })
}

function brokerOf(
  header: BrokerHeartbeatRequestHeader | QueryDataVersionRequestHeader,
): BrokerAddress {
  const { clusterName, brokerName, brokerAddr } = header
  return { clusterName, brokerName, brokerAddress: brokerAddr }
}

function registrationOf(
  request: RemotingCommand,
  header: RegisterBrokerRequestHeader,
  connection: Connection,
): BrokerRegistration {
  const body = bodyOf(request, header.compressed)
  const wrapper = body?.topicConfigSerializeWrapper
  return {
    clusterName: header.clusterName,
    brokerName: header.brokerName,
    brokerId: header.brokerId,
    brokerAddress: header.brokerAddr,
    haServerAddress: header.haServerAddr,
    zoneName: request.extFields.get(ZONE_NAME),
    heartbeatTimeoutMs: header.heartbeatTimeoutMillis ?? HEARTBEAT_TIMEOUT_MS,
    enableActingMaster: header.enableActingMaster,
    topics: [...(wrapper?.topicConfigTable.values() ?? [])],
    mappings: wrapper?.topicQueueMappingInfoMap ?? new Map(),
    dataVersion: wrapper?.dataVersion ?? NO_VERSION,
    filterServers: body === undefined ? [] : body.filterServerList,
    owner: connection,
  }
}

interface TopicsAndFilterServers {
  readonly topicConfigSerializeWrapper: RegisterBrokerBody['topicConfigSerializeWrapper']
  /** Undefined where the broker's version does not tell. */
  readonly filterServerList: string[] | undefined
}

/** Undefined when nothing was sent, which stands for no topics at all. */
function bodyOf(request: RemotingCommand, compressed: boolean): TopicsAndFilterServers | undefined {
  const { body, version } = request
  if (body.length === 0) return undefined
  if (version >= VERSION_WITH_FILTER_SERVERS) {
    return decodeRegisterBrokerBody(body, { compressed, version })
  }
  const topicConfigSerializeWrapper = decodeBody(TopicConfigAndMapping, body)
  return { topicConfigSerializeWrapper, filterServerList: undefined }
}

function orderedTopics({ settings, kvConfigs }: NameServerContext): Buffer | undefined {
  const topics = kvConfigs.namespace(NAMESPACE_ORDER_TOPIC_CONFIG)
  if (!settings.current.returnOrderTopicConfigToBroker || topics === undefined) return undefined
  return encodeBody(KVTable, { table: new Map(topics) })
}

function refusal(request: RemotingCommand, remark: string): RemotingCommand {
  return createResponse(request, ResponseCode.SYSTEM_ERROR, { remark })
}
