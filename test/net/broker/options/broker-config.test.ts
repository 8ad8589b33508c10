/**
 * Goal: settings come by our names and by Java's, each bad one is named with its place, and what
 * has no effect is said.
 * Method: options, properties text and overrides.
 */
import { readFile } from 'node:fs/promises'
import { homedir, hostname } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseStoreOptions } from '../../../../engine/store/store-options.ts'
import type { BrokerConfigSources } from '../../../../net/broker/options/broker-config.ts'
import { parseBrokerConfig, settingsOf } from '../../../../net/broker/options/broker-config.ts'
import { BROKER_DEFAULTS } from '../../../../net/broker/options/broker-options.ts'
import { JAVA_KEYS } from '../../../../net/broker/options/java-keys.ts'
import { reachableAddress } from '../../../../net/broker/options/local-address.ts'
import { OWN_KEYS, SETTINGS } from '../../../../net/broker/options/settings-table.ts'
import { parseJavaProperties } from '../../../../net/protocol/java-properties.ts'

const SOURCE = new URL('../../../../../net/broker/options/broker-options.ts', import.meta.url)

function parseText(text: string, more: BrokerConfigSources = {}) {
  return parseBrokerConfig({
    file: { path: 'broker.conf', properties: parseJavaProperties(text) },
    ...more,
  })
}

test('each option says the default that it has', async () => {
  const source = await readFile(SOURCE, 'utf8')
  const documented: Record<string, string> = {}
  const option = /@default ([^\n*]*[^\s*]).*\n(?:[^\n]*\*\/\n)?\s*readonly (\w+)\?:/g
  for (const [, text = '', name = ''] of source.matchAll(option)) documented[name] = text
  const derived = {
    brokerName: "the host's name, DEFAULT_BROKER where it has none",
    brokerIP1: "`listenHost`; where that is every address, the first that is not a loopback's",
    brokerIP2: 'as of `brokerIP1`',
    storeDirectory: "`store` in the user's home",
  }
  const constant = Object.entries(BROKER_DEFAULTS).map(([name, value]) => [
    name,
    JSON.stringify(value).replaceAll('"', "'").replaceAll(',', ', '),
  ])
  expect(documented).toEqual({ ...Object.fromEntries(constant), ...derived })
})

test('nothing said gives what Java has, on loopback', () => {
  const { config, warnings } = parseBrokerConfig()
  expect(warnings).toEqual([])
  expect(config).toEqual({
    ...BROKER_DEFAULTS,
    brokerName: hostname(),
    brokerIP1: '127.0.0.1',
    brokerIP2: '127.0.0.1',
    haListenPort: 10_912,
    storeDirectory: join(homedir(), 'store'),
    isBrokerIP1Auto: false,
  })
  expect([config, config.store, config.namesrvAddresses].every(Object.isFrozen)).toBe(true)
})

test("a file of Java's broker is read by its own names and units", () => {
  const { config, warnings } = parseText(`
    brokerClusterName = DefaultCluster
    brokerName = broker-b
    brokerId = 0
    brokerRole = ASYNC_MASTER
    flushDiskType = SYNC_FLUSH
    namesrvAddr = 192.0.2.1:9876; [2001:db8::1]:9876;
    brokerIP1 = [2001:db8::7]
    bindAddress = 0.0.0.0
    listenPort = 20911
    storePathRootDir = /data/my store
    mappedFileSizeCommitLog = 1048576
    messageDelayLevel = 1s 2m 3h
    messageIndexEnable = FALSE
    serverChannelMaxIdleTimeSeconds = 60
    autoCreateTopicEnable=false
  `)
  expect(warnings).toEqual([])
  expect(config).toMatchObject({
    brokerName: 'broker-b',
    store: {
      flush: 'sync',
      segmentBytes: 1_048_576,
      delayLevels: '1s 2m 3h',
      index: false,
    },
    namesrvAddresses: ['192.0.2.1:9876', '[2001:db8::1]:9876'],
    brokerIP1: '2001:db8::7',
    brokerIP2: reachableAddress('0.0.0.0'),
    listenHost: '0.0.0.0',
    listenPort: 20_911,
    haListenPort: 20_912,
    storeDirectory: '/data/my store',
    idleMs: 60_000,
    autoCreateTopicEnable: false,
  })
})

test('what is deleted, and when, is set by the names of RocketMQ', () => {
  const { config, warnings } = parseText(
    [
      'fileReservedTime=48',
      'deleteWhen=02;14',
      'diskMaxUsedSpaceRatio=70',
      'diskSpaceCleanForciblyRatio=80',
      'diskSpaceWarningLevelRatio=85',
      'cleanFileForciblyEnable=false',
      'cleanResourceInterval=5000',
      'deleteCommitLogFilesInterval=50',
      'destroyMapedFileIntervalForcibly=60000',
      'diskFreeBytesMin=1000000',
    ].join('\n'),
  )
  expect(warnings).toEqual([])
  expect(config.store).toEqual({
    fileReservedMs: 48 * 3_600_000,
    deleteWhen: '02;14',
    diskMaxUsedPercent: 70,
    diskCleanForciblyPercent: 80,
    diskWarningLevelPercent: 85,
    cleanFileForcibly: false,
    cleanResourceIntervalMs: 5000,
    deleteSegmentIntervalMs: 50,
    releaseSegmentMs: 60_000,
    diskFreeBytesMin: 1_000_000,
  })
  expect(() => parseText('deleteWhen=24')).toThrow('must be hours of the day such as 04 or 04;16')
})

