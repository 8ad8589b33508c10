/**
 * How far each group has read each queue, in `config/consumerOffset.json` (ConsumerOffsetManager).
 */
import { join } from 'node:path'
import type { Logger } from '../../../engine/base/logger.ts'
import { ConsumerOffsetTable } from '../../protocol/consumer-offset.ts'
import { ConfigFile } from '../config-file.ts'
import { TableVersion } from '../table-version.ts'

/** Stands between topic and group in the table's keys; neither may hold it. */
const SEPARATOR = '@'
/** The answer for a queue that a group has never committed. */
export const OFFSET_UNKNOWN = -1

export class ConsumerOffsets {
  readonly #file: ConfigFile<ConsumerOffsetTable>
  readonly #logger: Logger
  /** `topic@group` → queue id → offset. */
  readonly #offsets: Map<string, Map<number, number>>
  /** The same of what was reset and its consumers have not heard of yet. */
  readonly #resets = new Map<string, Map<number, number>>()
  readonly #version = new TableVersion()
  /** Something has changed since the last version. */
  #isChanged = false

  /** @throws {ConfigFileError} `BROKER_TABLE_UNREADABLE` */
  constructor(configDirectory: string, logger: Logger) {
    this.#file = new ConfigFile({
      path: join(configDirectory, 'consumerOffset.json'),
      shape: ConsumerOffsetTable,
      content: () => this.table(),
      logger,
    })
    this.#logger = logger
    const saved = this.#file.load()
    this.#offsets = saved?.offsetTable ?? new Map()
    this.#version.restore(saved?.dataVersion)
  }

  /** The next offset that the group wants, or {@link OFFSET_UNKNOWN}. */
  get(group: string, topic: string, queueId: number): number {
    return this.#offsets.get(topic + SEPARATOR + group)?.get(queueId) ?? OFFSET_UNKNOWN
  }

  /** Takes note of how far a group has read, unless it is to begin elsewhere: {@link reset}. */
  commit(
    group: string,
    topic: string,
    queueId: number,
    offset: number,
    clientAddress: string,
  ): void {
    if (this.isReset(group, topic, queueId)) return
    const queues = queuesOf(this.#offsets, topic + SEPARATOR + group)
    const before = queues.get(queueId)
    if (before === offset) return
    if (before !== undefined && offset < before) {
      this.#logger.warn(
        `${clientAddress} moves group ${group} back on ${topic} queue ${queueId}: ` +
          `${before} to ${offset}`,
      )
    }
    queues.set(queueId, offset)
    this.#isChanged = true
  }

  /**
   * Makes a group go on elsewhere. What its consumers commit does not count until one of them has
   * been told by {@link takeReset} (assignResetOffset).
   */
  reset(group: string, topic: string, queueId: number, offset: number): void {
    const key = topic + SEPARATOR + group
    queuesOf(this.#resets, key).set(queueId, offset)
    queuesOf(this.#offsets, key).set(queueId, offset)
    this.#isChanged = true
  }

  isReset(group: string, topic: string, queueId: number): boolean {
    if (this.#resets.size === 0) return false
    return this.#resets.get(topic + SEPARATOR + group)?.has(queueId) === true
  }

  /** Where the queue's consumer has to go on, handed out once (queryThenEraseResetOffset). */
  takeReset(group: string, topic: string, queueId: number): number | undefined {
    if (this.#resets.size === 0) return undefined
    const key = topic + SEPARATOR + group
    const queues = this.#resets.get(key)
    const offset = queues?.get(queueId)
    if (queues === undefined || offset === undefined) return undefined
    queues.delete(queueId)
    if (queues.size === 0) this.#resets.delete(key)
    return offset
  }

  /** Gives one group the offsets of another in all queues of a topic (cloneOffset). */
  clone(sourceGroup: string, targetGroup: string, topic: string): void {
    const queues = this.#offsets.get(topic + SEPARATOR + sourceGroup)
    if (queues === undefined) return
    this.#offsets.set(topic + SEPARATOR + targetGroup, new Map(queues))
    this.#isChanged = true
  }

  /** Queue ids and offsets that the group has committed. */
  queuesOf(group: string, topic: string): ReadonlyMap<number, number> {
    return this.#offsets.get(topic + SEPARATOR + group) ?? new Map<number, number>()
  }

  /** Topics of which the group has read something. */
  topicsOf(group: string): string[] {
    return this.#partners(group, 1, 0)
  }

  /** Groups that have read something of the topic. */
  groupsOf(topic: string): string[] {
    return this.#partners(topic, 0, 1)
  }

  removeTopic(topic: string): void {
    this.#removeWhere((key) => key.startsWith(topic + SEPARATOR))
  }

  removeGroup(group: string): void {
    this.#removeWhere((key) => key.endsWith(SEPARATOR + group))
  }

  /** A group may not stand behind the end of a queue: what it read there was lost in a crash. */
  clamp(endOf: (topic: string, queueId: number) => number): void {
    for (const [key, queues] of this.#offsets) {
      const topic = key.slice(0, key.indexOf(SEPARATOR))
      for (const [queueId, offset] of queues) {
        const end = endOf(topic, queueId)
        if (offset <= end) continue
        this.#logger.warn(`${key} queue ${queueId} goes back from ${offset} to the end at ${end}`)
        queues.set(queueId, end)
        this.#isChanged = true
      }
    }
  }

  /**
   * Brings all changes to the disk. @returns false when that failed, see {@link ConfigFile.save}
   */
  save(): Promise<boolean> {
    if (this.#isChanged) {
      this.#isChanged = false
      this.#version.next()
      this.#file.noteChange()
    }
    return this.#file.save()
  }

  /** The table as code 43 carries it. */
  table(): ConsumerOffsetTable {
    return { dataVersion: this.#version.value, offsetTable: this.#offsets }
  }

  #partners(name: string, own: 0 | 1, other: 0 | 1): string[] {
    const partners: string[] = []
    for (const key of this.#offsets.keys()) {
      const parts = key.split(SEPARATOR)
      const partner = parts[other]
      if (parts[own] === name && partner !== undefined) partners.push(partner)
    }
    return partners
  }

  #removeWhere(matches: (key: string) => boolean): void {
    for (const key of [...this.#offsets.keys()]) {
      if (!matches(key)) continue
      this.#offsets.delete(key)
      this.#resets.delete(key)
      this.#isChanged = true
    }
  }
}

/** The queues of `topic@group`, made if they are missing. */
function queuesOf(table: Map<string, Map<number, number>>, key: string): Map<number, number> {
  let queues = table.get(key)
  if (queues === undefined) {
    queues = new Map()
    table.set(key, queues)
  }
  return queues
}
