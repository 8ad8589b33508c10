/**
 * How groups get the messages of a topic, in `config/messageRequestMode.json`
 * (MessageRequestModeManager).
 */
import { join } from 'node:path'
import type { Logger } from '../../../engine/base/logger.ts'
import { type MessageRequestMode, MessageRequestModeTable } from '../../protocol/assignment.ts'
import { ConfigFile } from '../config-file.ts'

export class MessageRequestModes {
  readonly #file: ConfigFile<MessageRequestModeTable>
  /** By topic, then by group. */
  readonly #modes: MessageRequestModeTable['messageRequestModeMap']

  /** @throws {ConfigFileError} `BROKER_TABLE_UNREADABLE` */
  constructor(configDirectory: string, logger: Logger) {
    this.#file = new ConfigFile({
      path: join(configDirectory, 'messageRequestMode.json'),
      shape: MessageRequestModeTable,
      content: () => this.table(),
      logger,
    })
    this.#modes = this.#file.load()?.messageRequestModeMap ?? new Map()
  }

  put(mode: MessageRequestMode): void {
    const groups = this.#modes.get(mode.topic) ?? new Map<string, MessageRequestMode>()
    this.#modes.set(mode.topic, groups.set(mode.consumerGroup, mode))
    this.#file.noteChange()
  }

  /** @returns false when the changes could not be brought to the disk */
  save(): Promise<boolean> {
    return this.#file.save()
  }

  /** The table as code 402 carries it. */
  table(): MessageRequestModeTable {
    return { messageRequestModeMap: this.#modes }
  }
}
