/**
 * What is left of a store whose oldest segments were deleted is the same for Apache RocketMQ: its
 * messages, and where each queue begins and ends.
 */
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { describeSide, startCluster } from './lane.ts'
import { smallSegmentSettings } from './small-segments.ts'
import { CONSUME_TIMEOUT_MS, contents, numbered, Suite } from './suite.ts'

const HOURS_OF_DAY = 24
const settings = {
  ...smallSegmentSettings,
  fileReservedTime: '0',
  // Never by the clock.
  deleteWhen: String((new Date().getHours() + HOURS_OF_DAY / 2) % HOURS_OF_DAY),
}
const WAIT = { timeout: 20_000, interval: 100 }

describeSide(
  'java',
  'a store whose oldest segments Agena deleted, opened by Apache RocketMQ',
  () => {
    const suite = new Suite('agena', settings)

    test.each(['stop', 'kill'] as const)(
      'after a %s has the same messages and ends',
      async (end) => {
        const topic = `Expiring-${end}`
        await suite.createTopic(topic, 3)
        await suite.produce(topic, long('old', 120))
        await deleteSegments(suite)
        const recent = long('recent', 20)
        await suite.produce(topic, recent)
        const before = await read(suite, topic)
        expect(before.ends.some(({ min }) => min > 0)).toBe(true)
        expect(contents(before.messages)).toEqual(expect.arrayContaining([...contents(recent)]))

        await suite.cluster[end]()
        await openAs(suite, 'java', `java-${end}`)
        const byJava = await read(suite, topic)
        expect(byJava.ends).toEqual(before.ends)
        expect(contents(byJava.messages)).toEqual(contents(before.messages))
        const added = numbered('added', 6)
        await suite.produce(topic, added)

        await suite.cluster.stop()
        await openAs(suite, 'agena', `again-${end}`)
        const again = await read(suite, topic)
        expect(again.ends.map(({ min }) => min)).toEqual(before.ends.map(({ min }) => min))
        expect(contents(again.messages)).toEqual(contents([...before.messages, ...added]))
      },
    )
  },
)

function long(name: string, count: number): ReturnType<typeof numbered> {
  const more = 'and on '.repeat(300)
  return numbered(name, count).map((message) => ({ ...message, body: `${message.body} ${more}` }))
}

async function openAs(suite: Suite, side: 'java' | 'agena', name: string): Promise<void> {
  const scratch = join(suite.scratch, name)
  await mkdir(scratch)
  const { dataDirectory } = suite.cluster
  suite.cluster = await startCluster(side, { scratch, dataDirectory, settings })
}

/** Has all segments but the last deleted, and waits until queues and index have followed. */
async function deleteSegments(suite: Suite): Promise<void> {
  const { nameServer, broker, dataDirectory } = suite.cluster
  const names = (folder: string): Promise<string[]> => readdir(join(dataDirectory, folder))
  const indexCount = (await names('index')).length
  const words = ['-n', nameServer, '-b', broker]
  const { stdout } = await suite.toolbox.admin('deleteExpiredCommitLog', ...words)
  expect(stdout).toContain('success')
  // The one that is written, and perhaps the next.
  await vi.waitFor(async () => expect((await names('commitlog')).length).toBeLessThan(3), WAIT)
  await vi.waitFor(async () => expect((await names('index')).length).toBeLessThan(indexCount), WAIT)
}

interface QueueEnds {
  readonly queueId: number
  readonly min: number
  readonly max: number
}

/** Every message that is left, by content, and the ends of the queues as mqadmin shows them. */
async function read(
  suite: Suite,
  topic: string,
): Promise<{ ends: QueueEnds[]; messages: Awaited<ReturnType<Suite['toolbox']['litePull']>> }> {
  const { nameServer } = suite.cluster
  const { stdout } = await suite.toolbox.admin('topicStatus', '-n', nameServer, '-t', topic)
  const rows = stdout.matchAll(/^\S+\s+(?<queueId>\d+)\s+(?<min>\d+)\s+(?<max>\d+)\s/gm)
  const ends = [...rows].map(({ groups = {} }) => ({
    queueId: Number(groups['queueId']),
    min: Number(groups['min']),
    max: Number(groups['max']),
  }))
  const count = ends.reduce((sum, { min, max }) => sum + max - min, 0)
  const messages = await suite.toolbox.litePull({
    nameServer,
    group: 'G-everything',
    topic,
    mode: 'assign',
    count,
    timeoutMs: CONSUME_TIMEOUT_MS,
  })
  return { ends, messages }
}
