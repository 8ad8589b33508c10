/** Goal: no start of shards, or without them, leaves out what a directory holds. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkSharded, checkUnsharded } from '../../../../net/cli/shards/shard-directories.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../helpers/temporary-folder.ts'

let folder: TemporaryFolder
beforeEach(() => {
  folder = temporaryFolder('shards')
})
afterEach(() => folder[Symbol.dispose]())

function makeLog(...path: string[]): void {
  const directory = join(folder.path, ...path, 'commitlog')
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, '00000000000000000000'), '')
}

test('a directory that is new, empty or missing is for all', async () => {
  for (const path of [folder.path, join(folder.path, 'missing')]) {
    await checkSharded(path, 2)
    await checkUnsharded(path)
  }
  expect(readdirSync(folder.path)).toEqual([])
})

test('the store of a broker without shards is for that alone', async () => {
  makeLog()
  await checkUnsharded(folder.path)
  await expect(checkSharded(folder.path, 1)).rejects.toMatchObject({
    code: 'SHARDS_STORE_UNSHARDED',
    message: expect.stringContaining(`${folder.path} holds the store of a broker without shards`),
  })
})

test('shards are for as many as there are, and for more', async () => {
  for (const index of [0, 1, 10]) makeLog(`shard-${index}`)
  await checkSharded(folder.path, 11)
  await checkSharded(folder.path, 12)
  await expect(checkSharded(folder.path, 1)).rejects.toMatchObject({
    code: 'SHARDS_TOO_FEW',
    message: expect.stringMatching(/holds shard-1, shard-10 as well, .* start it with --shards 11/),
  })
})

test('shards are not for a broker without them', async () => {
  for (const index of [0, 1]) makeLog(`shard-${index}`)
  await expect(checkUnsharded(folder.path)).rejects.toMatchObject({
    code: 'SHARDS_STORE_SHARDED',
    message: expect.stringContaining('start it with --shards 2'),
  })
})

test('folders of other names, and without a log, count for nothing', async () => {
  makeLog('shard-one')
  makeLog('my-shard-3')
  mkdirSync(join(folder.path, 'shard-7', 'commitlog'), { recursive: true })
  await expect(checkSharded(folder.path, 1)).resolves.toBeUndefined()
  await expect(checkUnsharded(folder.path)).resolves.toBeUndefined()
})
