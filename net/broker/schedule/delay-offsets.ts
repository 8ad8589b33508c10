/**
 * How far each delay level has been delivered, in `config/delayOffset.json`
 * (ScheduleMessageService.offsetTable).
 *
 * What the file says is never ahead of what is on the disk: offsets are saved only once the flush
 * has passed the messages that were delivered up to them. After a loss of power a message may come
 * twice, but none is taken for delivered that is gone. Java saves its offsets without looking.
 */
import { join } from 'node:path'
import type { Logger } from '../../../engine/base/logger.ts'
import { DelayOffsetTable } from '../../protocol/delay-offset.ts'
import { ConfigFile } from '../config-file.ts'
import { TableVersion } from '../table-version.ts'

export class DelayOffsets {
  readonly #file: ConfigFile<DelayOffsetTable>
  readonly #version = new TableVersion()
  /** As they are now. */
  readonly #offsets: Map<number, number>
  /** As the file may say. */
  #durable: ReadonlyMap<number, number>
  #isChanged = false

  /** @throws {ConfigFileError} `BROKER_TABLE_UNREADABLE` */
  constructor(configDirectory: string, logger: Logger) {
    this.#file = new ConfigFile({
      path: join(configDirectory, 'delayOffset.json'),
      shape: DelayOffsetTable,
      content: () => ({ dataVersion: this.#version.value, offsetTable: new Map(this.#durable) }),
      logger,
    })
    const saved = this.#file.load()
    this.#offsets = new Map(saved?.offsetTable)
    this.#durable = new Map(this.#offsets)
    this.#version.restore(saved?.dataVersion)
  }

  /** Queue offset of the next message of a level; 0 for a level that was never delivered. */
  get(level: number): number {
    return this.#offsets.get(level) ?? 0
  }

  set(level: number, offset: number): void {
    if (this.#offsets.get(level) === offset) return
    this.#offsets.set(level, offset)
    this.#isChanged = true
  }

  /** Levels that ever had a message, with the offset of the next, as code 45 carries them. */
  table(): DelayOffsetTable {
    return { dataVersion: this.#version.value, offsetTable: new Map(this.#offsets) }
  }

  /**
   * Brings all changes to the disk.
   * @param flushed resolves once all that was written before its call is on the disk itself; with
   *   false when it never will be.
   * @returns false when the table was not saved: the next call tries again.
   */
  async save(flushed: () => Promise<boolean>): Promise<boolean> {
    if (this.#isChanged) {
      this.#isChanged = false
      const offsets = new Map(this.#offsets)
      if (!(await flushed())) {
        this.#isChanged = true
        return false
      }
      this.#durable = offsets
      this.#version.next()
      this.#file.noteChange()
    }
    return this.#file.save()
  }
}
