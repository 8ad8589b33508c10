import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Side } from './cluster.ts'
import type { OutgoingMessage, ReceivedMessage } from './java-toolbox.ts'
import { describeSide, startCluster } from './lane.ts'
import { smallSegmentSettings } from './small-segments.ts'
import { CONSUME_TIMEOUT_MS, contents, numbered, Suite } from './suite.ts'

const TOPIC = 'Handover'
const FAR_LATER = String(Number.MAX_SAFE_INTEGER)

describeSide('agena', 'a store written by Apache RocketMQ and opened', () => {
  exchange('java', 'agena')
})

describeSide('agena', 'a store opened by Apache RocketMQ and written', () => {
  exchange('agena', 'java')
})

function exchange(writer: Side, reader: Side): void {
  const suite = new Suite(writer, smallSegmentSettings)

  test.each(['stop', 'kill'] as const)('keeps every message after a %s', async (end) => {
    const written = await writeStore(suite, end)
    await suite.cluster[end]()
    const scratch = join(suite.scratch, `reader-${end}`)
    await mkdir(scratch)
    const { dataDirectory } = suite.cluster
    suite.cluster = await startCluster(reader, {
      scratch,
      dataDirectory,
      settings: smallSegmentSettings,
    })

    const added = numbered('added', 6)
    await suite.produce(`${TOPIC}-${end}`, added)
    const everything = await readAll(suite, `${TOPIC}-${end}`, written.length + added.length)
    expect(contents(everything)).toEqual(contents([...written, ...added]))
    // One of each name: look-ups go through the index that the other side built.
    const found = await queryByKey(suite, `${TOPIC}-${end}`, 'key-3')
    expect(found).toBe(4)
    // A killed broker may have lost the last seconds of its consumers' progress.
    if (end === 'stop') await expectResumed(suite, end)
    await suite.cluster.stop()
    suite.cluster = await startCluster(writer, {
      scratch: join(suite.scratch, 'peer'),
      dataDirectory,
      settings: smallSegmentSettings,
    })
    const again = await readAll(suite, `${TOPIC}-${end}`, everything.length)
    expect(contents(again)).toEqual(contents(everything))
  })
}

async function writeStore(suite: Suite, end: string): Promise<readonly OutgoingMessage[]> {
  const topic = `${TOPIC}-${end}`
  const long = numbered('long', 60).map((message) => ({
    ...message,
    body: `${message.body} ${'and on '.repeat(300)}`,
  }))
  const batch = numbered('batch', 20)
  await suite.createTopic(topic, 3)
  await suite.produce(topic, long)
  await suite.produce(topic, batch, 'batch')
  await suite.consume({ topic, group: `G-${end}` }, long.length + batch.length)
  const late = numbered('late', 10)
  await suite.produce(topic, late)
  return [...long, ...batch, ...late]
}

/** The group goes on where it stood on the other side. */
async function expectResumed(suite: Suite, end: string): Promise<void> {
  const rest = [...numbered('late', 10), ...numbered('added', 6)]
  const received = await suite.consume({ topic: `${TOPIC}-${end}`, group: `G-${end}` }, rest.length)
  expect(contents(received)).toEqual(contents(rest))
}

function readAll(suite: Suite, topic: string, count: number): Promise<readonly ReceivedMessage[]> {
  return suite.toolbox.litePull({
    nameServer: suite.cluster.nameServer,
    group: 'G-everything',
    topic,
    mode: 'assign',
    count,
    timeoutMs: CONSUME_TIMEOUT_MS,
  })
}

async function queryByKey(suite: Suite, topic: string, key: string): Promise<number> {
  const words = ['-n', suite.cluster.nameServer, '-t', topic, '-k', key, '-e', FAR_LATER]
  const { stdout } = await suite.toolbox.admin('queryMsgByKey', ...words)
  return stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length
}
