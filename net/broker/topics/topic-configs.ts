/** The topics of this broker, in `config/topics.json` (TopicConfigManager). */
import { join } from 'node:path'
import { BytesMap } from '../../../engine/base/bytes-map.ts'
import type { Logger } from '../../../engine/base/logger.ts'
import type { DataVersion } from '../../protocol/data-version.ts'
import { type TopicConfig, TopicConfigTable } from '../../protocol/topic-config.ts'
import { ConfigFile } from '../config-file.ts'
import { TableVersion } from '../table-version.ts'
import { isInheritedPermission, PERM_INHERIT } from './permission.ts'
import { type SystemTopicOptions, systemTopics, topicConfig } from './system-topics.ts'
import { Topic } from './topic.ts'
import {
  AUTO_CREATE_TOPIC,
  deadLetterTopicOf,
  isSystemTopic,
  retryTopicOf,
  SYSTEM_TOPICS,
} from './topic-validator.ts'

/** Bits of a topic's sysFlag (TopicSysFlag). */
/** DLQ_NUMS_PER_GROUP. */
const DEAD_LETTER_QUEUE_NUMS = 1
const UNIT_FLAG = 1 << 0
const UNIT_SUB_FLAG = 1 << 1

export interface TopicForSend {
  readonly topic: string
  /** The topic whose queues and permission a new one inherits. */
  readonly defaultTopic: string
  /** How many queues the sender wishes. */
  readonly queueNums: number
  readonly remoteAddress: string
  readonly isUnit: boolean
}

export class TopicConfigs {
  readonly #file: ConfigFile<TopicConfigTable>
  readonly #options: SystemTopicOptions
  readonly #logger: Logger
  readonly #topics = new Map<string, Topic>()
  readonly #byBytes = new BytesMap<Topic>()
  readonly #version = new TableVersion()
  /** Topics that belong to RocketMQ itself, those named after cluster and broker among them. */
  readonly #systemNames = new Set<string>()
  readonly #listeners: ((topic: string) => void)[] = []
  readonly #madeListeners: ((config: TopicConfig) => void)[] = []
  /** The topic that was made last. */
  #newest: Topic | undefined

