/** The file in which brokers keep SQL92 filters. */
import { cp, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { silentLogger } from '../../engine/base/logger.ts'
import { ConsumerFilters } from '../../net/broker/filter/consumer-filters.ts'
import { SubscriptionData } from '../../net/protocol/heartbeat.ts'
import { startJavaBroker } from './java-peers.ts'
import { describeSide, describeWithJava, makeScratch } from './lane.ts'
import { Suite } from './suite.ts'

const GROUP = 'G-kept'
const TOPIC = 'Kept'
const EXPRESSION = "amount > 3 AND name <> 'it''s'"

describeWithJava('consumerFilter.json', () => {
  test('of the Java broker is read, and ours survives a Java broker', async () => {
    await using scratch = await makeScratch('consumer-filter')
    const config = join(scratch.path, 'store/config')
    await mkdir(config, { recursive: true })
    const ours = new ConsumerFilters(config, silentLogger)
    ours.register(GROUP, [sqlSubscription(1)])
    ours.unregister(GROUP)
    await ours.save()
    const written = await tableIn(config)
    const broker = await startJavaBroker({ scratch: scratch.path })
    await broker.stop()
    // RocketMQ writes its whole table when it ends, and drops what it does not take for its own.
    const copy = join(scratch.path, 'copy')
    await cp(config, copy, { recursive: true })
    expect(await tableIn(copy)).toEqual(written)
    const again = new ConsumerFilters(copy, silentLogger)
    expect(again.get(TOPIC, GROUP)?.data).toEqual(ours.get(TOPIC, GROUP)?.data)
    expect(again.get(TOPIC, GROUP)?.data.expression).toBe(EXPRESSION)
  })
})

describeSide('java', 'consumerFilter.json of a live group', () => {
  const suite = new Suite('java')

  test('says the same as ours', async () => {
    await suite.produce(TOPIC, [{ body: 'wanted', properties: { amount: '5', name: 'x' } }])
    await suite.consume({ topic: TOPIC, group: GROUP, sql: EXPRESSION }, 1)
    await suite.cluster.stop()
    const config = join(suite.cluster.dataDirectory, 'config')
    const java = dataIn(await tableIn(config))
    const ours = new ConsumerFilters(suite.scratch, silentLogger)
    ours.register(GROUP, [sqlSubscription(Number(java['clientVersion']))])
    ours.unregister(GROUP)
    await ours.save()
    const times = { bornTime: expect.any(Number), deadTime: expect.any(Number) }
    expect(java).toEqual({ ...dataIn(await tableIn(suite.scratch)), ...times })
    await suite.reopen()
  })
})

function sqlSubscription(subVersion: number): SubscriptionData {
  const fields = { topic: TOPIC, subString: EXPRESSION, subVersion, expressionType: 'SQL92' }
  return SubscriptionData.read(fields, '')
}

type Members = Readonly<Record<string, unknown>>

interface FileTable {
  readonly filterDataByTopic: Readonly<
    Record<string, { readonly groupFilterData: Readonly<Record<string, Members>> }>
  >
}

function dataIn(table: FileTable): Members {
  const data = table.filterDataByTopic[TOPIC]?.groupFilterData[GROUP]
  if (data === undefined) throw new Error(`no filter in ${JSON.stringify(table)}`)
  return data
}

async function tableIn(config: string): Promise<FileTable> {
  return JSON.parse(await readFile(join(config, 'consumerFilter.json'), 'utf8')) as FileTable
}
