import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { runLoads } from './loads/bench-command.ts'
import { clientTopicOf, measureClient } from './loads/client-load.ts'
import type { VersusOptions } from './options.ts'
import type { RowOutcome } from './outcome.ts'
import type { ClientWork, Row } from './row.ts'
import { runRounds } from './run-rounds.ts'
import { startSide, warmUp } from './sides/broker-pair.ts'
import type { SideName } from './sides/side.ts'

/** Enough to make the topic that sends go to. */
const SEND_FILL_COUNT = 1000

/** Our client and the Java client in turn, each in a new process, before one broker of ours. */
export async function runClientRow(
  row: Row,
  work: ClientWork,
  options: VersusOptions,
): Promise<RowOutcome> {
  const directory = join(options.directory, 'clients')
  const side = await startSide('Agena', directory, 'async', options)
  try {
    const dataDirectory = join(directory, side.name, 'store')
    await warmUp(side, dataDirectory, options)
    const place = { broker: side.broker, pid: side.brokerPid, dataDirectory }
    const count = work.kind === 'consume' ? work.messageCount : SEND_FILL_COUNT
    const shape = { topic: clientTopicOf(work), size: work.bodyBytes, count, queues: 8 }
    const words = Object.entries(shape).map(([name, value]) => `--${name}=${value}`)
    await runLoads([{ benchmark: 'send', words }], place, { durationMs: 1, warmupMs: 0 })
    const times = { ...options, scratch: join(directory, 'java') }
    return await runRounds(row, options, (contender) =>
      measureClient(contender as SideName, work, side, times),
    )
  } finally {
    await side.kill()
    rmSync(directory, { recursive: true, force: true })
  }
}
