import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runJava } from '../../scripts/java/java-process.ts'
import { AgenaRefusal } from './agena-peers.ts'
import { javaToolchain } from './java-peers.ts'
import { describeSide, startCluster } from './lane.ts'
import { smallSegmentSettings, smallSegments } from './small-segments.ts'
import { contents, numbered, Suite } from './suite.ts'

describeSide('agena', 'the lock of a store', () => {
  const suite = new Suite('agena', smallSegmentSettings)

  test('keeps Apache RocketMQ out, and nothing is lost by its attempt', async () => {
    const before = numbered('before', 20)
    await suite.produce('Locked', before)
    const { exitCode, logTail } = await runJava(await javaToolchain(), {
      mainClass: 'agena.interop.ReadStores',
      arguments: [suite.cluster.dataDirectory, join(suite.scratch, 'report.json')],
      scratch: join(suite.scratch, 'intruder'),
    })
    expect(logTail).toContain('Lock failed, MQ already started')
    expect(exitCode).toBe(1)
    const after = numbered('after', 20)
    await suite.produce('Locked', after)
    const received = await suite.consume({ topic: 'Locked', group: 'G-locked' }, 40)
    expect(contents(received)).toEqual(contents([...before, ...after]))
  })

  test('is respected where Apache RocketMQ holds it', async () => {
    const dataDirectory = join(suite.scratch, 'held')
    const scratch = join(suite.scratch, 'refused')
    await mkdir(scratch)
    const held = { root: dataDirectory, settings: smallSegments }
    expect(await suite.toolbox.openStore(held)).toEqual({})
    await suite.toolbox.putIntoStore('Held', 30)
    const options = { scratch, dataDirectory, settings: smallSegmentSettings }
    const refusal: unknown = await startCluster('agena', options).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(refusal).toBeInstanceOf(Error)
    expect(complaintOf(refusal, dataDirectory)).toMatch(dataDirectory)
    await suite.toolbox.putIntoStore('Held', 30)
    await suite.toolbox.closeStore()
    const report = await suite.toolbox.readStore(held)
    expect(report.messages).toHaveLength(60)
  })
})

/** Ours is one line on one stream; of Java's it is enough that it refuses. */
function complaintOf(refusal: unknown, dataDirectory: string): string {
  if (!(refusal instanceof AgenaRefusal)) return dataDirectory
  const lines = refusal.output.split('\n')
  return refusal.exitCode !== 0 && lines.length === 1
    ? (lines[0] ?? '')
    : 'more than one line, or exit code 0'
}
