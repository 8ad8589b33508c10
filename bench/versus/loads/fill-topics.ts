import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchLoad, Fill } from '../row.ts'
import { type LoadPlace, runReportedLoad } from './bench-command.ts'

const TIMES = { durationMs: 1, warmupMs: 0 }
/** So long a broker may take until its queues have all: RocketMQ makes 400 new ones a second. */
const SEEN_MS_MAX = 240_000
const POLL_MS = 1000

/**
 * Puts messages into topics and waits until consumers see them: with less in the queues than a row
 * says, other pulls would be measured.
 */
export async function fillTopics(
  { load, topicWords, messageCount }: Fill,
  place: LoadPlace,
): Promise<void> {
  const { sample } = await runReportedLoad(load, place, TIMES)
  const { refusalCount = 0 } = sample
  if (refusalCount > 0) throw new Error(`${refusalCount} sends that fill the topics were refused`)
  const endMs = performance.now() + SEEN_MS_MAX
  for (;;) {
    const seenCount = await storedCount(topicWords, place)
    if (seenCount >= messageCount) return
    if (performance.now() > endMs) {
      const seconds = SEEN_MS_MAX / 1000
      const missing = `${seenCount} of ${messageCount} messages`
      throw new Error(`its queues hold ${missing} ${seconds} s after it has acknowledged them`)
    }
    await sleep(POLL_MS)
  }
}

async function storedCount(topicWords: readonly string[], place: LoadPlace): Promise<number> {
  const one: BenchLoad = { benchmark: 'consume', words: [...topicWords, '--count', '1'] }
  const { report } = await runReportedLoad(one, place, TIMES)
  return report.storedCount ?? 0
}
