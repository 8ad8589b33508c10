/**
 * The filters by properties that consumer groups subscribed with, each compiled once, kept in
 * `config/consumerFilter.json` (ConsumerFilterManager).
 */
import { join } from 'node:path'
import { describeError } from '../../../engine/base/errors.ts'
import type { Logger } from '../../../engine/base/logger.ts'
import type { MessageFilter } from '../../../engine/store/message-filter.ts'
import type { SubscriptionData } from '../../protocol/heartbeat.ts'
import { ConfigFile } from '../config-file.ts'
import { bloomBits } from './bloom-bits.ts'
import { type ConsumerFilterData, ConsumerFilterTable } from './consumer-filter-table.ts'
import { compileExpression, isTagType } from './filter-expression.ts'
import { PropertyFilter } from './property-filter.ts'

/** How long a filter is kept whose group is gone (Java: filterDataCleanTimeSpan). */
const KEPT_MS = 24 * 3600 * 1000
/** When the consumers of a store that is opened were last there, at the earliest. */
const GONE_BEFORE_LOAD_MS = 30 * 1000

/** One group's filter on one topic. */
export interface ConsumerFilter {
  readonly data: ConsumerFilterData
  readonly filter: MessageFilter
}

export class ConsumerFilters {
  readonly #file: ConfigFile<ConsumerFilterTable>
  readonly #logger: Logger
  readonly #now: () => number
  /** By topic, then by group. */
  readonly #filters = new Map<string, Map<string, ConsumerFilter>>()
  /** Why there is no filter for a subscription of now. */
  readonly #flaws = new WeakMap<SubscriptionData, string>()

