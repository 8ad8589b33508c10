/**
 * Goal: the table of filters says what RocketMQ's says, in memory and in `consumerFilter.json`.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Logger, silentLogger } from '../../../../engine/base/logger.ts'
import { ConsumerFilters } from '../../../../net/broker/filter/consumer-filters.ts'
import { SubscriptionData } from '../../../../net/protocol/heartbeat.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../helpers/temporary-folder.ts'

const DAY_MS = 24 * 3600 * 1000

let folder: TemporaryFolder
let now = 0
let warnings: string[] = []
const logger: Logger = { ...silentLogger, warn: (message) => void warnings.push(message) }

beforeEach(() => {
  folder = temporaryFolder('filters')
  now = 1_700_000_000_000
  warnings = []
})
afterEach(() => folder[Symbol.dispose]())

function open(): ConsumerFilters {
  return new ConsumerFilters(folder.path, logger, () => now)
}

function sql(topic: string, subString: string, subVersion: number): SubscriptionData {
  return SubscriptionData.read({ topic, subString, subVersion, expressionType: 'SQL92' }, '')
}

function tags(topic: string): SubscriptionData {
  return SubscriptionData.read({ topic, subString: 'red', subVersion: 1 }, '')
}

test('a filter comes with a subscription and is compiled once for its version', () => {
  const filters = open()
  filters.register('G', [sql('T', 'a > 1', 5), tags('Other')])
  const first = filters.get('T', 'G')
  expect(first?.data).toMatchObject({
    expression: 'a > 1',
    clientVersion: 5,
    bornTime: now,
    deadTime: 0,
  })
  filters.register('G', [sql('T', 'a > 1', 5)])
  expect(filters.get('T', 'G')).toBe(first)
  filters.register('G', [sql('T', 'a > 1', 6)])
  expect(filters.get('T', 'G')?.filter).toBe(first?.filter)
  expect(filters.get('T', 'G')?.data.clientVersion).toBe(6)
  expect(filters.get('Other', 'G')).toBeUndefined()
})

test('a newer version replaces an expression, an older one does not', () => {
  const filters = open()
  filters.register('G', [sql('T', 'a > 1', 5)])
  filters.register('G', [sql('T', 'a > 2', 4)])
  filters.register('G', [sql('T', 'a > 3', 5)])
  expect(filters.get('T', 'G')?.data.expression).toBe('a > 1')
  now += 10
  filters.register('G', [sql('T', 'a > 2', 6)])
  expect(filters.get('T', 'G')?.data).toMatchObject({ expression: 'a > 2', bornTime: now })
})

test('a newer version that does not compile takes the old filter away, and says why', () => {
  const filters = open()
  filters.register('G', [sql('T', 'a > 1', 5)])
  const refused = sql('T', 'a >', 6)
  for (const _beat of [1, 2, 3]) filters.register('G', [refused])
  expect(filters.get('T', 'G')).toBeUndefined()
  expect(filters.flawOf(refused)).toMatch(/at column 4/)
  expect(warnings).toEqual([expect.stringMatching(/^group G, topic T: .* at column 4/)])
})

test('what RocketMQ would silently leave out of an expression is logged', () => {
  open().register('G', [sql('T', 'a = 1 b = 2', 5)])
  expect(warnings).toEqual([expect.stringMatching(/no effect from column 7 on/)])
})

test('a filter is dead when its topic or its group is gone, alive when it comes again', () => {
  const filters = open()
  filters.register('G', [sql('T', 'a > 1', 5), sql('U', 'a > 2', 5)])
  now += 1000
  filters.register('G', [sql('T', 'a > 1', 5)])
  expect(filters.get('U', 'G')?.data).toMatchObject({ dead: true, deadTime: now })
  expect(filters.get('T', 'G')?.data.dead).toBe(false)
  filters.unregister('G')
  expect(filters.get('T', 'G')?.data).toMatchObject({ dead: true, deadTime: now })
  filters.register('G', [sql('T', 'a > 1', 5)])
  expect(filters.get('T', 'G')?.data).toMatchObject({ dead: false, deadTime: 0 })
})

test('filters are found again after a restart, dead until they are heard of', async () => {
  const filters = open()
  filters.register('G', [sql('T', 'a > 1', 5)])
  await filters.save()
  now += 60_000
  const again = open()
  expect(again.get('T', 'G')?.data).toMatchObject({
    dead: true,
    deadTime: now - 30_000,
    expression: 'a > 1',
    clientVersion: 5,
  })
  again.register('G', [sql('T', 'a > 1', 5)])
  expect(again.get('T', 'G')?.data.dead).toBe(false)
})

test('a filter is forgotten a day after its group is gone', async () => {
  const filters = open()
  filters.register('G', [sql('T', 'a > 1', 5)])
  filters.unregister('G')
  now += DAY_MS - 1
  await filters.save()
  expect(filters.get('T', 'G')).toBeDefined()
  now += 1
  await filters.save()
  expect(filters.get('T', 'G')).toBeUndefined()
  expect(saved()).toEqual({ filterDataByTopic: {} })
})

test('the file is as RocketMQ writes it', async () => {
  const filters = open()
  filters.register('G', [sql('T', "a > 1 and b = 'x'", 5)])
  await filters.save()
  expect(saved()).toEqual({
    filterDataByTopic: {
      T: {
        groupFilterData: {
          G: {
            bloomFilterData: { bitNum: 112, bitPos: expect.any(Array) },
            bornTime: now,
            clientVersion: 5,
            consumerGroup: 'G',
            dead: false,
            deadTime: 0,
            expression: "a > 1 and b = 'x'",
            expressionType: 'SQL92',
            topic: 'T',
          },
        },
        topic: 'T',
      },
    },
  })
})

test('a saved filter that does not compile is dropped and said', () => {
  const data = { consumerGroup: 'G', topic: 'T', expression: 'a >', expressionType: 'SQL92' }
  const groupFilterData = { G: { ...data, bornTime: 1, clientVersion: 1, deadTime: 0 } }
  const table = { filterDataByTopic: { T: { groupFilterData, topic: 'T' } } }
  writeFileSync(join(folder.path, 'consumerFilter.json'), JSON.stringify(table))
  expect(open().get('T', 'G')).toBeUndefined()
  expect(warnings).toEqual([expect.stringMatching(/filter of group G on T is dropped.*column 4/)])
})

function saved(): unknown {
  return JSON.parse(readFileSync(join(folder.path, 'consumerFilter.json'), 'utf8'))
}
