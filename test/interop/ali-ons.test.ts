import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { packageRoot } from '../../scripts/java/package-root.ts'
import type { OnsAnswer, OnsRequest } from './ali-ons-peer.ts'
import { describeSide } from './lane.ts'
import { CONSUME_TIMEOUT_MS, contents, numbered, Suite } from './suite.ts'

const run = promisify(execFile)
const PEER = join(packageRoot, 'dist/test/interop/ali-ons-peer.js')
const PEER_TIMEOUT_MS = 60_000
/** Longer than the 4 KiB above which ali-ons compresses. */
const LONG_BODY = 'compressible '.repeat(1_000)

describeSide('agena', 'ali-ons', () => {
  const suite = new Suite('agena')

  test('sends what it and the Java client consume', async () => {
    const bodies = ['short', 'ünïcode', LONG_BODY]
    await suite.createTopic('Ons', 4)
    const { nameServer } = suite.cluster
    const { statuses } = await ask({ kind: 'send', nameServer, topic: 'Ons', bodies })
    expect(statuses).toEqual(bodies.map(() => 'SEND_OK'))
    const own = await consume(suite, 'Ons', '*', bodies.length)
    expect(own.map((message) => message.body).sort()).toEqual([...bodies].sort())
    expect(own.map((message) => message.keys)).toEqual(bodies.map(() => 'ons-key'))
    const java = await suite.consume({ topic: 'Ons', group: 'G-java' }, bodies.length)
    expect(java.map((message) => message.body).sort()).toEqual([...bodies].sort())
  })

  test('consumes what the Java client sends, by tag', async () => {
    const messages = numbered('java', 12)
    await suite.produce('FromJava', messages)
    const received = await consume(suite, 'FromJava', 'tag-1 || tag-2', 8)
    const wanted = messages.filter((message) => message.tags !== 'tag-0')
    expect(received.map((message) => message.body).sort()).toEqual(
      contents(wanted)
        .map(([body]) => body)
        .sort(),
    )
  })
})

async function consume(
  suite: Suite,
  topic: string,
  tags: string,
  count: number,
): Promise<OnsAnswer['received']> {
  const { nameServer } = suite.cluster
  const request = { nameServer, topic, tags, count, timeoutMs: CONSUME_TIMEOUT_MS }
  return (await ask({ kind: 'consume', ...request })).received
}

async function ask(request: OnsRequest): Promise<OnsAnswer> {
  const words = [PEER, JSON.stringify(request)]
  const { stdout } = await run(process.execPath, words, { timeout: PEER_TIMEOUT_MS })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
}
