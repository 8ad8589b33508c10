import { DataVersion } from '../../protocol/data-version.ts'
import { encodeHeaderFields } from '../../protocol/header-table.ts'
import { encodeBody } from '../../protocol/json-shape.ts'
import {
  QueryDataVersionRequestHeader,
  RegisterBrokerRequestHeader,
  UnregisterBrokerRequestHeader,
} from '../../protocol/register-broker.ts'
import { bodyCrc32, encodeRegisterBrokerBody } from '../../protocol/register-broker-body.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import type { TopicConfig } from '../../protocol/topic-config.ts'
import { formatAddress, parseAddress } from '../../remoting/address.ts'
import type { RemotingCommand } from '../../remoting/remoting-command.ts'
import { createRequest } from '../../remoting/remoting-command.ts'
import type { BrokerConfig } from '../options/broker-options.ts'
import { isReadablePermission, isWritablePermission } from '../topics/permission.ts'

/** The broker's topics, as far as name servers need them. */
export interface RegisteredTopics {
  readonly dataVersion: DataVersion
  values(): Iterable<{ readonly config: TopicConfig }>
  /** Calls `listener` after every change. */
  onChange(listener: () => void): void
  /** Marks topics as ordered: a name server keeps the order of their queues. */
  markOrdered(names: Iterable<string>): void
}

export interface RegistrationSource {
  /** Read anew for every request: settings may change. */
  readonly config: BrokerConfig
  /** `host:port` under which clients reach the broker. */
  readonly brokerAddress: () => string
  readonly topics: RegisteredTopics
}

/** Writes what the broker says of itself to name servers (Java: BrokerOuterAPI). */
export class RegistrationRequests {
  readonly #source: RegistrationSource

  constructor(source: RegistrationSource) {
    this.#source = source
  }

  /** REGISTER_BROKER (103) with all topics. */
  register(): RemotingCommand {
    const { config, topics } = this.#source
    const body = encodeRegisterBrokerBody(
      {
        filterServerList: [],
        topicConfigSerializeWrapper: {
          dataVersion: topics.dataVersion,
          mappingDataVersion: undefined,
          topicConfigTable: this.#topicTable(),
          topicQueueMappingDetailMap: new Map(),
          topicQueueMappingInfoMap: new Map(),
        },
      },
      config.compressedRegister,
    )
    const extFields = encodeHeaderFields(RegisterBrokerRequestHeader, {
      ...this.#identity(),
      haServerAddr: this.#replicaAddress(),
      enableActingMaster: false,
      compressed: config.compressedRegister,
      bodyCrc32: bodyCrc32(body),
    })
    return createRequest(RequestCode.REGISTER_BROKER, { extFields, body })
  }

  /** UNREGISTER_BROKER (104). */
  unregister(): RemotingCommand {
    const extFields = encodeHeaderFields(UnregisterBrokerRequestHeader, this.#identity())
    return createRequest(RequestCode.UNREGISTER_BROKER, { extFields })
  }

  /** QUERY_DATA_VERSION (322), which also counts as a sign of life. */
  queryDataVersion(): RemotingCommand {
    const extFields = encodeHeaderFields(QueryDataVersionRequestHeader, this.#identity())
    const body = encodeBody(DataVersion, this.#source.topics.dataVersion)
    return createRequest(RequestCode.QUERY_DATA_VERSION, { extFields, body })
  }

  #identity() {
    const { config, brokerAddress } = this.#source
    const { brokerName, clusterName, brokerId } = config
    return { brokerName, clusterName, brokerId, brokerAddr: brokerAddress() }
  }

  #replicaAddress(): string {
    const { config, brokerAddress } = this.#source
    // While only the system knows the broker's port, the replicas' is the one after it.
    const port = config.haListenPort || parseAddress(brokerAddress()).port + 1
    return formatAddress(config.brokerIP2, port)
  }

  /** No topic has a permission that the broker lacks (Java: BrokerController.registerBrokerAll). */
  #topicTable(): Map<string, TopicConfig> {
    const { config, topics } = this.#source
    const allowed = config.brokerPermission
    const isFree = isReadablePermission(allowed) && isWritablePermission(allowed)
    const table = new Map<string, TopicConfig>()
    for (const { config: topic } of topics.values()) {
      const shown = isFree ? topic : { ...topic, perm: topic.perm & allowed }
      table.set(topic.topicName, shown)
    }
    return table
  }
}
