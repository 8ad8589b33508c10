import { homedir, hostname } from 'node:os'
import { join } from 'node:path'
import { StoreError } from '../../../engine/base/errors.ts'
import type { StoreOptions } from '../../../engine/store/store-options.ts'
import { parseStoreOptions } from '../../../engine/store/store-options.ts'
import type { JavaProperty } from '../../protocol/java-properties.ts'
import { BrokerOptionError } from './broker-option-error.ts'
import type { BrokerConfig, BrokerOptions } from './broker-options.ts'
import { BROKER_DEFAULTS } from './broker-options.ts'
import { JAVA_KEYS } from './java-keys.ts'
import { reachableAddress } from './local-address.ts'
import type { BrokerField, Setting } from './settings-table.ts'
import { AUTO, brokerSetting, MEANINGLESS_KEYS, SETTINGS } from './settings-table.ts'

export type { BrokerConfig, BrokerOptions } from './broker-options.ts'
export { settingsOf } from './settings-table.ts'

/** A `broker.conf` as parseJavaProperties read it. */
export interface BrokerConfigFile {
  /** Named in warnings and errors. */
  readonly path: string
  readonly properties: readonly JavaProperty[]
}

/** Where settings come from: a later field goes before an earlier one. */
export interface BrokerConfigSources {
  readonly defaults?: BrokerOptions | undefined
  readonly file?: BrokerConfigFile | undefined
  /** `key=value` with Java's key, as after `--set`: here an unsupported key is an error. */
  readonly overrides?: readonly string[] | undefined
}

export interface ParsedBrokerConfig {
  readonly config: BrokerConfig
  /** A sentence for each setting of the file that has no effect. */
  readonly warnings: readonly string[]
}

/** Values by field, while they are gathered. */
interface Gathered {
  readonly broker: Map<BrokerField, unknown>
  store: StoreOptions
}

const OVERRIDE = /^([^=\s]+)=(.*)$/s
const BROKER_NAME_DEFAULT = 'DEFAULT_BROKER'

/**
 * The settings of a broker.
 * @throws {BrokerOptionError} `BROKER_OPTION_INVALID` with a bad value's place and what it may be
 */
export function parseBrokerConfig(sources: BrokerConfigSources = {}): ParsedBrokerConfig {
  const gathered: Gathered = { broker: new Map(), store: {} }
  gatherOptions(gathered, sources.defaults ?? {})
  const warnings: string[] = []
  for (const { key, value, line } of sources.file?.properties ?? []) {
    const where = `${sources.file?.path} line ${line}`
    const setting = SETTINGS.get(key)
    if (setting === undefined) warnings.push(`${where}: ${key} has no effect: ${whyNot(key)}`)
    else gather(gathered, setting, readSetting(setting, value, `${where}: `))
  }
  for (const override of sources.overrides ?? []) {
    const [, key = '', value = ''] = OVERRIDE.exec(override) ?? []
    if (key === '') throw invalid(`--set ${override}: write key=value`)
    const setting = SETTINGS.get(key)
    if (setting === undefined) throw invalid(`--set ${override}: ${whyNot(key)}`)
    gather(gathered, setting, readSetting(setting, value, '--set: '))
  }
  return { config: complete(gathered), warnings }
}

/**
 * The value of `setting` that Java's properties write as `value`.
 * @throws {BrokerOptionError} `BROKER_OPTION_INVALID`
 */
export function readSetting(setting: Setting, value: string, where = ''): unknown {
  const { key, kind } = setting
  const read = kind.read(value.trim())
  if (kind.accepts(read)) return read
  throw invalid(`${where}${key} is "${value}", but must be ${kind.expected}`)
}

/** Why there is no setting of this name. */
export function whyNot(key: string): string {
  const why = MEANINGLESS_KEYS.get(key)
  if (why !== undefined) return `it has no meaning for Agena: ${why}`
  return JAVA_KEYS.has(key)
    ? 'RocketMQ has this setting, Agena does not support it yet'
    : 'there is no such setting'
}

function gather(gathered: Gathered, setting: Setting, value: unknown): void {
  const { field, storeField } = setting
  if (field !== undefined) gathered.broker.set(field, value)
  if (storeField !== undefined) gathered.store = { ...gathered.store, [storeField]: value }
}

function gatherOptions(gathered: Gathered, options: BrokerOptions): void {
  const { store, ...rest } = options
  if (store !== undefined) gathered.store = checkStore(store)
  for (const [name, value] of Object.entries(rest)) {
    if (value === undefined) continue
    const field = FIELDS.get(name)
    if (field === undefined) throw invalid(`there is no option ${name}`)
    const { kind } = brokerSetting(field)
    if (!kind.accepts(value)) {
      throw invalid(`option ${name} is ${String(value)}, but must be ${kind.expected}`)
    }
    gathered.broker.set(field, value)
  }
}

function checkStore(store: StoreOptions): StoreOptions {
  try {
    parseStoreOptions(store)
    return store
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    const message = `option store: ${error.message}`
    throw new BrokerOptionError('BROKER_OPTION_INVALID', message, { cause: error })
  }
}

const FIELDS: ReadonlyMap<string, BrokerField> = new Map(
  [...SETTINGS.values()].flatMap(({ field }) => (field === undefined ? [] : [[field, field]])),
)

function complete({ broker, store }: Gathered): BrokerConfig {
  const given: BrokerOptions = Object.fromEntries(broker)
  const merged = { ...BROKER_DEFAULTS, ...given } as BrokerConfig
  const reachable = reachableAddress(merged.listenHost)
  const isBrokerIP1Auto = given.brokerIP1 === AUTO
  return withPorts({
    ...merged,
    brokerName: given.brokerName ?? (hostname() || BROKER_NAME_DEFAULT),
    brokerIP1: isBrokerIP1Auto ? reachable : (given.brokerIP1 ?? reachable),
    brokerIP2: given.brokerIP2 ?? reachable,
    storeDirectory: given.storeDirectory ?? join(homedir(), 'store'),
    store: Object.freeze({ ...store }),
    isBrokerIP1Auto,
  })
}

/** Derives the replicas' port once the clients' port is known. */
export function withPorts(config: BrokerConfig): BrokerConfig {
  const { listenPort, haListenPort } = config
  const isDerived = haListenPort === 0 && listenPort !== 0
  return Object.freeze({ ...config, haListenPort: isDerived ? listenPort + 1 : haListenPort })
}

function invalid(message: string): BrokerOptionError {
  return new BrokerOptionError('BROKER_OPTION_INVALID', message)
}
