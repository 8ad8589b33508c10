/** SQL92 filters of Java's client, against both brokers, and the file that brokers keep them in. */
import { cp, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { silentLogger } from '../../engine/base/logger.ts'
import { ConsumerFilters } from '../../net/broker/filter/consumer-filters.ts'
import { SubscriptionData } from '../../net/protocol/heartbeat.ts'
import { startJavaBroker } from './java-peers.ts'
import type { OutgoingMessage } from './java-toolbox.ts'
import { describeSide, describeWithJava, makeScratch, sides } from './lane.ts'
import { Suite } from './suite.ts'

const GROUP = 'G-kept'
const TOPIC = 'Kept'
const EXPRESSION = "amount > 3 AND name <> 'it''s'"

/** How each set of properties is told apart by its body. */
const messages: readonly OutgoingMessage[] = [
  { body: 'none' },
  { body: 'five', properties: { amount: '5' } },
  { body: 'point', properties: { amount: '5.0' } },
  { body: 'text', properties: { amount: 'many' } },
  { body: 'large', properties: { amount: '3000000000' } },
  { body: 'north', tags: 'red', properties: { amount: '7', region: 'north' } },
  { body: 'south', tags: 'blue', properties: { amount: '9', region: "it's south" } },
]

const expressions: readonly (readonly [string, string, readonly string[]])[] = [
  ['int', 'amount > 4', ['five', 'north', 'south']],
  ['double', 'amount > 4.5', ['five', 'large', 'north', 'point', 'south']],
  ['long', 'amount < 3000000001', ['five', 'large', 'north', 'south']],
  ['null', 'amount IS NULL OR region IS NOT NULL', ['none', 'north', 'south']],
  ['unknown', "NOT (region = 'north')", ['south']],
  ['text', "region ENDSWITH 'south' OR amount = 'many'", ['south', 'text']],
  ['quote', "region = 'it''s south'", ['south']],
  ['tags', "TAGS IN ('red', 'green')", ['north']],
]

for (const side of sides) {
  describeSide(side, 'SQL92 filters of the Java client', () => {
    const suite = new Suite(side)

    test.each(expressions)('%s: %s', async (name, sql, wanted) => {
      const topic = `Sql-${name}`
      await suite.produce(topic, messages)
      const received = await suite.consume({ topic, group: `G-${name}`, sql }, wanted.length)
      expect(received.map(({ body }) => body).sort()).toEqual(wanted)
    })

    test('a wrong expression fails the start', async () => {
      await suite.createTopic('Wrong', 1)
      const { nameServer } = suite.cluster
      const subscription = { topic: 'Wrong', group: 'G-wrong', sql: 'a >> 1' }
      const { failure } = await suite.toolbox.startConsumer({ nameServer, ...subscription })
      expect(failure).toMatch(/CODE: 23 .* column 4/s)
    })
  })
}

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
