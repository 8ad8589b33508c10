/**
 * The consumers that read old messages, in a process of their own. They look at headers only and
 * drop the records unread: on a machine with few cores, whatever they would do with them is taken
 * from the broker that is timed.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { deferred } from '../../engine/base/deferred.ts'
import { PullLane, type PullLaneOwner } from '../../net/cli/load/pull-lane.ts'
import { PULL_SYS_FLAG } from '../../net/protocol/pull-message.ts'

const MESSAGES_PER_PULL = 32

/** What is read: each queue of the topic from its start, by a connection of its own. */
export interface ColdTopic {
  readonly address: string
  readonly topic: string
  readonly queueCount: number
  readonly messagesPerQueue: number
}

/** Reads the topic in another process; returns the bytes of records that came. */
export async function readInOtherProcess(topic: ColdTopic): Promise<number> {
  const program = fileURLToPath(import.meta.url)
  const child = spawn(process.execPath, [program, JSON.stringify(topic)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let bytes = Number.NaN
  for await (const line of createInterface({ input: child.stdout })) bytes = Number(line)
  if (Number.isNaN(bytes)) throw new Error('the readers ended early')
  return bytes
}

async function readQueue(cold: ColdTopic, queueId: number): Promise<number> {
  let messageCount = 0
  let byteCount = 0
  const done = deferred<void>()
  const owner: PullLaneOwner = {
    onPulled(messages, bytes) {
      messageCount += messages
      byteCount += bytes
      if (messageCount >= cold.messagesPerQueue) done.resolve()
    },
    onRefusal: (code, remark) => done.reject(new Error(`answered with ${code}: ${remark}`)),
    isPulling: () => messageCount < cold.messagesPerQueue,
    onFailure: done.reject,
  }
  const queue = {
    topic: cold.topic,
    brokerName: '',
    queueId,
    consumerGroup: 'readers',
    messageCountMax: MESSAGES_PER_PULL,
    sysFlag: PULL_SYS_FLAG.SUBSCRIPTION,
    suspendMs: 0,
    minOffset: 0,
    endOffset: cold.messagesPerQueue,
    startOffset: 0,
  }
  const lane = await PullLane.open(cold.address, [[queue]], owner)
  lane.pull()
  await done.promise
  lane.close()
  return byteCount
}

async function readAll(cold: ColdTopic): Promise<number> {
  const queues = Array.from({ length: cold.queueCount }, (_, queueId) => readQueue(cold, queueId))
  const bytes = await Promise.all(queues)
  return bytes.reduce((sum, count) => sum + count, 0)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(await readAll(JSON.parse(process.argv[2] ?? '{}') as ColdTopic))
}
