/**
 * Goal: a consumer that stops reading its socket in the middle of an answer gets that answer's very
 * bytes, although the segment they lie in expires meanwhile; or its connection ends.
 * Method: more pulls of the oldest segment than all the buffers of a connection take, from a peer
 * that reads nothing until the segment is to go.
 */
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { segmentPath } from '../../../engine/file/store-layout.ts'
import { decodeMessage } from '../../../engine/format/stored-message.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../net/protocol/response-code.ts'
import { createRequest, type RemotingCommand } from '../../../net/remoting/remoting-command.ts'
import { pullFields, RunningStandalone, sendFields } from '../../helpers/running-standalone.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'
import { until, whenBuilt } from '../../helpers/until.ts'
import { RawPeer } from '../remoting/raw-peer.ts'

const { DELETE_EXPIRED_COMMITLOG, PULL_MESSAGE, SEND_MESSAGE_V2 } = RequestCode
/** Five of them fill a segment of 1 MiB. */
const BODY_BYTES = 200_000
const MESSAGES = 24
const IN_OLDEST = 5
/** Twice what two sockets' buffers and the connection's own hold. */
const PULLS = 140

const random = new SeededRandom(1)
const BODIES = Array.from({ length: MESSAGES }, () => random.bytes(BODY_BYTES))

async function startFilled(releaseSegmentMs: number): Promise<RunningStandalone> {
  const running = await RunningStandalone.start({
    store: {
      fileReservedMs: 0,
      // Never by the clock.
      deleteWhen: String((new Date().getHours() + 12) % 24),
      deleteSegmentIntervalMs: 0,
      releaseSegmentMs,
    },
  })
  for (const body of BODIES) await running.ask(SEND_MESSAGE_V2, sendFields('T'), body)
  await whenBuilt(running.server.broker.store)
  return running
}

function pull(queueOffset: number): RemotingCommand {
  const fields = pullFields('T', { queueOffset, maxMsgNums: 1 })
  const extFields = new Map(Object.entries(fields).map(([name, value]) => [name, String(value)]))
  return createRequest(PULL_MESSAGE, { extFields })
}

/** A peer that asks for much of the oldest segment and takes none of it. */
async function stoppedPeer(running: RunningStandalone): Promise<RawPeer> {
  const peer = await RawPeer.connect(running.server.broker.port)
  peer.socket.pause()
  peer.send(...Array.from({ length: PULLS }, (_, index) => pull(index % IN_OLDEST)))
  const oldest = running.server.broker.store.log.segments.first
  await until(() => (oldest?.references ?? 0) > 0)
  // Until the system's buffers are full: then what is lent out stays as it is.
  for (let before = -1; before !== oldest?.references; ) {
    before = oldest?.references ?? 0
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  expect(oldest?.references).toBeGreaterThan(1)
  return peer
}

/** Has all but the last segment deleted as `mqadmin deleteExpiredCommitLog` does. */
async function expire(running: RunningStandalone): Promise<void> {
  const answer = await running.ask(DELETE_EXPIRED_COMMITLOG, {})
  expect(answer.code).toBe(ResponseCode.SUCCESS)
  const { segments } = running.server.broker.store.log
  await until(() => segments.startOffset > 0)
}

function oldestPath(running: RunningStandalone): string {
  return segmentPath(running.server.broker.store.layout.commitLog, 0)
}

test('a reader that goes on after a segment expired gets all bytes or where to go on', async () => {
  await using running = await startFilled(60_000)
  const peer = await stoppedPeer(running)
  await expire(running)
  // New readers are told, the old one is waited for.
  const late = await running.ask(PULL_MESSAGE, pullFields('T', { queueOffset: 0 }))
  expect(late.code).toBe(ResponseCode.PULL_OFFSET_MOVED)
  expect(late.remark).toBe('OFFSET_TOO_SMALL')
  const min = Number(late.extFields.get('minOffset'))
  expect(min).toBe(IN_OLDEST)
  expect(late.extFields.get('nextBeginOffset')).toBe(String(min))
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(existsSync(oldestPath(running))).toBe(true)

  peer.socket.resume()
  const answers = await peer.receive(PULLS)
  const found = answers.filter(({ code }) => code === ResponseCode.SUCCESS)
  const moved = answers.filter(({ code }) => code === ResponseCode.PULL_OFFSET_MOVED)
  expect(found.length + moved.length).toBe(PULLS)
  expect(moved.length).toBeGreaterThan(0)
  for (const { body } of found) {
    const message = decodeMessage(body, 0, { checkCrc: true })
    expect(message.queueOffset).toBeLessThan(IN_OLDEST)
    const sent = BODIES[message.queueOffset] ?? Buffer.alloc(0)
    expect(message.body.equals(sent)).toBe(true)
  }
  await until(() => !existsSync(oldestPath(running)))
  const { segments } = running.server.broker.store.log
  await until(() => segments.count === 1)
  await peer.close()
})

test('a reader that never goes on is ended, and then its segment goes', async () => {
  await using running = await startFilled(100)
  const peer = await stoppedPeer(running)
  await expire(running)
  await until(() => !existsSync(oldestPath(running)))
  peer.socket.resume()
  await peer.whenClosed()
  expect(peer.commands.length).toBeLessThan(PULLS)
  for (const { body } of peer.commands) {
    const message = decodeMessage(body, 0, { checkCrc: true })
    expect(message.body.equals(BODIES[message.queueOffset] ?? Buffer.alloc(0))).toBe(true)
  }
  const answer = await running.ask(PULL_MESSAGE, pullFields('T', { queueOffset: MESSAGES - 1 }))
  expect(answer.code).toBe(ResponseCode.SUCCESS)
})
