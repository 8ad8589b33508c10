import { Command } from 'commander'
import { stderrLogger } from '../../../engine/base/logger.ts'
import { portArgument } from '../arguments.ts'
import type { ServerProcess } from '../server-process.ts'

const EXAMPLES = `
Examples:
  agena namesrv                               on 127.0.0.1:9876
  agena namesrv --host 0.0.0.0                for other machines too
  agena namesrv -c /etc/rocketmq/namesrv.conf with the settings of a Java name server

When it answers requests it prints one line:
  agena ready namesrv=HOST:PORT pid=N in=MS ms
KV configs are kept in memory, unless the file of -c names another with kvConfigPath.
`

interface NameServerArguments {
  readonly host?: string
  readonly port?: number
  readonly config?: string
}

/** `agena namesrv`. */
export function namesrvCommand(): Command {
  return new Command('namesrv')
    .description('Run a name server: it tells clients which brokers have which topics.')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('-p, --port <port>', 'port, 0 for a free one (default: 9876)', portArgument)
    .option('-c, --config <file>', "a Java name server's properties file")
    .addHelpText('after', EXAMPLES)
    .action(async (options: NameServerArguments) => {
      const { runServer } = await import('../server-process.ts')
      await runServer(() => startNameServer(options))
    })
}

async function startNameServer({
  host,
  port,
  config,
}: NameServerArguments): Promise<ServerProcess> {
  const { NameServer, readNameServerProperties } = await import('../../namesrv/index.ts')
  const { readConfigFile } = await import('../config-file.ts')
  const { properties } = config === undefined ? { properties: [] } : await readConfigFile(config)
  const { options, ignored } = readNameServerProperties(properties)
  for (const { key, line, isKnown } of ignored) {
    const why = isKnown ? 'it has no effect here' : 'there is no such setting'
    stderrLogger.warn(`${config} line ${line}: ${key}: ${why}`)
  }
  const server = await NameServer.start({
    ...options,
    host: host ?? options.host,
    port: port ?? options.port,
    logger: stderrLogger,
  })
  const hints = ['', `In a second terminal: agena broker -n ${server.address}`, 'Ctrl+C stops it.']
  return { server, facts: { namesrv: server.address }, hints }
}
