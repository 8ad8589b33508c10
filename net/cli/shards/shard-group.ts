import process from 'node:process'
import { Lifecycle } from '../../../engine/base/lifecycle.ts'
import type { Logger } from '../../../engine/base/logger.ts'
import type { BrokerConfig } from '../../broker/options/broker-options.ts'
import type { TopicConfig } from '../../protocol/topic-config.ts'
import { RESTART_TIMES, type RestartTimes } from './restart-policy.ts'
import { Shard } from './shard.ts'
import { checkSharded } from './shard-directories.ts'
import { planShards } from './shard-plan.ts'

/** What brokers side by side are started with. */
export interface ShardGroupOptions {
  /** The settings from which those of each are made, see {@link planShards}. */
  readonly config: BrokerConfig
  readonly shardCount: number
  readonly logger: Logger
  /** @default RESTART_TIMES */
  readonly restartTimes?: RestartTimes
}

/**
 * Brokers side by side, a process each. One that ends is started again while the others go on; one
 * that ends again and again ends them all.
 */
export class ShardGroup extends Lifecycle {
  readonly #shards: readonly Shard[]
  readonly #killAll = (): void => {
    for (const shard of this.#shards) shard.kill()
  }

  /**
   * Starts all of them; resolves when all take requests.
   * @throws {ShardError} `SHARDS_STORE_UNSHARDED`, `SHARDS_TOO_FEW`
   * @throws {BrokerOptionError} as {@link planShards}
   * @throws {AgenaError} what keeps one of them from starting, with its code and its name; then
   *   none is left
   */
  static async start(options: ShardGroupOptions): Promise<ShardGroup> {
    const { config, shardCount } = options
    const configs = planShards(config, shardCount)
    await checkSharded(config.storeDirectory, shardCount)
    const group = new ShardGroup(configs, options)
    try {
      await Promise.all(group.#shards.map((shard) => shard.started()))
    } catch (error) {
      await group.close()
      throw error
    }
    group.markOpen()
    return group
  }

  private constructor(configs: readonly BrokerConfig[], options: ShardGroupOptions) {
    super()
    const { logger, restartTimes } = options
    this.#shards = configs.map((config, index) => {
      const extras = {
        logger,
        restartTimes: restartTimes ?? RESTART_TIMES,
        onTopicMade: (topic: TopicConfig) => this.#shareTopic(topic, index),
        onGivenUp: (reason: Error) => void this.destroy(reason),
      }
      return new Shard({ config }, extras)
    })
    // A second signal, or a stop that takes too long, ends this process at once and them with it.
    process.on('exit', this.#killAll)
  }

  /** `host:port` that each listens on, in order. */
  get listenAddresses(): string[] {
    return this.#shards.map(({ address }) => address?.listenAddress ?? '')
  }

  /** The process of each as it is now, in order. */
  get pids(): number[] {
    return this.#shards.flatMap(({ pid }) => pid ?? [])
  }

  /** The port of the one that is registered as `address`, undefined when none is. */
  portOf(address: string): number | undefined {
    return this.#shards.find((shard) => shard.address?.address === address)?.address?.port
  }

  /** All at the same time, each as a signal would stop it. */
  protected override async drain(): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard.stop()))
    process.off('exit', this.#killAll)
  }

  /**
   * Clients that know no route of a topic send to the queues of all brokers that make one. The
   * first message makes it at its own broker only, and with the next route the others would be
   * left out.
   */
  #shareTopic(topic: TopicConfig, madeBy: number): void {
    this.#shards.forEach((shard, index) => {
      if (index !== madeBy) shard.addTopic(topic)
    })
  }
}

/** What a ready line tells of shards. */
export function shardFacts(group: ShardGroup, dataDirectory: string): Record<string, string> {
  return {
    brokers: group.listenAddresses.join(','),
    data: dataDirectory,
    'shard-pids': group.pids.join(','),
  }
}
