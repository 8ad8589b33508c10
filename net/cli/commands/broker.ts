import { Command } from 'commander'
import { stderrLogger } from '../../../engine/base/logger.ts'
import { addressesArgument } from '../arguments.ts'
import {
  type BrokerArguments,
  DATA_DIRECTORY_DEFAULT,
  namedSettings,
  reachHint,
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
`

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

async function start(options: BrokerCommandArguments): Promise<ServerProcess> {
  const { Broker, parseBrokerConfig } = await import('../../standalone/index.ts')
  const { readConfigFile } = await import('../config-file.ts')
  const { config: configPath, namesrv, set } = options
  const configFile = configPath === undefined ? undefined : await readConfigFile(configPath)
  const nameServers = namesrv === undefined ? [] : [`namesrvAddr=${namesrv}`]
  const { config, warnings } = parseBrokerConfig({
    defaults: { storeDirectory: DATA_DIRECTORY_DEFAULT },
    file: configFile,
    overrides: [...nameServers, ...namedSettings(options), ...set],
  })
  for (const warning of warnings) stderrLogger.warn(warning)
  const server = await Broker.start(config, {
    configFile,
    logger: stderrLogger,
    onScanProgress: createScanProgress(),
  })
  const known = config.namesrvAddresses.join(';')
  return {
    server,
    facts: { broker: server.listenAddress, data: server.config.storeDirectory },
    hints: [
      '',
      reachHint(config.listenHost),
      known === '' ? 'It registers with no name server: -n names some.' : `Name servers: ${known}`,
      'Ctrl+C stops it.',
    ],
  }
}
