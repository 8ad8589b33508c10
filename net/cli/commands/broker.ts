import { Command } from 'commander'
import type { Lifecycle } from '../../../engine/base/lifecycle.ts'
import { stderrLogger } from '../../../engine/base/logger.ts'
import type { BrokerConfig, BrokerConfigFile } from '../../broker/options/broker-config.ts'
import { addressesArgument } from '../arguments.ts'
import {
  type BrokerArguments,
  brokerSources,
  reachHint,
  SHARDS_HELP,
  withBrokerOptions,
} from '../broker-arguments.ts'
import { createScanProgress } from '../scan-progress.ts'
import type { ServerProcess } from '../server-process.ts'

const EXAMPLES = `
Examples:
  agena broker -n 127.0.0.1:9876                      one name server
  agena broker -n 'ns1:9876;ns2:9876' --host 0.0.0.0  two, which may be Java's
  agena broker -c /etc/rocketmq/broker.conf           the settings of a Java broker

When it takes requests it prints one line on standard output:
  agena ready broker=HOST:PORT data=DIR pid=N in=MS ms
SIGTERM and Ctrl+C stop it: what was acknowledged is on the disk before it ends.
${SHARDS_HELP}`

interface BrokerCommandArguments extends BrokerArguments {
  readonly namesrv?: string
}

/** `agena broker`. */
export function brokerCommand(): Command {
  const command = new Command('broker')
    .description('Run a broker that registers with name servers.')
    .option('-n, --namesrv <addresses>', "name servers, split at ';'", addressesArgument)
  return withBrokerOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (options: BrokerCommandArguments) => {
      const { runServer } = await import('../server-process.ts')
      await runServer(() => start(options))
    })
}

interface StartedBrokers {
  readonly server: Lifecycle
  readonly facts: Readonly<Record<string, string>>
}

async function start(options: BrokerCommandArguments): Promise<ServerProcess> {
  const { parseBrokerConfig } = await import('../../broker/options/broker-config.ts')
  const { readConfigFile } = await import('../config-file.ts')
  const { config: path, namesrv, set, shards } = options
  const configFile = path === undefined ? undefined : await readConfigFile(path)
  const nameServers = namesrv === undefined ? [] : [`namesrvAddr=${namesrv}`]
  const sources = brokerSources({ ...options, set: [...nameServers, ...set] }, configFile)
  const { config, warnings } = parseBrokerConfig(sources)
  for (const warning of warnings) stderrLogger.warn(warning)
  const started =
    shards === undefined ? await startOne(config, configFile) : await startShards(config, shards)
  const known = config.namesrvAddresses.join(';')
  return {
    ...started,
    hints: [
      '',
      reachHint(config.listenHost),
      known === '' ? 'It registers with no name server: -n names some.' : `Name servers: ${known}`,
      'Ctrl+C stops it.',
    ],
  }
}

async function startOne(
  config: BrokerConfig,
  configFile: BrokerConfigFile | undefined,
): Promise<StartedBrokers> {
  const { Broker } = await import('../../standalone/index.ts')
  const { checkUnsharded } = await import('../shards/shard-directories.ts')
  await checkUnsharded(config.storeDirectory)
  const server = await Broker.start(config, {
    configFile,
    logger: stderrLogger,
    onScanProgress: createScanProgress(),
  })
  return {
    server,
    facts: { broker: server.listenAddress, data: server.config.storeDirectory },
  }
}

async function startShards(config: BrokerConfig, shardCount: number): Promise<StartedBrokers> {
  const { ShardGroup, shardFacts } = await import('../shards/shard-group.ts')
  const server = await ShardGroup.start({ config, shardCount, logger: stderrLogger })
  return { server, facts: shardFacts(server, config.storeDirectory) }
}
