/**
 * The settings of a name server by our names and by those of Java's properties (NamesrvConfig,
 * NettyServerConfig), which state other units: one row each, one codec per kind.
 */
import type { NameServerConfig } from './name-server-options.ts'

export type SettingName = Exclude<keyof NameServerConfig, 'brokerAddressFor' | 'logger'>

type SettingKind = 'boolean' | 'milliseconds' | 'seconds' | 'port' | 'text' | 'list'

interface Setting {
  /** Its name in Java. */
  readonly javaKey: string
  readonly kind: SettingKind
  /** A change counts while the server runs. */
  readonly isLive: boolean
}

const SETTINGS: Readonly<Record<SettingName, Setting>> = Object.freeze({
  host: fixed('bindAddress', 'text'),
  port: fixed('listenPort', 'port'),
  idleMs: fixed('serverChannelMaxIdleTimeSeconds', 'seconds'),
  kvConfigPath: fixed('kvConfigPath', 'text'),
  configStorePath: fixed('configStorePath', 'text'),
  scanIntervalMs: live('scanNotActiveBrokerInterval', 'milliseconds'),
  supportActingMaster: live('supportActingMaster', 'boolean'),
  notifyMinBrokerIdChanged: live('notifyMinBrokerIdChanged', 'boolean'),
  orderMessageEnable: live('orderMessageEnable', 'boolean'),
  returnOrderTopicConfigToBroker: live('returnOrderTopicConfigToBroker', 'boolean'),
  enableAllTopicList: live('enableAllTopicList', 'boolean'),
  enableTopicList: live('enableTopicList', 'boolean'),
  needWaitForService: live('needWaitForService', 'boolean'),
  waitForServiceMs: live('waitSecondsForService', 'seconds'),
  deleteTopicWithBrokerRegistration: live('deleteTopicWithBrokerRegistration', 'boolean'),
  configBlackList: live('configBlackList', 'list'),
})

/** Properties of Java's name server that mean nothing here: threads, queues and buffers of its own,
 *  and its test and controller modes. */
export const JAVA_ONLY_KEYS: ReadonlySet<string> = new Set([
  'clientRequestThreadPoolNums',
  'clientRequestThreadPoolQueueCapacity',
  'clusterTest',
  'defaultThreadPoolNums',
  'defaultThreadPoolQueueCapacity',
  'enableControllerInNamesrv',
  'enableShutdownGracefully',
  'productEnvName',
  'rocketmqHome',
  'serverAsyncSemaphoreValue',
  'serverCallbackExecutorThreads',
  'serverNettyWorkerGroupEnable',
  'serverOnewaySemaphoreValue',
  'serverPooledByteBufAllocatorEnable',
  'serverSelectorThreads',
  'serverSocketBacklog',
  'serverSocketRcvBufSize',
  'serverSocketSndBufSize',
  'serverWorkerThreads',
  'shutdownWaitTimeSeconds',
  'unRegisterBrokerQueueCapacity',
  'useEpollNativeSelector',
  'writeBufferHighWaterMark',
  'writeBufferLowWaterMark',
])

export const SETTING_NAMES = Object.freeze(Object.keys(SETTINGS)) as readonly SettingName[]

const NAMES_BY_JAVA_KEY: ReadonlyMap<string, SettingName> = new Map(
  SETTING_NAMES.map((name) => [SETTINGS[name].javaKey, name]),
)

const PORT_MAX = 0xffff
const SECOND_MS = 1_000
const LIST_SEPARATOR = ';'

interface KindCodec {
  isValid(value: unknown): boolean
  /** Undefined when the text is no value of this kind. */
  read(text: string): unknown
  write(value: never): string
}

const CODECS: Readonly<Record<SettingKind, KindCodec>> = Object.freeze({
  boolean: {
    isValid: (value) => typeof value === 'boolean',
    read: (text) => ({ true: true, false: false })[text.toLowerCase()],
    write: (value: boolean) => String(value),
  },
  milliseconds: {
    isValid: isDuration,
    read: readDecimal,
    write: (value: number) => String(value),
  },
  seconds: {
    isValid: isDuration,
    read: (text) => {
      const seconds = readDecimal(text)
      return seconds === undefined ? undefined : seconds * SECOND_MS
    },
    write: (value: number) => String(value / SECOND_MS),
  },
  port: {
    isValid: (value) => isInteger(value) && value >= 0 && value <= PORT_MAX,
    read: readDecimal,
    write: (value: number) => String(value),
  },
  text: {
    isValid: (value) => typeof value === 'string' && value !== '',
    read: (text) => text.trim(),
    write: (value: string) => value,
  },
  list: {
    isValid: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
    read: (text) => Object.freeze(text.split(LIST_SEPARATOR).filter((item) => item !== '')),
    write: (value: readonly string[]) => value.join(LIST_SEPARATOR),
  },
})

/** True when the option may have this value. */
export function checkSetting(name: SettingName, value: unknown): boolean {
  return CODECS[SETTINGS[name].kind].isValid(value)
}

/** The setting that Java calls `javaKey`. */
export function settingOf(javaKey: string): SettingName | undefined {
  return NAMES_BY_JAVA_KEY.get(javaKey)
}

/** True when a change of the setting counts while the server runs. */
export function isLiveSetting(name: SettingName): boolean {
  return SETTINGS[name].isLive
}

/** The value that `text` stands for in Java's properties, undefined when it is none. */
export function readSetting(name: SettingName, text: string): unknown {
  const codec = CODECS[SETTINGS[name].kind]
  const value = codec.read(text)
  return codec.isValid(value) ? value : undefined
}

/** All settings as Java's name server lists them: sorted, without those that are not set. */
export function writeSettings(config: NameServerConfig): [string, string][] {
  return SETTING_NAMES.filter((name) => config[name] !== undefined)
    .map((name): [string, string] => {
      const { javaKey, kind } = SETTINGS[name]
      return [javaKey, CODECS[kind].write(config[name] as never)]
    })
    .sort(([left], [right]) => (left < right ? -1 : 1))
}

function fixed(javaKey: string, kind: SettingKind): Setting {
  return { javaKey, kind, isLive: false }
}

function live(javaKey: string, kind: SettingKind): Setting {
  return { javaKey, kind, isLive: true }
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value)
}

function isDuration(value: unknown): boolean {
  return isInteger(value) && value > 0
}

function readDecimal(text: string): number | undefined {
  return /^\d+$/.test(text.trim()) ? Number(text) : undefined
}
