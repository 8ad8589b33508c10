import { type Command, InvalidArgumentError, Option } from 'commander'
import type { BrokerConfigFile, BrokerConfigSources } from '../broker/options/broker-config.ts'
import { integerArgument, portArgument, repeated } from './arguments.ts'
import { SHARD_COUNT_MAX } from './shards/shard-count.ts'

/** What both commands that run a broker are told about it. */
export interface BrokerArguments {
  readonly data?: string
  readonly host?: string
  readonly brokerPort?: number
  readonly shards?: number
  readonly config?: string
  readonly set: readonly string[]
}

/** Where a broker keeps its data when nobody says: where the command is run, easily seen. */
const DATA_DIRECTORY_DEFAULT = 'agena-data'

/** What the help of both commands says of shards. */
export const SHARDS_HELP = `
With --shards N there are N brokers NAME-0, NAME-1 … in processes of their own, 10 ports apart, with
their stores in DIR/shard-0, DIR/shard-1 … A client spreads what it sends over all of them.
  agena ready … brokers=HOST:PORT,HOST:PORT data=DIR shard-pids=N,N pid=N in=MS ms
One that ends is named and started again, six times at most unless it runs for a minute; then all
are stopped, exit code 1. SIGTERM to one of them alone starts it anew.
`

const ANY_HOSTS: ReadonlySet<string> = new Set(['0.0.0.0', '::'])
const LOOPBACK = /^(127\.|::1$|localhost$)/

/** Adds the options of {@link BrokerArguments}. */
export function withBrokerOptions(command: Command): Command {
  return command
    .option('--data <dir>', `directory of the store (default: ${DATA_DIRECTORY_DEFAULT})`)
    .option('--host <address>', 'address to listen on (default: 127.0.0.1, this machine only)')
    .option('--broker-port <port>', 'port, 0 for a free one (default: 10911)', portArgument)
    .option(
      '--shards <n>',
      'so many brokers, a process each: to use more cores',
      integerArgument(1, SHARD_COUNT_MAX),
    )
    .option('-c, --config <file>', "a Java broker's broker.conf")
    .addOption(
      new Option('--set <key=value>', "a setting by RocketMQ's name, wins over all (repeatable)")
        .argParser(repeated(settingArgument))
        .default([], 'none'),
    )
}

/** Where the settings of a broker come from. */
export function brokerSources(
  options: BrokerArguments,
  file: BrokerConfigFile | undefined,
): BrokerConfigSources {
  return {
    defaults: { storeDirectory: DATA_DIRECTORY_DEFAULT },
    file,
    overrides: [...namedSettings(options), ...options.set],
  }
}

/** `key=value` settings for the options that were given by name. */
function namedSettings({ data, host, brokerPort }: BrokerArguments): string[] {
  const named = { storePathRootDir: data, bindAddress: host, listenPort: brokerPort }
  return Object.entries(named)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${value}`)
}

/** Says who can connect to an address. */
export function reachHint(host: string): string {
  if (LOOPBACK.test(host)) return `Only this machine can connect: --host 0.0.0.0 lets others in.`
  if (ANY_HOSTS.has(host)) return 'Every machine that reaches this one can connect.'
  return `Machines that reach ${host} can connect.`
}

function settingArgument(text: string): string {
  if (/^[^=\s]+=/.test(text)) return text
  throw new InvalidArgumentError('It must be key=value.')
}
