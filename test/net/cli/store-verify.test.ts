/**
 * Goal: damage is found wherever it is, named with its place and its messages, and nothing else is.
 * Method: stores that Apache RocketMQ wrote, whole and with planted damage.
 */
import { existsSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { verificationReport } from '../../../net/cli/inspect/verification-report.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { RemotingClient } from '../../../net/remoting/remoting-client.ts'
import { createRequest, type RemotingCommand } from '../../../net/remoting/remoting-command.ts'
import { startStandalone } from '../../../net/standalone/index.ts'
import { verifyStore } from '../../../workers/verify-store.ts'
import { runAgena } from '../../helpers/agena-process.ts'
import { sendFields } from '../../helpers/running-standalone.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'
import { storeFixtureNames, unpackStoreFixture } from '../../helpers/store-fixtures.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

/** Of a record with IPv4 addresses. */
const BODY_AT = 88

async function verified(directory: string, all = true) {
  return verificationReport(directory, await verifyStore(directory, { all }))
}

test.each(storeFixtureNames)(
  '%s: every record is read, and none is taken for damaged',
  async (name) => {
    await using store = await unpackStoreFixture(name)
    const report = await verified(store.directory)
    const wasKilled = existsSync(join(store.directory, 'abort'))
    expect(report.areQueuesVerified).toBe(!wasKilled)
    expect(report.recordCount).toBeGreaterThanOrEqual(store.expected.messages.length)
    // What a kill leaves behind the end is no damage of what was stored, but it is shown.
    expect(report.damages).toEqual([])
    expect(report.tornTail === undefined).toBe(name !== 'killed-torn')
    expect([report.queueDamages, report.indexDamages]).toEqual([[], []])
    expect(report.isIndexVerified).toBe(!wasKilled)
    expect(report.isDamaged).toBe(false)
  },
)

test('a topic that was deleted and came again is whole', async () => {
  using folder = temporaryFolder('verify')
  const ports = { namesrvPort: 0, brokerPort: 0 }
  const server = await startStandalone({ dataDirectory: folder.path, ...ports })
  const client = new RemotingClient()
  const ask = (code: number, fields: object): Promise<RemotingCommand> => {
    const extFields = new Map(Object.entries(fields).map(([name, value]) => [name, String(value)]))
    return client.invoke(server.brokerAddress, createRequest(code, { extFields }), 5000)
  }
  for (const count of [5, 2]) {
    for (let sent = 0; sent < count; sent += 1) {
      expect((await ask(RequestCode.SEND_MESSAGE_V2, sendFields('T'))).code).toBe(0)
    }
    if (count === 5) await ask(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: 'T' })
  }
  await client.close()
  await server.close()
  const report = await verified(folder.path)
  expect(report).toMatchObject({ areQueuesVerified: true, recordCount: 7, queueDamageCount: 0 })
  expect(report.damages).toEqual([])
})

describe('a store with damage', () => {
  test.each([1, 2, 3])('in a body names its file, place and message (seed %i)', async (seed) => {
    const random = new SeededRandom(seed)
    await using store = await unpackStoreFixture('plain')
    const message = random.pick(store.expected.messages.filter(({ bodyBytes }) => bodyBytes > 0))
    const before = await verified(store.directory)
    const segmentBytes = store.expected.settings.mappedFileSizeCommitLog
    const file = join(
      store.directory,
      'commitlog',
      String(message.physicalOffset - (message.physicalOffset % segmentBytes)).padStart(20, '0'),
    )
    const position = message.physicalOffset % segmentBytes
    flipByte(file, position + BODY_AT + random.below(message.bodyBytes))
    const report = await verified(store.directory)
    expect(report.damages).toEqual([
      {
        kind: 'record',
        file,
        position,
        offset: message.physicalOffset,
        endOffset: message.physicalOffset + message.sizeBytes,
        found: 'a record whose body does not match its checksum',
        messages: [
          {
            topic: message.topic,
            queueId: message.queueId,
            fromOffset: message.queueOffset,
            toOffset: message.queueOffset + 1,
          },
        ],
      },
    ])
    expect(report.recordCount).toBe(before.recordCount - 1)
  })

  test('in a queue names the record that its unit should lead to', async () => {
    await using store = await unpackStoreFixture('plain')
    const [message] = store.expected.messages
    const queue = join(store.directory, 'consumequeue', message!.topic, String(message!.queueId))
    flipByte(join(queue, '0'.repeat(20)), message!.queueOffset * 20 + 7)
    const report = await verified(store.directory)
    expect(report.damages).toEqual([])
    expect(report.queueDamageCount).toBe(1)
    expect(report.queueDamages[0]).toMatchObject({
      topic: message!.topic,
      queueId: message!.queueId,
      queueOffset: message!.queueOffset,
      physicalOffset: message!.physicalOffset,
    })
  })

  test('ends the command with 1, without with 0; a deleted topic is none', async () => {
    await using store = await unpackStoreFixture('plain')
    const [message] = store.expected.messages
    const whole = await runAgena(['store', 'verify', store.directory, '--all'])
    expect([whole.exitCode, whole.stderr]).toEqual([0, ''])
    expect(whole.stdout).toMatch(
      /segments, \d+ records, their places in the queues, the index\nno damage\n$/,
    )
    rmSync(join(store.directory, 'consumequeue', message!.topic), { recursive: true })
    expect((await runAgena(['store', 'verify', store.directory, '--all'])).exitCode).toBe(0)
    const file = join(store.directory, 'commitlog', '0'.repeat(20))
    flipByte(file, message!.physicalOffset)
    const damaged = await runAgena(['store', 'verify', store.directory, '--rate', '100MiB'])
    expect(damaged.exitCode).toBe(1)
    expect(damaged.stdout).toContain(`DAMAGE: ${file} from byte ${message!.physicalOffset} on`)
    const { exitCode, stderr } = await runAgena(['store', 'verify', join(store.directory, 'none')])
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^agena: there is no store in .*STORE_DIRECTORY_UNUSABLE\)$/m)
  })
})

function flipByte(file: string, position: number): void {
  const fd = openSync(file, 'r+')
  writeSync(fd, Buffer.from([readFileSync(file)[position]! ^ 0x5a]), 0, 1, position)
}
