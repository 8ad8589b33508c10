/** Goal: what is counted of a topic goes with the topic, also when a call ends later. */
import { expect, test } from 'vitest'
import { ConsumeStats } from '../../../net/client/consume-stats.ts'

test('a topic that is given up begins anew, and late calls do not count', () => {
  const stats = new ConsumeStats(() => 1_000_000)
  stats.notePull('T', 8, 4)
  stats.noteCall('T', 8, 20, false)
  expect(stats.statusOf('T')).toMatchObject({ consumeFailedMsgs: 8, consumeRT: 20, pullRT: 4 })
  stats.forget('T')
  stats.noteCall('T', 8, 20, false)
  expect(stats.statusOf('T')).toMatchObject({ consumeFailedMsgs: 0, consumeRT: 0, pullRT: 0 })
  stats.notePull('T', 1, 2)
  expect(stats.statusOf('T')).toMatchObject({ consumeFailedMsgs: 0, consumeRT: 0, pullRT: 2 })
})
