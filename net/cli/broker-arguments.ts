import { type Command, InvalidArgumentError, Option } from 'commander'
import { portArgument, repeated } from './arguments.ts'

/** What both commands that run a broker are told about it. */
export interface BrokerArguments {
  readonly data?: string
  readonly host?: string
  readonly brokerPort?: number
  readonly config?: string
  readonly set: readonly string[]
}

/** Where a broker keeps its data when nobody says: where the command is run, easily seen. */
export const DATA_DIRECTORY_DEFAULT = 'agena-data'

const ANY_HOSTS: ReadonlySet<string> = new Set(['0.0.0.0', '::'])
const LOOPBACK = /^(127\.|::1$|localhost$)/

/** Adds the options of {@link BrokerArguments}. */
export function withBrokerOptions(command: Command): Command {
  return command
    .option('--data <dir>', `directory of the store (default: ${DATA_DIRECTORY_DEFAULT})`)
    .option('--host <address>', 'address to listen on (default: 127.0.0.1, this machine only)')
    .option('--broker-port <port>', 'port, 0 for a free one (default: 10911)', portArgument)
    .option('-c, --config <file>', "a Java broker's broker.conf")
    .addOption(
      new Option('--set <key=value>', "a setting by RocketMQ's name, wins over all (repeatable)")
        .argParser(repeated(settingArgument))
        .default([], 'none'),
    )
}

/** `key=value` settings for the options that were given by name. */
export function namedSettings({ data, host, brokerPort }: BrokerArguments): string[] {
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
