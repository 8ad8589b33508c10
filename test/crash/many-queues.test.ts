/**
 * Goal: 10,000 topics of four queues each, and a process that may open 2,000 files, live together:
 * what is open and mapped stays below its bound, and every queue is written and read.
 * Method: the real process under `prlimit`, looked at in /proc.
 */
import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { decodeBody, encodeBody } from '../../net/protocol/json-shape.ts'
import { RequestCode } from '../../net/protocol/request-code.ts'
import { ResponseCode } from '../../net/protocol/response-code.ts'
import { CreateTopicListRequestBody, TopicConfig } from '../../net/protocol/topic-config.ts'
import { pullFields, sendFields } from '../helpers/running-standalone.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { KilledBroker } from './kills/killed-broker.ts'

const TOPICS = 10_000
const QUEUES = 4
const OPEN_FILES_MAX = 2000
/** Of the limit two fifths write queues, a fifth reads them: engine/base/open-files-limit.ts. */
const WRITTEN_QUEUES_MAX = OPEN_FILES_MAX * 0.4
const QUEUE_FILES_MAX = OPEN_FILES_MAX * 0.6
/** Open at least, of what may be: both caches are full. */
const FULL_SHARE = 0.95
/** Segments, index, sockets, and what Node itself has open. */
const OTHER_FILES_MAX = 100
const MEMORY_MIB_MAX = 600
const IN_FLIGHT = 64
const KIB_PER_MIB = 1024

vi.setConfig({ testTimeout: 240_000 })

interface OpenFiles {
  readonly all: number
  readonly queues: number
  /** Of the store's files. */
  readonly mapped: number
  /** Memory that no file backs, in MiB. */
  readonly memoryMib: number
}

function openFiles(pid: number, directory: string): OpenFiles {
  const links = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)]
    } catch {
      // Closed since the folder was listed.
      return []
    }
  })
  const maps = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')
  const memory = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return {
    all: links.length,
    queues: links.filter((path) => path.startsWith(join(directory, 'consumequeue'))).length,
    mapped: maps.filter((line) => line.includes(directory)).length,
    memoryMib: Number(memory?.[1]) / KIB_PER_MIB,
  }
}

function expectBounded(broker: KilledBroker, directory: string): OpenFiles {
  const found = openFiles(broker.pid, directory)
  expect(found.queues).toBeLessThanOrEqual(QUEUE_FILES_MAX)
  expect(found.all - found.queues).toBeLessThan(OTHER_FILES_MAX)
  // Queues are never mapped: segments are when they are read, of the index the newest file is.
  const segments = readdirSync(join(directory, 'commitlog')).length
  expect(found.mapped).toBeLessThanOrEqual(segments + 1)
  expect(found.memoryMib).toBeLessThan(MEMORY_MIB_MAX)
  return found
}

/** Calls `act` for every queue, so many at a time. */
async function forEveryQueue(
  act: (topic: string, queueId: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const lanes = Array.from({ length: IN_FLIGHT }, async () => {
    for (;;) {
      const number = next
      next += 1
      if (number >= TOPICS * QUEUES) return
      await act(topicOf(number % TOPICS), Math.floor(number / TOPICS))
    }
  })
  await Promise.all(lanes)
}

function topicOf(number: number): string {
  return `Topic-${number}`
}

async function makeTopics(broker: KilledBroker): Promise<void> {
  const topicConfigList = Array.from({ length: TOPICS }, (_, number) => {
    const config = { topicName: topicOf(number), readQueueNums: QUEUES, writeQueueNums: QUEUES }
    return decodeBody(TopicConfig, Buffer.from(JSON.stringify(config)))
  })
  const body = encodeBody(CreateTopicListRequestBody, { topicConfigList })
  const answer = await broker.ask(RequestCode.UPDATE_AND_CREATE_TOPIC_LIST, {}, body)
  expect(answer.code, answer.remark).toBe(ResponseCode.SUCCESS)
}

test('40,000 queues are written and read with the files that a process may open', async () => {
  using folder = temporaryFolder('many-queues')
  const directory = join(realpathSync(folder.path), 'data')
  const under = ['prlimit', `--nofile=${OPEN_FILES_MAX}:${OPEN_FILES_MAX}`]
  const broker = await KilledBroker.start(directory, [], { under })
  let written: OpenFiles
  try {
    await makeTopics(broker)
    await forEveryQueue(async (topic, e) => {
      const body = Buffer.from(`${topic}/${e}`)
      const { code, remark } = await broker.ask(
        RequestCode.SEND_MESSAGE_V2,
        sendFields(topic, { e }),
        body,
      )
      expect(code, remark).toBe(ResponseCode.SUCCESS)
    })
    written = expectBounded(broker, directory)
    expect(written.queues).toBeGreaterThan(WRITTEN_QUEUES_MAX * FULL_SHARE)
    await expectAll(broker)
    const read = expectBounded(broker, directory)
    expect(read.queues).toBeGreaterThan(QUEUE_FILES_MAX * FULL_SHARE)
    console.log('many queues: written', written, 'read', read)
    expect((await broker.stop()).exitCode).toBe(0)
  } finally {
    broker.end()
  }
  const after = await KilledBroker.start(directory, [], { under })
  try {
    // A start opens none of them: what nobody asks for stays closed.
    expect(expectBounded(after, directory).queues).toBe(0)
    await expectAll(after)
    expectBounded(after, directory)
    expect((await after.stop()).exitCode).toBe(0)
  } finally {
    after.end()
  }
})

async function expectAll(broker: KilledBroker): Promise<void> {
  await forEveryQueue(async (topic, queueId) => {
    // Reput may be behind: as long as it is, the pull waits.
    const wait = { queueId, maxMsgNums: 1, sysFlag: 2 + 4, suspendTimeoutMillis: 10_000 }
    const { code, body } = await broker.ask(RequestCode.PULL_MESSAGE, pullFields(topic, wait))
    expect(code).toBe(ResponseCode.SUCCESS)
    expect(body.includes(`${topic}/${queueId}`)).toBe(true)
  })
}
