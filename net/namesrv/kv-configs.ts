import { readFile } from 'node:fs/promises'
import { systemErrorCode } from '../../engine/base/errors.ts'
import { replaceFile } from '../../engine/base/replace-file.ts'
import { decodeBody, encodeBody, object, text, textMap } from '../protocol/json-shape.ts'
import { NameServerError } from './errors.ts'
import { SerialTasks } from './serial-tasks.ts'

/** The file as Java's name server writes and reads it (KVConfigSerializeWrapper). */
const KvConfigFile = object({ configTable: textMap(textMap(text)) })

type KvTable = ReadonlyMap<string, ReadonlyMap<string, string>>

/**
 * Small settings that administrators keep in the name server, by namespace and key (Java:
 * KVConfigManager). With a file, a change that was answered has been written and synced to it.
 */
export class KvConfigs {
  readonly #path: string | undefined
  #table: KvTable
  readonly #changes = new SerialTasks()

  /**
   * Reads the configs of `path`; there need not be such a file. In memory only without a path.
   * @throws {NameServerError} `NAMESRV_KV_CONFIG_UNREADABLE`
   */
  static async open(path: string | undefined): Promise<KvConfigs> {
    return new KvConfigs(path, path === undefined ? new Map() : await readTable(path))
  }

  private constructor(path: string | undefined, table: KvTable) {
    this.#path = path
    this.#table = table
  }

  get(namespace: string, key: string): string | undefined {
    return this.#table.get(namespace)?.get(key)
  }

  /** All of a namespace, undefined when nothing was ever put there. */
  namespace(namespace: string): ReadonlyMap<string, string> | undefined {
    return this.#table.get(namespace)
  }

  /** @throws {NameServerError} `NAMESRV_CHANGE_NOT_SAVED` */
  put(namespace: string, key: string, value: string): Promise<void> {
    return this.#change(namespace, (values) => values.set(key, value))
  }

  /**
   * Removes a config. A namespace stays known when its last one is gone.
   * @throws {NameServerError} `NAMESRV_CHANGE_NOT_SAVED`
   */
  remove(namespace: string, key: string): Promise<void> {
    return this.#change(namespace, (values) => values.delete(key))
  }

  /** Resolves when all changes so far are written, or have failed. */
  settled(): Promise<void> {
    return this.#changes.settled()
  }

  #change(namespace: string, apply: (values: Map<string, string>) => void): Promise<void> {
    return this.#changes.run(() => this.#applyChange(namespace, apply))
  }

  async #applyChange(
    namespace: string,
    apply: (values: Map<string, string>) => void,
  ): Promise<void> {
    const known = this.#table.get(namespace)
    const values = new Map(known)
    apply(values)
    // Nothing was removed from a namespace that nobody knows.
    if (known === undefined && values.size === 0) return
    const table = new Map(this.#table).set(namespace, values)
    if (this.#path !== undefined) await writeTable(this.#path, table)
    this.#table = table
  }
}

async function readTable(path: string): Promise<KvTable> {
  try {
    return decodeBody(KvConfigFile, await readFile(path)).configTable
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return new Map()
    const message = `the KV configs in ${path} cannot be read`
    throw new NameServerError('NAMESRV_KV_CONFIG_UNREADABLE', message, { cause: error })
  }
}

async function writeTable(path: string, table: KvTable): Promise<void> {
  const configTable = new Map([...table].map(([name, values]) => [name, new Map(values)]))
  try {
    await replaceFile(path, encodeBody(KvConfigFile, { configTable }))
  } catch (error) {
    const message = `the KV configs cannot be written to ${path}`
    throw new NameServerError('NAMESRV_CHANGE_NOT_SAVED', message, { cause: error })
  }
}
