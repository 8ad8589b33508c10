import { replaceFile } from '../../../engine/base/replace-file.ts'
import type { DataVersion } from '../../protocol/data-version.ts'
import { formatJavaProperties, propertiesToMap } from '../../protocol/java-properties.ts'
import { TableVersion } from '../table-version.ts'
import type { BrokerConfigFile } from './broker-config.ts'
import { readSetting, whyNot, withPorts } from './broker-config.ts'
import { BrokerOptionError } from './broker-option-error.ts'
import type { BrokerConfig } from './broker-options.ts'
import type { BrokerField, Setting } from './settings-table.ts'
import { SETTINGS, settingsOf } from './settings-table.ts'

/** Settings that are protected whatever the list says (Java: AdminBrokerProcessor). */
const ALWAYS_PROTECTED = ['brokerConfigPath', 'configBlackList', 'rocketmqHome']

/** The settings in force. Those that may change do so by request (Java: Configuration). */
export class BrokerSettings {
  /** The settings as they are whenever they are read: what handlers keep. */
  readonly live: BrokerConfig
  readonly #file: BrokerConfigFile | undefined
  readonly #version = new TableVersion()
  readonly #listeners: ((fields: ReadonlySet<BrokerField>) => void)[] = []
  #current: BrokerConfig
  /** What the file says, changes included. */
  #fileText: Map<string, string>
  #changes: Promise<void> = Promise.resolve()

  /** `file` is where `config` comes from: changes are written into it, as Java does. */
  constructor(config: BrokerConfig, file?: BrokerConfigFile) {
    this.#current = config
    this.#file = file
    this.#fileText = propertiesToMap(file?.properties ?? [])
    this.live = liveView(() => this.#current)
  }

  /** The version of the settings that GET_BROKER_CONFIG (26) tells. */
  get version(): DataVersion {
    return this.#version.value
  }

  /** The settings as Java's properties, one a line. */
  format(): string {
    return formatJavaProperties(settingsOf(this.#current))
  }

  /** Takes note of the port that was free when any was asked for. */
  listensOn(listenPort: number): void {
    this.#current = withPorts({ ...this.#current, listenPort })
  }

  /** Calls `listener` after every change with the fields that have new values. */
  onChange(listener: (fields: ReadonlySet<BrokerField>) => void): void {
    this.#listeners.push(listener)
  }

  /**
   * Takes over settings by their names in Java: all of them or, when one of them cannot be, none.
   * @throws {BrokerOptionError} `BROKER_OPTION_INVALID`, `BROKER_OPTION_PROTECTED`,
   *   `BROKER_CHANGE_NOT_SAVED`
   */
  update(properties: ReadonlyMap<string, string>): Promise<void> {
    const change = this.#changes.then(() => this.#apply(properties))
    // The next change does not care what became of this one; the caller is told.
    this.#changes = change.catch(() => undefined)
    return change
  }

  async #apply(properties: ReadonlyMap<string, string>): Promise<void> {
    const isProtected = new Set([...ALWAYS_PROTECTED, ...this.#current.configBlackList])
    const values = new Map<BrokerField, unknown>()
    for (const [key, text] of properties) {
      if (isProtected.has(key)) {
        throw new BrokerOptionError(
          'BROKER_OPTION_PROTECTED',
          `${key} cannot be changed by request`,
        )
      }
      const setting = changeableSetting(key)
      values.set(setting.field, readSetting(setting, text))
    }
    await this.#save(properties)
    this.#current = Object.freeze({ ...this.#current, ...Object.fromEntries(values) })
    this.#version.next()
    const fields = new Set(values.keys())
    for (const listener of this.#listeners) listener(fields)
  }

  async #save(properties: ReadonlyMap<string, string>): Promise<void> {
    if (this.#file === undefined) return
    const { path } = this.#file
    const fileText = new Map([...this.#fileText, ...properties])
    try {
      await replaceFile(path, formatJavaProperties(fileText))
    } catch (error) {
      const message = `the settings cannot be written to ${path}`
      throw new BrokerOptionError('BROKER_CHANGE_NOT_SAVED', message, { cause: error })
    }
    this.#fileText = fileText
  }
}

function changeableSetting(key: string): Setting & { readonly field: BrokerField } {
  const setting = SETTINGS.get(key)
  if (setting === undefined) {
    throw new BrokerOptionError('BROKER_OPTION_INVALID', `${key}: ${whyNot(key)}`)
  }
  const { field, isLive } = setting
  if (field !== undefined && isLive) return { ...setting, field }
  throw new BrokerOptionError('BROKER_OPTION_INVALID', `${key} is read at start only`)
}

/** An object whose fields are always those of what `current` returns. */
function liveView(current: () => BrokerConfig): BrokerConfig {
  const fields = Object.keys(current()) as (keyof BrokerConfig)[]
  const view = {}
  for (const field of fields) {
    Object.defineProperty(view, field, { enumerable: true, get: () => current()[field] })
  }
  return Object.freeze(view) as BrokerConfig
}