  /**
   * Reads the table and adds the system's own topics where they are missing.
   * @throws {ConfigFileError} `BROKER_TABLE_UNREADABLE`
   */
  constructor(configDirectory: string, options: SystemTopicOptions, logger: Logger) {
    this.#file = new ConfigFile({
      path: join(configDirectory, 'topics.json'),
      shape: TopicConfigTable,
      content: () => this.table(),
      logger,
    })
    this.#options = options
    this.#logger = logger
    for (const config of systemTopics(options)) {
      this.#systemNames.add(config.topicName)
      this.#set(config)
    }
    const saved = this.#file.load()
    for (const config of saved?.topicConfigTable.values() ?? []) this.#set(config)
    this.#version.restore(saved?.dataVersion)
  }

  get dataVersion(): DataVersion {
    return this.#version.value
  }

  get size(): number {
    return this.#topics.size
  }

  /** Topics that belong to RocketMQ itself here (Java: TopicValidator.getSystemTopicSet). */
  get systemNames(): string[] {
    return [...new Set([...SYSTEM_TOPICS, ...this.#systemNames])]
  }

  find(topic: string): Topic | undefined {
    return this.#topics.get(topic)
  }

  /** Finds a topic by its name's bytes. */
  findBytes(bytes: Buffer, start: number, end: number): Topic | undefined {
    return this.#byBytes.get(bytes, start, end, 0)
  }

  values(): IterableIterator<Topic> {
    return this.#topics.values()
  }

  /** Topics of RocketMQ's own, which nobody changes or deletes (TopicValidator.isSystemTopic). */
  isSystem(topic: string): boolean {
    return isSystemTopic(topic) || this.#systemNames.has(topic)
  }

  /** Adds or replaces a topic. */
  put(config: TopicConfig): Topic {
    const isNew = this.find(config.topicName) === undefined
    const topic = this.#set(config)
    const change = this.#changed(config.topicName)
    if (isNew) {
      topic.madeByChange = change
      this.#newest = topic
    }
    return topic
  }

  /**
   * Whether a topic is on the disk, or a try to bring it there has failed, which was logged: until
   * then a kill would take it back, and what was sent to it out of everyone's reach.
   */
  isSettled(topic: Topic): boolean {
    return this.#file.isSettled(topic.madeByChange)
  }

  /** Resolves when all topics that were made so far are settled. */
  async settled(): Promise<void> {
    if (this.#newest !== undefined && !this.isSettled(this.#newest)) await this.save()
  }

  remove(name: string): void {
    if (!this.#topics.delete(name)) return
    this.#byBytes.removeWhere((topic) => topic.name === name)
    this.#changed(name)
  }

  /** Marks topics whose queues name servers list as ordered (updateOrderTopicConfig). */
  markOrdered(names: Iterable<string>): void {
    for (const name of names) {
      const config = this.find(name)?.config
      if (config !== undefined && !config.order) this.put({ ...config, order: true })
    }
  }

  /** Takes all topics as changed, because what the broker lets clients do with any of them is. */
  renew(): void {
    this.#noteChange()
    for (const topic of this.#topics.keys()) this.#announce(topic)
  }

  /** Calls `listener` with the name of every topic that is added, changed or removed. */
  onChange(listener: (topic: string) => void): void {
    this.#listeners.push(listener)
  }

  /** Calls `listener` with every topic that is made for its first message. */
  onMade(listener: (config: TopicConfig) => void): void {
    this.#madeListeners.push(listener)
  }

  /**
   * Makes a topic for its first message, from the topic that the sender names as its default
   * (createTopicInSendMessageMethod).
   * @returns undefined when that topic is missing or does not hand its permission on.
   */
  createForSend(request: TopicForSend): Topic | undefined {
    const { topic, defaultTopic, queueNums } = request
    const parent = this.find(defaultTopic)
    const isOff = defaultTopic === AUTO_CREATE_TOPIC && !this.#options.autoCreateTopicEnable
    if (parent === undefined || isOff || !isInheritedPermission(parent.config.perm))
      return undefined
    const count = Math.max(0, Math.min(queueNums, parent.config.writeQueueNums))
    this.#logger.info(
      `topic ${topic} with ${count} queues is made from ${defaultTopic} ` +
        `for ${request.remoteAddress}`,
    )
    const made = this.put({
      ...topicConfig(topic, count, parent.config.perm & ~PERM_INHERIT),
      topicFilterType: parent.config.topicFilterType,
      topicSysFlag: request.isUnit ? UNIT_FLAG : 0,
    })
    for (const listener of this.#madeListeners) listener(made.config)
    return made
  }

  /** The topic of a group's retries, made if it is missing (createTopicInSendMessageBackMethod). */
  createRetryTopic(group: string, queueNums: number, isUnit = false): Topic {
    const name = retryTopicOf(group)
    const topicSysFlag = isUnit ? UNIT_SUB_FLAG : 0
    return this.find(name) ?? this.put({ ...topicConfig(name, queueNums), topicSysFlag })
  }

  /** The topic of a group's dead letters, made if it is missing. */
  createDeadLetterTopic(group: string): Topic {
    const name = deadLetterTopicOf(group)
    return this.find(name) ?? this.put(topicConfig(name, DEAD_LETTER_QUEUE_NUMS))
  }

  /**
   * Brings all changes to the disk. @returns false when that failed, see {@link ConfigFile.save}
   */
  save(): Promise<boolean> {
    return this.#file.save()
  }

  /** The table as codes 21 and 103 carry it. */
  table(): TopicConfigTable {
    const configs = [...this.#topics.values()].map(({ name, config }) => [name, config] as const)
    return { dataVersion: this.#version.value, topicConfigTable: new Map(configs) }
  }

  #set(config: TopicConfig): Topic {
    let topic = this.#topics.get(config.topicName)
    if (topic === undefined) {
      topic = new Topic(config)
      this.#topics.set(topic.name, topic)
      this.#byBytes.set(topic.nameBytes, 0, topic.nameBytes.length, 0, topic)
    } else {
      topic.config = config
    }
    return topic
  }

  #changed(topic: string): number {
    const change = this.#noteChange()
    this.#announce(topic)
    return change
  }

  #noteChange(): number {
    this.#version.next()
    const change = this.#file.noteChange()
    void this.save()
    return change
  }

  #announce(topic: string): void {
    for (const listener of this.#listeners) listener(topic)
  }
}