test('what has no effect is said with its line, whether Java knows it or not', () => {
  const { warnings } = parseText('deleteFileBatchMax=48\n\nregionID=cn\nregionId=cn')
  expect(warnings).toEqual([
    'broker.conf line 1: deleteFileBatchMax has no effect: ' +
      'RocketMQ has this setting, Agena does not support it yet',
    'broker.conf line 3: regionID has no effect: there is no such setting',
  ])
})

test.each([
  ['flushDiskType=FAST', 'ASYNC_FLUSH or SYNC_FLUSH'],
  ['mappedFileSizeCommitLog=1024 * 1024', 'a whole number from 4096 to 68719476736'],
  ['maxMessageSize=0', 'a whole number from 1 to 536870912'],
  ['messageDelayLevel=1s soon', 'delays such as 1s 5m 1h'],
  ['autoCreateTopicEnable=yes', 'true or false'],
  ['listenPort=65536', 'a port from 0 to 65535'],
  ['namesrvAddr=192.0.2.1', 'host:port, several of them separated by ;'],
  ['namesrvAddr=192.0.2.1:9876,192.0.2.2:9876', 'host:port, several of them separated by ;'],
  ['brokerName=', 'a name without blanks'],
  ['brokerIP1=two hosts', "a host's name or address"],
  ['storePathRootDir=', 'some text'],
  ['serverChannelMaxIdleTimeSeconds=0', 'a time in seconds from 1 to 2147483'],
  ['shortPollingTimeMills=-1', 'a time in milliseconds from 1 to 2147483647'],
  ['brokerId=1', '0: replication is not supported yet'],
  ['brokerRole=SLAVE', 'ASYNC_MASTER: replication is not supported yet'],
  ['enablePropertyFilter=maybe', 'true or false'],
])('%s is refused, saying where it stands and what it may be', (line, expected) => {
  const [key = '', value = ''] = line.split(/=(.*)/s)
  const problem = `${key} is "${value}", but must be ${expected}`
  const invalid = (message: string) =>
    expect.objectContaining({ code: 'BROKER_OPTION_INVALID', message })
  expect(() => parseText(`\n${line}`)).toThrow(invalid(`broker.conf line 2: ${problem}`))
  expect(() => parseBrokerConfig({ overrides: [line] })).toThrow(invalid(`--set: ${problem}`))
})

test.each([
  ['nobody=1', 'there is no such setting'],
  ['deleteFileBatchMax=48', 'Agena does not support it yet'],
  ['listenPort', 'write key=value'],
  ['=1', 'write key=value'],
])('--set %s is refused', (override, why) => {
  expect(() => parseBrokerConfig({ overrides: [override] })).toThrow(
    expect.objectContaining({
      code: 'BROKER_OPTION_INVALID',
      message: expect.stringMatching(`^--set ${override}: .*${why}$`),
    }),
  )
})

test.each([
  [{ listenPort: -1 }, 'option listenPort is -1, but must be a port'],
  [{ brokerPermission: 16 }, 'a whole number from 0 to 15'],
  [{ namesrvAddresses: 'a:1' }, 'option namesrvAddresses'],
  [{ store: { flushIntervalMs: 0 } }, 'option store: flushIntervalMs is 0'],
  [{ nobody: 1 }, 'there is no option nobody'],
])('options %j are refused', (defaults, message) => {
  expect(() => parseBrokerConfig({ defaults: defaults as object })).toThrow(
    expect.objectContaining({
      code: 'BROKER_OPTION_INVALID',
      message: expect.stringContaining(message),
    }),
  )
})

test('options give way to the file, the file to overrides', () => {
  const { config } = parseText('listenPort=2\nregionId=file\nflushIntervalCommitLog=7', {
    defaults: {
      listenPort: 1,
      regionId: 'options',
      clusterName: 'options',
      traceOn: undefined,
      store: { flushIntervalMs: 5, flushPageCountMin: 6 },
    },
    overrides: ['listenPort=3', 'messageDelayLevel=1s 2s', 'regionId=a=b'],
  })
  expect(config).toMatchObject({
    listenPort: 3,
    haListenPort: 4,
    regionId: 'a=b',
    clusterName: 'options',
    traceOn: true,
    store: { flushIntervalMs: 7, flushPageCountMin: 6, delayLevels: '1s 2s' },
  })
})

test('brokerIP1=auto is an address for message ids and stays auto in the settings', () => {
  const { config } = parseText('brokerIP1=auto')
  expect(config).toMatchObject({ brokerIP1: '127.0.0.1', isBrokerIP1Auto: true })
  expect(settingsOf(config).get('brokerIP1')).toBe('auto')
})

test('a free port has no port for replicas before it is known', () => {
  expect(parseText('listenPort=0').config).toMatchObject({ listenPort: 0, haListenPort: 0 })
  expect(parseText('listenPort=0\nhaListenPort=7').config.haListenPort).toBe(7)
})

test('the settings in force read back as they were', () => {
  const { config } = parseText('namesrvAddr=192.0.2.1:1;192.0.2.2:2\nflushDiskType=SYNC_FLUSH')
  const settings = settingsOf(config)
  expect([...settings.keys()]).toEqual([...SETTINGS.keys()].sort())
  const overrides = [...settings].map(([key, value]) => `${key}=${value}`)
  const again = parseBrokerConfig({ overrides }).config
  expect({ ...again, store: parseStoreOptions(again.store) }).toEqual({
    ...config,
    store: { ...parseStoreOptions(config.store), isSegmentBytesGiven: true },
  })
})

test('every key that is supported is one of Java, or is told to be our own', async () => {
  const own = [...SETTINGS.keys()].filter((key) => !JAVA_KEYS.has(key))
  expect(own.sort()).toEqual([...OWN_KEYS].sort())
  const document = await readFile(new URL('../../../../../net/README.md', import.meta.url), 'utf8')
  for (const key of own) expect(document).toContain(`\`${key}\``)
})
