/**
 * The consumer groups of this broker, in `config/subscriptionGroup.json`
 * (SubscriptionGroupManager).
 */
import { join } from 'node:path'
import type { Logger } from '../../../engine/base/logger.ts'
import type { DataVersion } from '../../protocol/data-version.ts'
import {
  defaultSubscriptionGroup,
  type SubscriptionGroupConfig,
  SubscriptionGroupTable,
} from '../../protocol/subscription-group.ts'
import { ConfigFile } from '../config-file.ts'
import { TableVersion } from '../table-version.ts'
import { PERM_READ } from '../topics/permission.ts'
import { flawOfGroupName } from '../topics/topic-validator.ts'

/** Groups that every broker has (SubscriptionGroupManager.init). */
const SYSTEM_GROUPS = [
  'TOOLS_CONSUMER',
  'FILTERSRV_CONSUMER',
  'SELF_TEST_C_GROUP',
  'CID_ONS-HTTP-PROXY',
  'CID_ONSAPI_PULL',
  'CID_ONSAPI_PERMISSION',
  'CID_ONSAPI_OWNER',
  'CID_RMQ_SYS_TRANS',
]
const SYSTEM_GROUP_PREFIX = 'CID_RMQ_SYS_'

/** Groups that belong to RocketMQ itself (MixAll.isSysConsumerGroup). */
export function isSystemGroup(group: string): boolean {
  return group.startsWith(SYSTEM_GROUP_PREFIX)
}

export class SubscriptionGroups {
  readonly #file: ConfigFile<SubscriptionGroupTable>
  readonly #mayCreate: () => boolean
  readonly #logger: Logger
  readonly #groups = new Map<string, SubscriptionGroupConfig>()
  readonly #version = new TableVersion()
  #forbidden: SubscriptionGroupTable['forbiddenTable'] = new Map()

  /**
   * @param mayCreate whether a group is made when it is first asked for.
   * @throws {ConfigFileError} `BROKER_TABLE_UNREADABLE`
   */
  constructor(configDirectory: string, mayCreate: () => boolean, logger: Logger) {
    this.#file = new ConfigFile({
      path: join(configDirectory, 'subscriptionGroup.json'),
      shape: SubscriptionGroupTable,
      content: () => this.table(),
      logger,
    })
    this.#mayCreate = mayCreate
    this.#logger = logger
    for (const group of SYSTEM_GROUPS) this.#groups.set(group, defaultSubscriptionGroup(group))
    const saved = this.#file.load()
    for (const [name, config] of saved?.subscriptionGroupTable ?? []) this.#groups.set(name, config)
    this.#forbidden = saved?.forbiddenTable ?? this.#forbidden
    this.#version.restore(saved?.dataVersion)
  }

  get dataVersion(): DataVersion {
    return this.#version.value
  }

  get size(): number {
    return this.#groups.size
  }

  values(): IterableIterator<SubscriptionGroupConfig> {
    return this.#groups.values()
  }

  /** A group's settings, if it is known. */
  get(group: string): SubscriptionGroupConfig | undefined {
    return this.#groups.get(group)
  }

  /**
   * A group's settings. One that is not known yet is made with RocketMQ's defaults, where
   * `autoCreateSubscriptionGroup` allows it or it is one of the system's own, and its name may be
   * a group's.
   */
  find(group: string): SubscriptionGroupConfig | undefined {
    const known = this.#groups.get(group)
    if (known !== undefined) return known
    if (!this.#mayCreate() && !isSystemGroup(group)) return undefined
    if (flawOfGroupName(group) !== undefined) return undefined
    this.#logger.info(`group ${group} is made with the defaults`)
    const config = defaultSubscriptionGroup(group)
    this.put(config)
    return config
  }

  /** Whether a group may read a topic (SubscriptionGroupManager.getForbidden). */
  mayRead(group: string, topic: string): boolean {
    return ((this.#forbidden.get(group)?.get(topic) ?? 0) & PERM_READ) === 0
  }

  /** Lets a group read a topic or not, whatever else both may (updateForbidden). */
  permitRead(group: string, topic: string, isPermitted: boolean): void {
    if (this.mayRead(group, topic) === isPermitted) return
    const topics = this.#forbidden.get(group) ?? new Map<string, number>()
    const forbidden = (topics.get(topic) ?? 0) ^ PERM_READ
    if (forbidden === 0) topics.delete(topic)
    else topics.set(topic, forbidden)
    if (topics.size === 0) this.#forbidden.delete(group)
    else this.#forbidden.set(group, topics)
    this.#changed()
  }

  put(config: SubscriptionGroupConfig): void {
    this.#groups.set(config.groupName, config)
    this.#changed()
  }

  /** @returns false when there is no such group. */
  remove(group: string): boolean {
    if (!this.#groups.delete(group)) return false
    this.#forbidden.delete(group)
    this.#changed()
    return true
  }

  /**
   * Brings all changes to the disk. @returns false when that failed, see {@link ConfigFile.save}
   */
  save(): Promise<boolean> {
    return this.#file.save()
  }

  /** The table as code 201 carries it. */
  table(): SubscriptionGroupTable {
    return {
      dataVersion: this.#version.value,
      forbiddenTable: this.#forbidden,
      subscriptionGroupTable: this.#groups,
    }
  }

  #changed(): void {
    this.#version.next()
    this.#file.noteChange()
    void this.save()
  }
}
