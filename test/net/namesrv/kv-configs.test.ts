/**
 * Goal: KV configs are what was put last, in memory and in a file that Java's name server reads.
 * Method: a fresh folder per test.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { NameServerError } from '../../../net/namesrv/errors.ts'
import { KvConfigs } from '../../../net/namesrv/kv-configs.ts'

let folder = ''
let path = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agena-kv-'))
  path = join(folder, 'namesrv', 'kvConfig.json')
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

async function fileJson(): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8'))
}

test.each(['in memory', 'in a file'])('configs are put, replaced and removed %s', async (where) => {
  const configs = await KvConfigs.open(where === 'in a file' ? path : undefined)
  expect(configs.namespace('NS')).toBeUndefined()
  await configs.put('NS', 'a', '1')
  await configs.put('NS', 'a', '2')
  await configs.put('NS', 'b', '3')
  await configs.remove('NS', 'b')
  await configs.remove('NS', 'c')
  await configs.remove('OTHER', 'a')
  expect(configs.get('NS', 'a')).toBe('2')
  expect(configs.get('NS', 'b')).toBeUndefined()
  expect(configs.namespace('NS')).toEqual(new Map([['a', '2']]))
  expect(configs.namespace('OTHER')).toBeUndefined()
  await configs.remove('NS', 'a')
  expect(configs.namespace('NS')).toEqual(new Map())
})

test('the file is what KVConfigSerializeWrapper of Java reads, and is read again', async () => {
  const configs = await KvConfigs.open(path)
  await configs.put('ORDER_TOPIC_CONFIG', 'topic "ü"', 'broker-a:8')
  await configs.put('NS', '__proto__', '1')
  expect(await readFile(path, 'utf8')).toBe(
    '{"configTable":{"ORDER_TOPIC_CONFIG":{"topic \\"ü\\"":"broker-a:8"},"NS":{"__proto__":"1"}}}',
  )
  const again = await KvConfigs.open(path)
  expect(again.get('ORDER_TOPIC_CONFIG', 'topic "ü"')).toBe('broker-a:8')
  expect(again.get('NS', '__proto__')).toBe('1')
})

test('changes that are made at once all count, in their order', async () => {
  const configs = await KvConfigs.open(path)
  const keys = Array.from({ length: 20 }, (_, index) => `key-${index}`)
  await Promise.all([
    ...keys.map((key) => configs.put('NS', key, 'x')),
    ...keys.slice(1).map((key) => configs.remove('NS', key)),
    configs.put('NS', 'key-0', 'y'),
  ])
  await configs.settled()
  expect(await fileJson()).toEqual({ configTable: { NS: { 'key-0': 'y' } } })
})

test('a change that cannot be written did not happen, and the next one may', async () => {
  const configs = await KvConfigs.open(path)
  await configs.put('NS', 'a', '1')
  await mkdir(`${path}.tmp`)
  const failure = await configs.put('NS', 'a', '2').catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(NameServerError)
  expect(failure).toMatchObject({ code: 'NAMESRV_CHANGE_NOT_SAVED' })
  expect(configs.get('NS', 'a')).toBe('1')
  await rm(`${path}.tmp`, { recursive: true })
  await configs.put('NS', 'a', '3')
  expect(await fileJson()).toEqual({ configTable: { NS: { a: '3' } } })
})

test.each(['', '{"configTable":', '[]', '{"configTable":{"NS":"x"}}'])(
  'a file with %j is refused with its name',
  async (contents) => {
    await mkdir(join(folder, 'namesrv'))
    await writeFile(path, contents)
    const failure = await KvConfigs.open(path).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'NAMESRV_KV_CONFIG_UNREADABLE' })
    expect(String(failure)).toContain(path)
  },
)
