/**
 * Goal: settings change as a whole or not at all, and whoever keeps them sees it.
 * Method: settings alone, with and without a file, and their routes with requests of bytes.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLogger } from '../../../../engine/base/logger.ts'
import { parseBrokerConfig, settingsOf } from '../../../../net/broker/options/broker-config.ts'
import { BrokerSettings } from '../../../../net/broker/options/broker-settings.ts'
import { configRoutes } from '../../../../net/broker/options/config-routes.ts'
import { parseJavaProperties, propertiesToMap } from '../../../../net/protocol/java-properties.ts'
import { RemotingClient } from '../../../../net/remoting/remoting-client.ts'
import { createRequest } from '../../../../net/remoting/remoting-command.ts'
import { RemotingServer } from '../../../../net/remoting/remoting-server.ts'

const UPDATE_BROKER_CONFIG = 25
const GET_BROKER_CONFIG = 26

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agena-settings-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

function settingsFrom(text: string, path = join(folder, 'broker.conf')): BrokerSettings {
  const file = { path, properties: parseJavaProperties(text) }
  return new BrokerSettings(parseBrokerConfig({ file }).config, file)
}

function plainSettings(): BrokerSettings {
  return new BrokerSettings(parseBrokerConfig({ defaults: { listenPort: 0 } }).config)
}

test('whoever keeps the settings sees a change, and is told which', async () => {
  const settings = plainSettings()
  const { live } = settings
  const told: string[][] = []
  settings.onChange((fields) => told.push([...fields]))
  const before = settings.version.counter
  await settings.update(
    new Map([
      ['brokerPermission', '4'],
      ['namesrvAddr', '192.0.2.1:9876;192.0.2.2:9876'],
    ]),
  )
  expect(live.brokerPermission).toBe(4)
  expect(live.namesrvAddresses).toEqual(['192.0.2.1:9876', '192.0.2.2:9876'])
  expect(told).toEqual([['brokerPermission', 'namesrvAddresses']])
  expect(settings.version.counter).toBe(before + 1)
  expect({ ...live }).toEqual({
    ...parseBrokerConfig({ defaults: { listenPort: 0 } }).config,
    brokerPermission: 4,
    namesrvAddresses: live.namesrvAddresses,
  })
})

test.each([
  ['brokerPermission', 'all', 'BROKER_OPTION_INVALID', 'a whole number from 0 to 15'],
  ['listenPort', '1', 'BROKER_OPTION_INVALID', 'listenPort is read at start only'],
  ['flushDiskType', 'SYNC_FLUSH', 'BROKER_OPTION_INVALID', 'flushDiskType is read at start only'],
  ['deleteFileBatchMax', '1', 'BROKER_OPTION_INVALID', 'Agena does not support it yet'],
  ['nobody', '1', 'BROKER_OPTION_INVALID', 'there is no such setting'],
  ['configBlackList', 'a', 'BROKER_OPTION_PROTECTED', 'configBlackList cannot be changed'],
  ['rocketmqHome', '/a', 'BROKER_OPTION_PROTECTED', 'rocketmqHome cannot be changed'],
])('with one bad setting, %s=%s, none changes', async (key, value, code, message) => {
  const settings = plainSettings()
  const update = settings.update(
    new Map([
      ['longPollingEnable', 'false'],
      [key, value],
    ]),
  )
  await expect(update).rejects.toMatchObject({ code, message: expect.stringContaining(message) })
  expect(settings.live.longPollingEnable).toBe(true)
  await settings.update(new Map([['longPollingEnable', 'false']]))
  expect(settings.live.longPollingEnable).toBe(false)
})

test('settings of the black list cannot change', async () => {
  const settings = settingsFrom('configBlackList=brokerPermission')
  await expect(settings.update(new Map([['brokerPermission', '4']]))).rejects.toMatchObject({
    code: 'BROKER_OPTION_PROTECTED',
    responseCode: 16,
  })
})

test('changes go into the file, which keeps what else it says', async () => {
  const settings = settingsFrom('deleteFileBatchMax=48\nbrokerPermission=6\nregionId=cn')
  await Promise.all([
    settings.update(new Map([['brokerPermission', '2']])),
    settings.update(new Map([['longPollingEnable', 'false']])),
  ])
  const text = await readFile(join(folder, 'broker.conf'), 'utf8')
  expect(text).toBe(
    'deleteFileBatchMax=48\nbrokerPermission=2\nregionId=cn\nlongPollingEnable=false\n',
  )
})

test('what cannot be written does not change', async () => {
  const settings = settingsFrom('brokerPermission=6', join(folder, 'a-file', 'broker.conf'))
  const blocked = settingsFrom('brokerPermission=6', join(folder, 'a-file'))
  await blocked.update(new Map([['brokerPermission', '2']]))
  await expect(settings.update(new Map([['brokerPermission', '2']]))).rejects.toMatchObject({
    code: 'BROKER_CHANGE_NOT_SAVED',
  })
  expect(settings.live.brokerPermission).toBe(6)
})

test('the port that was free is a setting too', () => {
  const settings = plainSettings()
  expect(settings.live.haListenPort).toBe(0)
  settings.listensOn(20_911)
  expect(settings.live).toMatchObject({ listenPort: 20_911, haListenPort: 20_912 })
})

test('requests read and change the settings', async () => {
  const settings = plainSettings()
  const routes = new Map(configRoutes({ settings, logger: silentLogger }))
  await using server = await RemotingServer.listen({}, { route: (code) => routes.get(code) })
  await using client = new RemotingClient()
  const ask = (code: number, body?: string) => {
    const request = createRequest(code, body === undefined ? {} : { body: Buffer.from(body) })
    return client.invoke(server.address, request, 5_000)
  }
  const shown = await ask(GET_BROKER_CONFIG)
  expect(shown.code).toBe(0)
  expect(propertiesToMap(parseJavaProperties(shown.body.toString()))).toEqual(
    settingsOf(settings.live),
  )
  expect(JSON.parse(shown.extFields.get('version') ?? '')).toEqual({ ...settings.version })
  const changed = await ask(UPDATE_BROKER_CONFIG, 'brokerPermission=4\n')
  expect([changed.code, changed.remark]).toEqual([0, undefined])
  expect((await ask(GET_BROKER_CONFIG)).body.toString()).toContain('\nbrokerPermission=4\n')
  const refused = await ask(UPDATE_BROKER_CONFIG, 'brokerPermission=99\n')
  expect(refused.code).toBe(29)
  expect(refused.remark).toContain('a whole number from 0 to 15')
  expect((await ask(UPDATE_BROKER_CONFIG, 'brokerConfigPath=/a\n')).code).toBe(16)
  expect((await ask(UPDATE_BROKER_CONFIG, 'a=\\u12')).code).toBe(29)
})
