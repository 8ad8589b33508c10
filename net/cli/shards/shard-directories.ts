/** Where the stores of shards lie, and which directories cannot be theirs. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { systemErrorCode } from '../../../engine/base/errors.ts'
import { storeLayout } from '../../../engine/file/store-layout.ts'
import { ShardError } from './errors.ts'

const SHARD_DIRECTORY = /^shard-(?<index>\d+)$/

/** The store of one shard. */
export function shardDirectory(dataDirectory: string, index: number): string {
  return join(dataDirectory, `shard-${index}`)
}

/**
 * Looks whether `count` shards can have `dataDirectory` without leaving out what it holds. Nothing
 * is written.
 * @throws {ShardError} `SHARDS_STORE_UNSHARDED`, `SHARDS_TOO_FEW`
 */
export async function checkSharded(dataDirectory: string, count: number): Promise<void> {
  if (await holdsLog(dataDirectory)) {
    const message =
      `${dataDirectory} holds the store of a broker without shards: start it without --shards, ` +
      'or give the shards another directory'
    throw new ShardError('SHARDS_STORE_UNSHARDED', message)
  }
  const left = (await shardsWithData(dataDirectory)).filter((index) => index >= count)
  if (left.length === 0) return
  const names = left.map((index) => `shard-${index}`).join(', ')
  const needed = Math.max(...left) + 1
  const message =
    `${dataDirectory} holds ${names} as well, whose messages --shards ${count} would leave out ` +
    `of reach: start it with --shards ${needed}`
  throw new ShardError('SHARDS_TOO_FEW', message)
}

/**
 * Looks whether a broker without shards can have `dataDirectory`.
 * @throws {ShardError} `SHARDS_STORE_SHARDED`
 */
export async function checkUnsharded(dataDirectory: string): Promise<void> {
  const shards = await shardsWithData(dataDirectory)
  if (shards.length === 0) return
  const message =
    `${dataDirectory} holds the stores of shards: start it with --shards ` +
    `${Math.max(...shards) + 1}, or give the broker another directory`
  throw new ShardError('SHARDS_STORE_SHARDED', message)
}

/** The numbers of all shards that have a log, in order. */
async function shardsWithData(dataDirectory: string): Promise<number[]> {
  const found: number[] = []
  for (const name of await entriesOf(dataDirectory)) {
    const index = SHARD_DIRECTORY.exec(name)?.groups?.['index']
    if (index !== undefined && (await holdsLog(join(dataDirectory, name)))) {
      found.push(Number(index))
    }
  }
  return found.sort((left, right) => left - right)
}

async function holdsLog(storeDirectory: string): Promise<boolean> {
  return (await entriesOf(storeLayout(storeDirectory).commitLog)).length > 0
}

/** Nothing for a directory that is none or cannot be read: the store's own opening names that. */
async function entriesOf(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return []
  }
}