  /**
   * @param now time in ms of the epoch
   * @throws {ConfigFileError} `BROKER_TABLE_UNREADABLE`
   */
  constructor(configDirectory: string, logger: Logger, now: () => number = Date.now) {
    this.#file = new ConfigFile({
      path: join(configDirectory, 'consumerFilter.json'),
      shape: ConsumerFilterTable,
      content: () => this.table(),
      logger,
    })
    this.#logger = logger
    this.#now = now
    for (const { groupFilterData } of this.#file.load()?.filterDataByTopic.values() ?? []) {
      for (const data of groupFilterData.values()) this.#restore(data)
    }
  }

  get(topic: string, group: string): ConsumerFilter | undefined {
    return this.#filters.get(topic)?.get(group)
  }

  /** Why a subscription's expression was refused, if it was. */
  flawOf(subscription: SubscriptionData): string | undefined {
    return this.#flaws.get(subscription)
  }

  /**
   * Takes all subscriptions of a group; what it no longer subscribes to is dead. Those that are
   * known are the same objects each time.
   */
  register(group: string, subscriptions: Iterable<SubscriptionData>): void {
    const topics = new Set<string>()
    for (const subscription of subscriptions) {
      topics.add(subscription.topic)
      this.#registerOne(group, subscription)
    }
    for (const [topic, filters] of this.#filters) {
      if (!topics.has(topic)) this.#end(filters, group)
    }
  }

  /** Nobody of the group is connected any longer. */
  unregister(group: string): void {
    for (const filters of this.#filters.values()) this.#end(filters, group)
  }

  /**
   * Brings all changes to the disk. @returns false when that failed, see {@link ConfigFile.save}
   */
  save(): Promise<boolean> {
    this.#clean()
    return this.#file.save()
  }

  table(): ConsumerFilterTable {
    const filterDataByTopic: ConsumerFilterTable['filterDataByTopic'] = new Map()
    for (const [topic, filters] of this.#filters) {
      const groupFilterData = new Map([...filters].map(([group, { data }]) => [group, data]))
      filterDataByTopic.set(topic, { groupFilterData, topic })
    }
    return { filterDataByTopic }
  }

  #registerOne(group: string, subscription: SubscriptionData): void {
    const { topic, expressionType, subString, subVersion } = subscription
    if (isTagType(expressionType) || subString === '') return
    if (this.#flaws.has(subscription)) return
    const old = this.get(topic, group)
    if (old !== undefined && subVersion <= old.data.clientVersion) {
      if (subVersion === old.data.clientVersion) this.#put({ ...old, data: alive(old.data) })
      return
    }
    if (old?.data.expression === subString && old.data.expressionType === expressionType) {
      this.#put({ ...old, data: { ...alive(old.data), clientVersion: subVersion } })
      return
    }
    this.#replace(group, subscription)
  }

  #replace(group: string, subscription: SubscriptionData): void {
    const { topic, expressionType, subString, subVersion } = subscription
    const filter = this.#compile(group, subscription)
    if (filter === undefined) {
      // Its pulls are told so: an old filter must not answer for a new expression.
      if (this.#filters.get(topic)?.delete(group) === true) this.#file.noteChange()
      return
    }
    const data = {
      bloomFilterData: bloomBits(group, topic),
      bornTime: this.#now(),
      clientVersion: subVersion,
      consumerGroup: group,
      dead: false,
      deadTime: 0,
      expression: subString,
      expressionType,
      topic,
    }
    this.#put({ data, filter })
  }

  #compile(group: string, subscription: SubscriptionData): MessageFilter | undefined {
    const { topic, expressionType, subString } = subscription
    try {
      const filter = compileExpression(expressionType, subString)
      const { ignoredColumn } = filter
      if (ignoredColumn !== undefined) {
        const what = `the filter has no effect from column ${ignoredColumn} on, as in RocketMQ`
        this.#logger.warn(`group ${group}, topic ${topic}: ${what}`)
      }
      return new PropertyFilter(filter)
    } catch (error) {
      const flaw = describeError(error)
      this.#flaws.set(subscription, flaw)
      this.#logger.warn(`group ${group}, topic ${topic}: ${flaw}`)
      return undefined
    }
  }

  #put(entry: ConsumerFilter): void {
    const { topic, consumerGroup } = entry.data
    let filters = this.#filters.get(topic)
    if (filters === undefined) {
      filters = new Map()
      this.#filters.set(topic, filters)
    }
    if (filters.get(consumerGroup)?.data === entry.data) return
    filters.set(consumerGroup, entry)
    this.#file.noteChange()
  }

  #end(filters: ReadonlyMap<string, ConsumerFilter>, group: string): void {
    const entry = filters.get(group)
    if (entry === undefined || entry.data.dead) return
    this.#put({ ...entry, data: { ...entry.data, dead: true, deadTime: this.#now() } })
  }

  /** All consumers are taken for gone until they are heard of again. */
  #restore(saved: ConsumerFilterData): void {
    const { topic, consumerGroup, expression, expressionType, bornTime } = saved
    const goneAt = Math.max(bornTime, this.#now() - GONE_BEFORE_LOAD_MS)
    const deadTime = saved.deadTime === 0 ? goneAt : saved.deadTime
    const bloomFilterData = bloomBits(consumerGroup, topic)
    try {
      const filter = new PropertyFilter(compileExpression(expressionType, expression))
      this.#put({ data: { ...saved, bloomFilterData, dead: true, deadTime }, filter })
    } catch (error) {
      const what = `the saved filter of group ${consumerGroup} on ${topic} is dropped`
      this.#logger.warn(`${what}: ${describeError(error)}`)
      this.#file.noteChange()
    }
  }

  #clean(): void {
    const beforeMs = this.#now() - KEPT_MS
    for (const [topic, filters] of this.#filters) {
      for (const [group, { data }] of filters) {
        if (!data.dead || data.deadTime > beforeMs) continue
        filters.delete(group)
        this.#file.noteChange()
      }
      if (filters.size === 0) this.#filters.delete(topic)
    }
  }
}

function alive(data: ConsumerFilterData): ConsumerFilterData {
  return data.dead ? { ...data, dead: false, deadTime: 0 } : data
}
