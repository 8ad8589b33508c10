import { Command } from 'commander'
import { stderrLogger } from '../../../engine/base/logger.ts'
import { parseAddress } from '../../remoting/address.ts'
import { portArgument } from '../arguments.ts'
import { type BrokerArguments, reachHint, withBrokerOptions } from '../broker-arguments.ts'
import { createScanProgress } from '../scan-progress.ts'
import type { ServerProcess } from '../server-process.ts'

const EXAMPLES = `
Examples:
  agena standalone                                     data in ./agena-data
  agena standalone --data /var/lib/agena --host 0.0.0.0
  agena standalone --namesrv-port 0 --broker-port 0    free ports, for a test
  agena standalone -c broker.conf                      the settings of a Java broker
  agena standalone --set flushDiskType=SYNC_FLUSH --set autoCreateTopicEnable=false
  agena standalone --host 0.0.0.0 --set brokerIP1=192.0.2.7  behind a published container port:
                                                       an address that clients reach

When clients can send and consume it prints one line on standard output:
  agena ready namesrv=HOST:PORT broker=HOST:PORT data=DIR pid=N in=MS ms
SIGTERM and Ctrl+C stop it: what was acknowledged is on the disk before it ends.
`

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
  const { data, host, namesrvPort, brokerPort, config, set } = options
  const { startStandalone } = await import('../../standalone/index.ts')
  const { readConfigFile } = await import('../config-file.ts')
  const server = await startStandalone({
    dataDirectory: data,
    host,
    namesrvPort,
    brokerPort,
    configFile: config === undefined ? undefined : await readConfigFile(config),
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
