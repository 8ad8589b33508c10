/**
 * Goal: settings come by our names and by Java's, and change as a whole or not at all.
 * Method: options, properties text and requests' maps.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { silentLogger } from '../../../engine/base/logger.ts'
import {
  NAME_SERVER_DEFAULTS,
  parseNameServerOptions,
} from '../../../net/namesrv/name-server-options.ts'
import {
  NameServerSettings,
  readNameServerProperties,
} from '../../../net/namesrv/name-server-settings.ts'
import { parseJavaProperties } from '../../../net/protocol/java-properties.ts'

const SOURCE = new URL('../../../../net/namesrv/name-server-options.ts', import.meta.url)

test('each option says the default that it has', async () => {
  const source = await readFile(SOURCE, 'utf8')
  const documented = new Map<string, string>()
  const option = /@default ([^\n:*]*[^\s:*]).*\n(?:[^\n]*\*\/\n)?\s*readonly (\w+)\?:/g
  for (const [, text = '', name = ''] of source.matchAll(option)) documented.set(name, text)
  const expected = Object.entries(NAME_SERVER_DEFAULTS).map(([name, value]) => [
    name,
    asDocumented(value),
  ])
  expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(expected))
})

function asDocumented(value: unknown): string {
  if (Array.isArray(value)) return value.join(', ')
  if (typeof value === 'string') return value
  if (value === undefined) return 'none'
  if (typeof value === 'function') return 'the registered address'
  return value === silentLogger ? 'silent' : JSON.stringify(value)
}

test('what is undefined keeps its default', () => {
  expect(parseNameServerOptions({ port: undefined, kvConfigPath: undefined })).toEqual(
    NAME_SERVER_DEFAULTS,
  )
})

test.each([
  [{ port: 65_536 }],
  [{ port: 1.5 }],
  [{ host: '' }],
  [{ idleMs: 0 }],
  [{ scanIntervalMs: -1 }],
  [{ supportActingMaster: 'yes' }],
  [{ configBlackList: 'a;b' }],
  [{ nobody: 1 }],
])('options %j are refused', (options) => {
  expect(() => parseNameServerOptions(options as object)).toThrow(
    expect.objectContaining({ code: 'NAMESRV_OPTION_INVALID' }),
  )
})

test("a properties file of Java's name server is read by Java's names and units", () => {
  const text = [
    'rocketmqHome=/opt/rocketmq',
    'listenPort = 9877',
    'serverChannelMaxIdleTimeSeconds=60',
    'waitSecondsForService=5',
    'needWaitForService=TRUE',
    'kvConfigPath=/data/kvConfig.json',
    'configBlackList=listenPort;bindAddress',
    'listenprot=1',
  ].join('\n')
  const { options, ignored } = readNameServerProperties(parseJavaProperties(text))
  expect(options).toEqual({
    port: 9877,
    idleMs: 60_000,
    waitForServiceMs: 5_000,
    needWaitForService: true,
    kvConfigPath: '/data/kvConfig.json',
    configBlackList: ['listenPort', 'bindAddress'],
  })
  expect(ignored.map(({ key, line, isKnown }) => [key, line, isKnown])).toEqual([
    ['rocketmqHome', 1, true],
    ['listenprot', 8, false],
  ])
  expect(parseNameServerOptions(options).port).toBe(9877)
})

test.each(['listenPort=x', 'listenPort=70000', 'enableTopicList=yes', 'waitSecondsForService=0'])(
  '%s is refused with its line',
  (text) => {
    const properties = parseJavaProperties(`bindAddress=127.0.0.1\n${text}`)
    expect(() => readNameServerProperties(properties)).toThrow(/^line 2: /)
  },
)

test('settings are listed as Java lists them', () => {
  const settings = new NameServerSettings(parseNameServerOptions({ port: 1, kvConfigPath: '/k' }))
  expect(settings.format().split('\n')).toEqual([
    'bindAddress=127.0.0.1',
    'configBlackList=configBlackList;configStorePath;kvConfigPath',
    'deleteTopicWithBrokerRegistration=false',
    'enableAllTopicList=true',
    'enableTopicList=true',
    'kvConfigPath=/k',
    'listenPort=1',
    'needWaitForService=false',
    'notifyMinBrokerIdChanged=false',
    'orderMessageEnable=false',
    'returnOrderTopicConfigToBroker=true',
    'scanNotActiveBrokerInterval=5000',
    'serverChannelMaxIdleTimeSeconds=120',
    'supportActingMaster=false',
    'waitSecondsForService=45',
    '',
  ])
})

test('a change by request counts at once', async () => {
  const settings = new NameServerSettings(NAME_SERVER_DEFAULTS)
  await settings.update(
    new Map([
      ['supportActingMaster', 'true'],
      ['scanNotActiveBrokerInterval', '1000'],
    ]),
  )
  expect(settings.current).toMatchObject({ supportActingMaster: true, scanIntervalMs: 1_000 })
})

test.each([
  ['listenPort', '1', 'NAMESRV_OPTION_INVALID'],
  ['clusterTest', 'true', 'NAMESRV_OPTION_INVALID'],
  ['nobody', '1', 'NAMESRV_OPTION_INVALID'],
  ['enableTopicList', 'maybe', 'NAMESRV_OPTION_INVALID'],
  ['kvConfigPath', '/elsewhere', 'NAMESRV_OPTION_PROTECTED'],
  ['configBlackList', '', 'NAMESRV_OPTION_PROTECTED'],
  ['rocketmqHome', '/', 'NAMESRV_OPTION_PROTECTED'],
  ['enableAllTopicList', 'false', 'NAMESRV_OPTION_PROTECTED'],
])('a change of %s to %j is refused and takes nothing over', async (key, text, code) => {
  const settings = new NameServerSettings(
    parseNameServerOptions({ configBlackList: ['enableAllTopicList'] }),
  )
  const before = settings.current
  const change = settings.update(
    new Map([
      ['supportActingMaster', 'true'],
      [key, text],
    ]),
  )
  await expect(change).rejects.toMatchObject({ code })
  expect(settings.current).toBe(before)
})

test('changed settings are written to their file, and come back from it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'agena-settings-'))
  try {
    const configStorePath = join(folder, 'namesrv.properties')
    const settings = new NameServerSettings(parseNameServerOptions({ configStorePath }))
    await settings.update(new Map([['orderMessageEnable', 'true']]))
    const properties = parseJavaProperties(await readFile(configStorePath, 'latin1'))
    const { options, ignored } = readNameServerProperties(properties)
    expect(parseNameServerOptions(options)).toEqual(settings.current)
    expect(ignored).toEqual([])
  } finally {
    await rm(folder, { recursive: true })
  }
})
