import { replaceFile } from '../../engine/base/replace-file.ts'
import type { JavaProperty } from '../protocol/java-properties.ts'
import { formatJavaProperties } from '../protocol/java-properties.ts'
import { NameServerError } from './errors.ts'
import type { NameServerConfig, NameServerOptions } from './name-server-options.ts'
import { SerialTasks } from './serial-tasks.ts'
import type { SettingName } from './setting-table.ts'
import {
  isLiveSetting,
  JAVA_ONLY_KEYS,
  readSetting,
  settingOf,
  writeSettings,
} from './setting-table.ts'

/** Settings that are protected whatever the list says. */
const ALWAYS_PROTECTED = ['configBlackList', 'configStorePath', 'kvConfigPath', 'rocketmqHome']

/** A property that has no effect here. */
export interface IgnoredProperty extends JavaProperty {
  /** True for one that Java's name server knows. */
  readonly isKnown: boolean
}

/**
 * The options in a properties file of Java's name server, and what of it has no effect here.
 * @throws {NameServerError} `NAMESRV_OPTION_INVALID` with the line of a bad value
 */
export function readNameServerProperties(properties: readonly JavaProperty[]): {
  options: NameServerOptions
  ignored: IgnoredProperty[]
} {
  const options: Record<string, unknown> = {}
  const ignored: IgnoredProperty[] = []
  for (const property of properties) {
    const name = settingOf(property.key)
    if (name === undefined) {
      ignored.push({ ...property, isKnown: JAVA_ONLY_KEYS.has(property.key) })
      continue
    }
    options[name] = readValue(name, property.key, property.value, `line ${property.line}: `)
  }
  return { options, ignored }
}

/** The settings in force. Those that may change do so by request (Java: Configuration). */
export class NameServerSettings {
  #config: NameServerConfig
  readonly #changes = new SerialTasks()

  constructor(config: NameServerConfig) {
    this.#config = config
  }

  get current(): NameServerConfig {
    return this.#config
  }

  /** Takes note of the port that was free when any was asked for. */
  listensOn(port: number): void {
    this.#config = Object.freeze({ ...this.#config, port })
  }

  /** The settings as Java's properties, one a line. */
  format(): string {
    return formatJavaProperties(writeSettings(this.#config))
  }

  /**
   * Takes over settings by their names in Java: all of them or, when one of them cannot be, none.
   * @throws {NameServerError} `NAMESRV_OPTION_INVALID`, `NAMESRV_OPTION_PROTECTED`,
   *   `NAMESRV_CHANGE_NOT_SAVED`
   */
  update(properties: ReadonlyMap<string, string>): Promise<void> {
    return this.#changes.run(() => this.#applyUpdate(properties))
  }

  /** Resolves when all changes so far are written, or have failed. */
  settled(): Promise<void> {
    return this.#changes.settled()
  }

  async #applyUpdate(properties: ReadonlyMap<string, string>): Promise<void> {
    const isProtected = new Set([...ALWAYS_PROTECTED, ...this.#config.configBlackList])
    const changed: Record<string, unknown> = {}
    for (const [key, text] of properties) {
      if (isProtected.has(key)) {
        throw new NameServerError('NAMESRV_OPTION_PROTECTED', `${key} cannot be changed by request`)
      }
      const name = changeableSetting(key)
      changed[name] = readValue(name, key, text)
    }
    const config = Object.freeze({ ...this.#config, ...changed })
    if (config.configStorePath !== undefined) await save(config, config.configStorePath)
    this.#config = config
  }
}

function changeableSetting(key: string): SettingName {
  const name = settingOf(key)
  if (name !== undefined && isLiveSetting(name)) return name
  const why = name === undefined ? 'is no setting of this server' : 'is read at start only'
  throw new NameServerError('NAMESRV_OPTION_INVALID', `${key} ${why}`)
}

function readValue(name: SettingName, key: string, text: string, where = ''): unknown {
  const value = readSetting(name, text)
  if (value !== undefined) return value
  throw new NameServerError('NAMESRV_OPTION_INVALID', `${where}${key} cannot be "${text}"`)
}

async function save(config: NameServerConfig, path: string): Promise<void> {
  try {
    await replaceFile(path, formatJavaProperties(writeSettings(config)))
  } catch (error) {
    const message = `the settings cannot be written to ${path}`
    throw new NameServerError('NAMESRV_CHANGE_NOT_SAVED', message, { cause: error })
  }
}
