/**
 * Goal: a table survives a broken file and a full disk, and is never replaced by an empty one.
 * Method: a small table in a folder of its own, with files broken by hand.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ConfigFile } from '../../../net/broker/config-file.ts'
import { ConfigFileError } from '../../../net/broker/config-file-error.ts'
import { object, text } from '../../../net/protocol/json-shape.ts'
import { type TemporaryFolder, temporaryFolder } from '../../helpers/temporary-folder.ts'

const Table = object({ word: text })
const ONE = '{"word":"one"}'
const TWO = '{"word":"two"}'
const BROKEN = '{"word":'

let folder: TemporaryFolder
let path = ''
let log: string[]
let word = ''
let contentCount = 0

beforeEach(() => {
  folder = temporaryFolder('config-file')
  path = join(folder.path, 'config', 'table.json')
  mkdirSync(join(folder.path, 'config'))
  log = []
  word = 'new'
  contentCount = 0
})
afterEach(() => folder[Symbol.dispose]())

function openFile(): ConfigFile<{ word: string }> {
  const note = (message: string): void => void log.push(message)
  return new ConfigFile({
    path,
    shape: Table,
    content: () => {
      contentCount += 1
      return { word }
    },
    logger: { info: note, warn: note, error: note },
  })
}

function write(own: string | undefined, backup: string | undefined): void {
  if (own !== undefined) writeFileSync(path, own)
  if (backup !== undefined) writeFileSync(`${path}.bak`, backup)
}

function read(suffix = ''): string | undefined {
  return existsSync(path + suffix) ? readFileSync(path + suffix, 'utf8') : undefined
}

test('what was saved is read, and what stood there before is kept', async () => {
  write(ONE, undefined)
  const file = openFile()
  expect(file.load()).toEqual({ word: 'one' })
  file.noteChange()
  expect(await file.save()).toBe(true)
  expect(read()).toBe('{"word":"new"}')
  expect(read('.bak')).toBe(ONE)
  expect(openFile().load()).toEqual({ word: 'new' })
  expect(log).toEqual([])
})

test('where nothing was saved yet, a table begins, and its first save writes it', async () => {
  rmSync(join(folder.path, 'config'), { recursive: true })
  const file = openFile()
  expect(file.load()).toBeUndefined()
  expect(await file.save()).toBe(true)
  expect(read()).toBe('{"word":"new"}')
})

test.each([
  ['broken', BROKEN],
  ['without what it must have', '{}'],
  ['empty', ''],
  ['missing', undefined],
])('when the file is %s, its backup is read and stays until a save is whole', async (_, own) => {
  write(own, TWO)
  const file = openFile()
  expect(file.load()).toEqual({ word: 'two' })
  expect(read('.bak')).toBe(TWO)
  expect(read('.broken')).toBe(own)
  expect(log).toHaveLength(1)
  expect(await file.save()).toBe(true)
  expect([read(), read('.bak')]).toEqual(['{"word":"new"}', TWO])
})

test.each([
  ['it has no backup', BROKEN, undefined],
  ['the backup is empty', BROKEN, ''],
  ['the backup is broken too', BROKEN, BROKEN],
  ['it is missing and the backup is broken', undefined, BROKEN],
])('a broken table is an error, and nothing is touched, when %s', (_, own, backup) => {
  write(own, backup)
  const file = openFile()
  let error: unknown
  try {
    file.load()
  } catch (thrown) {
    error = thrown
  }
  expect(error).toBeInstanceOf(ConfigFileError)
  expect(error).toMatchObject({ code: 'BROKER_TABLE_UNREADABLE' })
  expect(String(error)).toContain(path)
  expect([read(), read('.bak')]).toEqual([own, backup])
})

test('without a change nothing is written', async () => {
  write(ONE, undefined)
  const file = openFile()
  file.load()
  rmSync(path)
  expect(await file.save()).toBe(true)
  expect(existsSync(path)).toBe(false)
})

test('changes of one turn are written together, so are those during a save', async () => {
  write(ONE, undefined)
  const file = openFile()
  file.load()
  file.noteChange()
  const first = file.save()
  file.noteChange()
  expect(file.save()).toBe(first)
  await new Promise((resolve) => setImmediate(resolve))
  expect(contentCount).toBe(1)
  word = 'newer'
  file.noteChange()
  const second = file.save()
  file.noteChange()
  expect(file.save()).toBe(second)
  expect(await first).toBe(true)
  expect(read()).toBe('{"word":"new"}')
  expect(await second).toBe(true)
  expect(contentCount).toBe(2)
  expect(read()).toBe('{"word":"newer"}')
})

test('a change is settled when it is on the disk, not by a save before it', async () => {
  const file = openFile()
  const before = file.noteChange()
  const first = file.save()
  await new Promise((resolve) => setImmediate(resolve))
  const during = file.noteChange()
  const second = file.save()
  expect([before, during].map((change) => file.isSettled(change))).toEqual([false, false])
  await first
  expect([before, during].map((change) => file.isSettled(change))).toEqual([true, false])
  await second
  expect(file.isSettled(during)).toBe(true)
})

test('a save that fails says so, and the next one tries again', async () => {
  rmSync(join(folder.path, 'config'), { recursive: true })
  writeFileSync(join(folder.path, 'config'), 'not a folder')
  const file = openFile()
  const change = file.noteChange()
  expect(await file.save()).toBe(false)
  expect(file.isSettled(change)).toBe(true)
  expect(log).toEqual([expect.stringContaining(`cannot save ${path}: `)])
  rmSync(join(folder.path, 'config'))
  expect(await file.save()).toBe(true)
  expect(read()).toBe('{"word":"new"}')
})
