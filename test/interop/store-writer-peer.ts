/**
 * Fills a store folder with our library until it is killed. Prints `acked OFFSET` for each message
 * that is done. The only argument is the folder.
 */
import { openStore } from '../../workers/index.ts'
import { smallStoreOptions } from './small-segments.ts'

/** For this process to end even if nobody kills it. */
const MESSAGE_COUNT_MAX = 200_000
/** Appended together, so that a kill meets writes in progress. */
const BURST = 4

const store = await openStore(process.argv[2] ?? '', smallStoreOptions)
for (let at = 0; at < MESSAGE_COUNT_MAX; at += BURST) {
  const burst = Array.from({ length: BURST }, (_, index) => ({
    topic: 'Killed',
    queueId: index % 3,
    body: Buffer.from(`message ${at + index} ${'and on '.repeat((at + index) % 90)}`),
    keys: [`key-${at + index}`],
    tags: `tag-${index % 2}`,
  }))
  const results = await store.appendBatch(burst)
  for (const { physicalOffset } of results) process.stdout.write(`acked ${physicalOffset}\n`)
}
