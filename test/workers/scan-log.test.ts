/** Goal: what threads scan ahead of a start is what the start itself finds. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { silentLogger } from '../../engine/base/logger.ts'
import { nodeFileSystem } from '../../engine/file/node-file-system.ts'
import { segmentPath } from '../../engine/file/store-layout.ts'
import { recoverLog } from '../../engine/log/log-recovery.ts'
import { ScannedQueues } from '../../engine/log/scanned-queues.ts'
import { MessageStore } from '../../engine/store/message-store.ts'
import { parseStoreOptions } from '../../engine/store/store-options.ts'
import { scanAhead } from '../../workers/scan-log.ts'
import { flipByte } from '../helpers/damage.ts'
import { SteppedStore } from '../helpers/stepped-store.ts'
import { type TemporaryFolder, temporaryFolder } from '../helpers/temporary-folder.ts'

const OPTIONS = { segmentBytes: 8 * 1024, messageBytesMax: 4 * 1024 } as const
const BODY = 'x'.repeat(600)
const MESSAGES = 120

/** A dozen segments, as a kill leaves them; one of the topics was deleted and came again. */
function killedStore(folder: TemporaryFolder): string {
  const live = join(folder.path, 'live')
  const killed = join(folder.path, 'killed')
  const stepped = new SteppedStore(nodeFileSystem(), live, OPTIONS)
  for (let index = 0; index < MESSAGES; index += 1) {
    const topic = index % 7 === 0 ? 'Rare' : `T${index % 2}`
    stepped.append({ topic, queueId: index % 3, body: `${BODY}${index}` })
    if (index === MESSAGES / 2) stepped.deleteTopic('T1')
  }
  cpSync(live, killed, { recursive: true })
  stepped.close()
  return killed
}

/** What a start finds, with runs that threads scanned and without any. */
async function findBoth(directory: string) {
  const files = nodeFileSystem()
  const config = parseStoreOptions({ ...OPTIONS, onCorruption: 'cut' })
  const place = { files, directory, config, logger: silentLogger }
  const { lock, plan } = MessageStore.prepare(place)
  const shown: number[][] = []
  const runs = await scanAhead(plan.input, plan.scan, {
    logger: silentLogger,
    onProgress: (done, total) => shown.push([done, total]),
    bytesMin: 0,
  })
  const find = (known: typeof runs) => {
    const queues = new ScannedQueues()
    const result = recoverLog(files, plan.input, plan.scan, queues, known)
    return { result, queues: [...queues] }
  }
  const found = { ahead: find(runs), alone: find(new Map()), runs, shown }
  lock.release()
  return found
}

const damages: Readonly<Record<string, (log: string) => void>> = {
  nothing: () => undefined,
  'a byte of a body': (log) => flipByte(segmentPath(log, 5 * OPTIONS.segmentBytes), 2000),
  'the head of a segment': (log) => flipByte(segmentPath(log, 3 * OPTIONS.segmentBytes), 5),
}

test.each(Object.entries(damages))('with damage to %s', async (_what, damage) => {
  using folder = temporaryFolder('scan-log')
  const directory = killedStore(folder)
  damage(join(directory, 'commitlog'))
  const { ahead, alone, runs, shown } = await findBoth(directory)
  expect(runs.size).toBeGreaterThan(10)
  const totalBytes = runs.size * OPTIONS.segmentBytes
  expect(shown.at(-1)).toEqual([totalBytes, totalBytes])
  expect(ahead).toEqual(alone)
  expect(alone.queues.length).toBeGreaterThan(6)
})

test('queues that began anew in a later segment are known as such', async () => {
  using folder = temporaryFolder('scan-log')
  const { ahead } = await findBoth(killedStore(folder))
  const restarted = ahead.queues.filter(({ isRestarted }) => isRestarted)
  expect(new Set(restarted.map(({ topic }) => topic))).toEqual(new Set(['T1']))
})
