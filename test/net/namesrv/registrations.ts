/** Brokers and topics for the name server's tests. */
import type { BrokerOwner } from '../../../net/namesrv/broker-group.ts'
import type { BrokerRegistration } from '../../../net/namesrv/route-table.ts'
import { HEARTBEAT_TIMEOUT_MS } from '../../../net/namesrv/route-table.ts'
import type { DataVersion } from '../../../net/protocol/data-version.ts'
import type { TopicConfig } from '../../../net/protocol/topic-config.ts'

export const VERSION_1: DataVersion = { stateVersion: 0, timestamp: 1_700_000_000_000, counter: 1 }
export const VERSION_2: DataVersion = { ...VERSION_1, counter: 2 }

/** A topic with 8 queues that is readable and writable. */
export function topicConfig(topicName: string, changes: Partial<TopicConfig> = {}): TopicConfig {
  return {
    attributes: new Map(),
    order: false,
    perm: 6,
    readQueueNums: 8,
    topicFilterType: 'SINGLE_TAG',
    topicName,
    topicSysFlag: 0,
    writeQueueNums: 8,
    ...changes,
  }
}

/** The first registration of the master `broker-a` in `cluster-1`, with two topics. */
export function registration(changes: Partial<BrokerRegistration> = {}): BrokerRegistration {
  return {
    clusterName: 'cluster-1',
    brokerName: 'broker-a',
    brokerId: 0,
    brokerAddress: '192.0.2.1:10911',
    haServerAddress: '192.0.2.1:10912',
    zoneName: undefined,
    heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS,
    enableActingMaster: undefined,
    topics: [topicConfig('topic-1'), topicConfig('topic-2')],
    mappings: new Map(),
    dataVersion: VERSION_1,
    filterServers: [],
    owner: someOwner(),
    ...changes,
  }
}

/** A slave of {@link registration}'s master, with the same topics. */
export function slaveRegistration(
  brokerId: number,
  changes: Partial<BrokerRegistration> = {},
): BrokerRegistration {
  return registration({
    brokerId,
    brokerAddress: `192.0.2.${brokerId + 1}:10911`,
    haServerAddress: `192.0.2.${brokerId + 1}:10912`,
    ...changes,
  })
}

export function someOwner(): BrokerOwner {
  return { destroy: () => Promise.resolve() }
}
