/**
 * Goal: a file that is replaced has the old or the new contents, whole.
 * Method: a fresh folder per test; what can fail is made to fail.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { replaceFile } from '../../../engine/base/replace-file.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agena-replace-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

test('the first contents make the folder and leave no other file', async () => {
  await replaceFile(join(folder, 'a', 'b', 'file.json'), 'one')
  expect(await readdir(join(folder, 'a', 'b'))).toEqual(['file.json'])
  expect(await readFile(join(folder, 'a', 'b', 'file.json'), 'utf8')).toBe('one')
})

test('the contents before the last change are in the backup', async () => {
  const path = join(folder, 'file.json')
  for (const contents of ['one', 'two', Buffer.from('three')]) await replaceFile(path, contents)
  expect(await readFile(path, 'utf8')).toBe('three')
  expect(await readFile(`${path}.bak`, 'utf8')).toBe('two')
})

test('a temporary file that a crash left behind does not matter', async () => {
  const path = join(folder, 'file.json')
  await writeFile(`${path}.tmp`, 'half of a much longer text')
  await replaceFile(path, 'one')
  expect(await readdir(folder)).toEqual(['file.json'])
  expect(await readFile(path, 'utf8')).toBe('one')
})

test('a change that cannot be written leaves the old contents', async () => {
  const path = join(folder, 'file.json')
  await replaceFile(path, 'one')
  await mkdir(`${path}.tmp`)
  await expect(replaceFile(path, 'two')).rejects.toThrow(/EISDIR/)
  expect(await readFile(path, 'utf8')).toBe('one')
})
