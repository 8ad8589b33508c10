/**
 * The settings of brokers that one command runs side by side, made from those of one:
 *
 *   shard   brokerName   listenPort   second port   haListenPort   storePathRootDir
 *   0       NAME-0       PORT         PORT - 2      PORT + 1       DIR/shard-0
 *   1       NAME-1       PORT + 10    PORT + 8      PORT + 11      DIR/shard-1
 *   …
 *
 * Everything else is the same for all, the cluster's name above all. The directories are named by
 * number, not after the broker: a host that is renamed finds its data again.
 */

import { BrokerOptionError } from '../../broker/options/broker-option-error.ts'
import type { BrokerConfig } from '../../broker/options/broker-options.ts'
import { shardDirectory } from './shard-directories.ts'

/** How far the ports of two shards are apart: RocketMQ derives some from two below to one above. */
export const SHARD_PORT_STRIDE = 10
const PORT_MAX = 0xffff

/**
 * The settings of `count` shards, from those of one broker. With a port of 0 each has a free one.
 * @throws {BrokerOptionError} `BROKER_OPTION_INVALID` when there are not so many ports
 */
export function planShards(config: BrokerConfig, count: number): BrokerConfig[] {
  return Array.from({ length: count }, (_, index) => {
    const plan: BrokerConfig = {
      ...config,
      brokerName: `${config.brokerName}-${index}`,
      listenPort: shardPort(config.listenPort, index),
      haListenPort: shardPort(config.haListenPort, index),
      storeDirectory: shardDirectory(config.storeDirectory, index),
    }
    if (Math.max(plan.listenPort, plan.haListenPort) <= PORT_MAX) return Object.freeze(plan)
    const { listenPort, haListenPort } = config
    const first = `listenPort ${listenPort} and haListenPort ${haListenPort}`
    const message = `${first} leave no room for ${count} shards, ${SHARD_PORT_STRIDE} ports apart`
    throw new BrokerOptionError('BROKER_OPTION_INVALID', message)
  })
}

function shardPort(firstPort: number, index: number): number {
  return firstPort === 0 ? 0 : firstPort + index * SHARD_PORT_STRIDE
}
