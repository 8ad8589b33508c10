import { execFileSync } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { KIB, MIB } from '../../engine/base/units.ts'
import { diskReadBytes, dropPages } from '../cold-pull/page-cache.ts'
import { runLoads } from './loads/bench-command.ts'
import type { Sample } from './measures/metrics.ts'
import type { VersusOptions } from './options.ts'
import type { RowOutcome } from './outcome.ts'
import type { Row, Work } from './row.ts'
import { roundsOf, runRounds } from './run-rounds.ts'
import { startSide, warmUp } from './sides/broker-pair.ts'
import type { Side, SideName } from './sides/side.ts'

type ColdWork = Extract<Work, { kind: 'cold' }>

/** A start reads the last three files of a log: with small ones, most of it stays on the disk. */
const SEGMENT_BYTES = 64 * MIB
/** Fills more than three files, behind what is read cold. */
const FILLER = ['--topic', 'Filler', '--size', '64KiB', '--count', String(5 * KIB)]

/** A broker that was stopped and started since its topics were filled. */
interface ColdBroker {
  readonly side: Side
  readonly dataDirectory: string
}

/**
 * Reads topics that lie on the disk alone, another one each round. Pages that a process has mapped
 * stay in memory whatever is asked, so the brokers are started anew between filling and reading.
 */
export async function runColdRow(
  row: Row,
  work: ColdWork,
  options: VersusOptions,
): Promise<RowOutcome> {
  const directory = join(options.directory, 'cold')
  const brokers = new Map<SideName, ColdBroker>()
  try {
    return await runRounds(row, options, async (contender, round) => {
      const name = contender as SideName
      const topicCount = roundsOf(row, options)
      const place = { directory, topicCount }
      const broker = brokers.get(name) ?? (await prepare(name, place, work, options))
      brokers.set(name, broker)
      return readCold(broker, round, work)
    })
  } finally {
    for (const { side } of brokers.values()) await side.kill()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function prepare(
  name: SideName,
  { directory, topicCount }: { readonly directory: string; readonly topicCount: number },
  work: ColdWork,
  options: VersusOptions,
): Promise<ColdBroker> {
  const filled = await startSide(name, directory, 'async', options, SEGMENT_BYTES)
  const dataDirectory = join(directory, name, 'store')
  try {
    for (let round = 0; round < topicCount; round++) {
      const size = ['--size', work.bodyBytes, '--count', work.messageCount].map(String)
      await fill(filled, dataDirectory, ['--topic', topicOf(round), ...size])
    }
    await fill(filled, dataDirectory, FILLER)
  } finally {
    await filled.stop()
  }
  dropStore(dataDirectory)
  const side = await startSide(name, directory, 'async', options, SEGMENT_BYTES)
  await warmUp(side, dataDirectory, options)
  side.pause()
  return { side, dataDirectory }
}

async function fill(side: Side, dataDirectory: string, words: readonly string[]): Promise<void> {
  const place = { broker: side.broker, pid: side.brokerPid, dataDirectory }
  await runLoads([{ benchmark: 'send', words }], place, { durationMs: 1, warmupMs: 0 })
}

async function readCold(
  { side, dataDirectory }: ColdBroker,
  round: number,
  { messageCount }: ColdWork,
): Promise<Sample> {
  dropStore(dataDirectory)
  const place = { broker: side.broker, pid: side.brokerPid, dataDirectory }
  const words = ['--topic', topicOf(round), '--count', String(messageCount)]
  side.resume()
  try {
    const before = diskReadBytes(side.brokerPid)
    const times = { durationMs: 1, warmupMs: 0 }
    const sample = await runLoads([{ benchmark: 'consume', words }], place, times)
    return { ...sample, diskReadBytes: diskReadBytes(side.brokerPid) - before }
  } finally {
    side.pause()
  }
}

function topicOf(round: number): string {
  return `Cold-${round}`
}

/** What is written stays in memory where it is dirty, so it goes to the disk first. */
function dropStore(dataDirectory: string): void {
  execFileSync('sync')
  for (const entry of readdirSync(dataDirectory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) dropPages(join(entry.parentPath, entry.name))
  }
}
