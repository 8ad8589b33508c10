import { Command } from 'commander'
import { stderrLogger } from '../../../engine/base/logger.ts'
import { parseAddress } from '../../remoting/address.ts'
import { portArgument } from '../arguments.ts'
import {
  type BrokerArguments,
  brokerSources,
  reachHint,
  SHARDS_HELP,
  withBrokerOptions,
} from '../broker-arguments.ts'
import type { ConfigFile } from '../config-file.ts'
import { createScanProgress } from '../scan-progress.ts'
import type { ServerProcess } from '../server-process.ts'

const EXAMPLES = `
Examples:
  agena standalone                                     data in ./agena-data
  agena standalone --data /var/lib/agena --host 0.0.0.0
  agena standalone --namesrv-port 0 --broker-port 0    free ports, for a test
  agena standalone --shards 4                          four brokers, to use four cores and more
  agena standalone -c broker.conf                      the settings of a Java broker
  agena standalone --set flushDiskType=SYNC_FLUSH --set autoCreateTopicEnable=false
  agena standalone --host 0.0.0.0 --set brokerIP1=192.0.2.7  behind a published container port:
                                                       an address that clients reach

When clients can send and consume it prints one line on standard output:
  agena ready namesrv=HOST:PORT broker=HOST:PORT data=DIR pid=N in=MS ms
SIGTERM and Ctrl+C stop it: what was acknowledged is on the disk before it ends.
${SHARDS_HELP}`

interface StandaloneArguments extends BrokerArguments {
  readonly namesrvPort?: number
}

/** `agena standalone`. */
export function standaloneCommand(): Command {
  const command = new Command('standalone')
    .description('Run a name server and a broker in one process.')
    .option('--namesrv-port <port>', 'port, 0 for a free one (default: 9876)', portArgument)
  return withBrokerOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (options: StandaloneArguments) => {
      const { runServer } = await import('../server-process.ts')
      await runServer(() => start(options))
    })
}

async function start(options: StandaloneArguments): Promise<ServerProcess> {
  const { config: path, shards } = options
  const { readConfigFile } = await import('../config-file.ts')
  const configFile = path === undefined ? undefined : await readConfigFile(path)
  return shards === undefined
    ? startOne(options, configFile)
    : startShards(options, configFile, shards)
}

async function startOne(
  options: StandaloneArguments,
  configFile: ConfigFile | undefined,
): Promise<ServerProcess> {
  const { data, host, namesrvPort, brokerPort, set } = options
  const { parseBrokerConfig, startStandalone } = await import('../../standalone/index.ts')
  const { checkUnsharded } = await import('../shards/shard-directories.ts')
  const { config } = parseBrokerConfig(brokerSources(options, configFile))
  await checkUnsharded(config.storeDirectory)
  const server = await startStandalone({
    dataDirectory: data,
    host,
    namesrvPort,
    brokerPort,
    configFile,
    overrides: set,
    logger: stderrLogger,
    onScanProgress: createScanProgress(),
  })
  const { nameServerAddress, brokerAddress, dataDirectory } = server
  return {
    server,
    facts: { namesrv: nameServerAddress, broker: brokerAddress, data: dataDirectory },
    hints: hintsOf(nameServerAddress),
  }
}

/** The brokers are loaded by their processes: this one has the name server alone. */
async function startShards(
  options: StandaloneArguments,
  configFile: ConfigFile | undefined,
  shardCount: number,
): Promise<ServerProcess> {
  const { parseBrokerConfig } = await import('../../broker/options/broker-config.ts')
  const { ShardedStandalone } = await import('../shards/sharded-standalone.ts')
  const { shardFacts } = await import('../shards/shard-group.ts')
  const { config, warnings } = parseBrokerConfig(brokerSources(options, configFile))
  for (const warning of warnings) stderrLogger.warn(warning)
  const { namesrvPort } = options
  const server = await ShardedStandalone.start({
    config,
    shardCount,
    namesrvPort,
    logger: stderrLogger,
  })
  const { address } = server.nameServer
  return {
    server,
    facts: { namesrv: address, ...shardFacts(server.shards, config.storeDirectory) },
    hints: hintsOf(address),
  }
}

function hintsOf(nameServerAddress: string): string[] {
  const { host, port } = parseAddress(nameServerAddress)
  const names = `-n ${host === '0.0.0.0' ? `127.0.0.1:${port}` : nameServerAddress}`
  return [
    '',
    reachHint(host),
    'In a second terminal:',
    `  echo 'hello' | npx agena produce ${names} -t Greetings`,
    `  npx agena consume ${names} -t Greetings -g readers --from first`,
    'Ctrl+C stops it.',
  ]
}
