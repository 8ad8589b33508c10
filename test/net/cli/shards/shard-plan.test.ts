/** Goal: brokers side by side get in nobody's way, and differ in nothing else. */
import { expect, test } from 'vitest'
import { parseBrokerConfig } from '../../../../net/broker/options/broker-config.ts'
import type { BrokerConfig } from '../../../../net/broker/options/broker-options.ts'
import { planShards } from '../../../../net/cli/shards/shard-plan.ts'

function configOf(...overrides: string[]): BrokerConfig {
  return parseBrokerConfig({
    overrides: ['brokerName=corner', 'storePathRootDir=/data', ...overrides],
  }).config
}

test('each has a name, ports and a directory of its own', () => {
  const plans = planShards(configOf(), 3)
  expect(plans.map(({ brokerName }) => brokerName)).toEqual(['corner-0', 'corner-1', 'corner-2'])
  expect(plans.map(({ listenPort }) => listenPort)).toEqual([10_911, 10_921, 10_931])
  expect(plans.map(({ haListenPort }) => haListenPort)).toEqual([10_912, 10_922, 10_932])
  expect(plans.map(({ storeDirectory }) => storeDirectory)).toEqual([
    '/data/shard-0',
    '/data/shard-1',
    '/data/shard-2',
  ])
})

test('no port that RocketMQ derives is that of another shard', () => {
  const plans = planShards(configOf('listenPort=20000', 'haListenPort=20005'), 64)
  const ports = plans.flatMap(({ listenPort, haListenPort }) => [
    listenPort - 2,
    listenPort,
    listenPort + 1,
    haListenPort,
  ])
  expect(new Set(ports).size).toBe(ports.length)
})

test('everything else is the same for all', () => {
  const config = configOf('flushDiskType=SYNC_FLUSH', 'brokerClusterName=town', 'listenPort=0')
  for (const plan of planShards(config, 2)) {
    const { brokerName, storeDirectory } = plan
    expect(plan).toEqual({ ...config, brokerName, storeDirectory })
  }
})

test('one shard is a shard too', () => {
  expect(planShards(configOf(), 1)[0]).toMatchObject({
    brokerName: 'corner-0',
    listenPort: 10_911,
    storeDirectory: '/data/shard-0',
  })
})

test('ports that there are not are refused', () => {
  expect(planShards(configOf('listenPort=65524'), 2)).toHaveLength(2)
  expect(() => planShards(configOf('listenPort=65525'), 2)).toThrowError(
    expect.objectContaining({
      code: 'BROKER_OPTION_INVALID',
      message: 'listenPort 65525 and haListenPort 65526 leave no room for 2 shards, 10 ports apart',
    }),
  )
})
