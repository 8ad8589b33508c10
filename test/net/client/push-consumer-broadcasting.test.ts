/**
 * Goal: every consumer of a broadcasting group gets every message, and goes on where it stopped.
 * Method: a fake broker, and offset files: our own, Java's, and broken ones.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLogger } from '../../../engine/base/logger.ts'
import { LocalOffsetStore } from '../../../net/client/local-offset-store.ts'
import type { PushConsumerOptions } from '../../../net/client/push-consumer-options.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { packageRoot } from '../../../scripts/java/package-root.ts'
import { type TemporaryFolder, temporaryFolder } from '../../helpers/temporary-folder.ts'
import { GROUP, PushPlace } from './push-place.ts'

let folder: TemporaryFolder

beforeEach(() => {
  folder = temporaryFolder()
})
// Runs after what is set up later: the consumers write once more when they are closed.
afterEach(() => folder[Symbol.dispose]())

const place = new PushPlace()

function broadcast(): Partial<PushConsumerOptions> {
  return { messageModel: 'broadcasting', offsetFolder: folder.path, clientIp: '10.0.0.1' }
}

function fileOf(clientId: string): string {
  return join(folder.path, clientId, GROUP, 'offsets.json')
}

test('every consumer gets every message, and none is asked who else is there', async () => {
  place.append('a')
  place.broker.append('T', 1, { body: 'b' })
  const first = await place.collect({ ...broadcast(), instanceName: 'one' })
  const second = await place.collect({ ...broadcast(), instanceName: 'two' })
  await expect
    .poll(() => [first.toSorted(), second.toSorted()])
    .toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ])
  expect(place.peer.requestsOf(RequestCode.GET_CONSUMER_LIST_BY_GROUP)).toEqual([])
  const { consumerDataSet } = JSON.parse(
    place.peer.requestsOf(RequestCode.HEART_BEAT)[0]!.body.toString(),
  )
  expect(consumerDataSet[0]).toMatchObject({ messageModel: 'BROADCASTING' })
  expect(consumerDataSet[0].subscriptionDataSet).toHaveLength(1)
})

test('a consumer goes on where it stopped, and brokers keep no offset', async () => {
  place.append('a', 'b')
  const before = await place.collect(broadcast())
  await expect.poll(() => before).toEqual(['a', 'b'])
  const [consumer] = place.consumers
  expect(consumer!.clientId).toBe('10.0.0.1@DEFAULT')
  await consumer!.close()
  place.append('c')
  const after = await place.collect({ ...broadcast(), consumeFrom: 'last' })
  await expect.poll(() => after).toEqual(['c'])
  expect(place.committed()).toBeUndefined()
  expect(place.peer.requestsOf(RequestCode.UPDATE_CONSUMER_OFFSET)).toEqual([])
  const pulls = place.peer.requestsOf(RequestCode.PULL_MESSAGE)
  expect(pulls.every(({ extFields }) => extFields.get('commitOffset') === '0')).toBe(true)
})

test('what a consumer begins with is kept before it has consumed anything', async () => {
  place.append('old')
  await place.collect({ ...broadcast(), consumeFrom: 'last' })
  await place.consumers[0]!.close()
  place.append('meanwhile')
  const bodies = await place.collect({ ...broadcast(), consumeFrom: 'last' })
  await expect.poll(() => bodies).toEqual(['meanwhile'])
})

test.each(['concurrently', 'orderly'] as const)(
  'what the listener fails to handle %s is dropped, and the queue goes on',
  async (consumeMode) => {
    place.append('bad', 'good')
    const seen: string[] = []
    await place.start({
      ...broadcast(),
      consumeMode,
      reconsumeTimesMax: 0,
      onMessage: async ([message]) => {
        seen.push(message!.body.toString())
        return message!.body.toString() === 'bad' ? 'later' : 'success'
      },
    })
    await expect.poll(() => seen).toEqual(['bad', 'good'])
    await place.consumers[0]!.close()
    expect(readFileSync(fileOf('10.0.0.1@DEFAULT'), 'utf8')).toContain(':2')
    expect(place.peer.requestsOf(RequestCode.CONSUMER_SEND_MSG_BACK)).toEqual([])
    expect(place.peer.requestsOf(RequestCode.LOCK_BATCH_MQ)).toEqual([])
  },
)

test('a file that a Java client left is gone on from', async () => {
  const java = readFileSync(join(packageRoot, 'test/fixtures/client/offsets-5.5.0.json'))
  const file = fileOf('java@DEFAULT')
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, java)
  const store = new LocalOffsetStore(
    { folder: folder.path, clientId: 'java@DEFAULT', group: GROUP },
    silentLogger,
  )
  await store.load()
  const queue = { topic: 'T', brokerName: 'broker-a', queueId: 1 }
  expect(await store.fetch(queue)).toBe(5_000_000_001)
  store.set({ ...queue, queueId: 7 }, 3)
  await store.commitAll()
  // What was there before stays, also what is not consumed at the moment.
  await store.load()
  expect(await store.fetch(queue)).toBe(5_000_000_001)
  expect(await store.fetch({ ...queue, queueId: 7 })).toBe(3)
  expect(readFileSync(`${file}.bak`)).toEqual(java)
})

test('a broken file is replaced by its backup, and without one the start fails', async () => {
  const file = fileOf('10.0.0.1@DEFAULT')
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, '{"offsetTable":{{"brok')
  await expect(place.start(broadcast())).rejects.toMatchObject({
    code: 'CLIENT_OFFSET_FILE_UNREADABLE',
  })
  const backup = '{"offsetTable":{{"brokerName":"broker-a","queueId":0,"topic":"T"}:1}}'
  writeFileSync(`${file}.bak`, backup)
  place.append('a', 'b')
  const bodies = await place.collect(broadcast())
  await expect.poll(() => bodies).toEqual(['b'])
})

test('a folder that cannot be written is logged, and consumption goes on', async () => {
  const blocked = join(folder.path, 'blocked')
  writeFileSync(blocked, 'a file where a folder should be')
  place.append('a')
  const bodies = await place.collect({ ...broadcast(), offsetFolder: join(folder.path, 'fresh') })
  await expect.poll(() => bodies).toEqual(['a'])
  const store = new LocalOffsetStore({ folder: blocked, clientId: 'c', group: GROUP }, silentLogger)
  store.set({ topic: 'T', brokerName: 'b', queueId: 0 }, 1)
  await store.persistAll()
  await expect(store.commitAll()).rejects.toMatchObject({ code: 'CLIENT_OFFSET_FILE_UNWRITABLE' })
  expect(existsSync(join(blocked, 'c'))).toBe(false)
})
