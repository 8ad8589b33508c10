/**
 * Runs rows: the rounds of a row go A B A B, so that whatever slows the machine down for a while
 * slows down both. Rows that share brokers run together.
 */
import { GIB } from '../../engine/base/units.ts'
import { measureAppend } from './loads/append-contenders.ts'
import { runLoads } from './loads/bench-command.ts'
import { fillTopics } from './loads/fill-topics.ts'
import { measurePush } from './loads/push-load.ts'
import { measureRoutes } from './loads/route-load.ts'
import { measureSustained } from './loads/sustained-load.ts'
import type { Sample } from './measures/metrics.ts'
import type { VersusOptions } from './options.ts'
import { createOutcome, type RowOutcome } from './outcome.ts'
import type { Contender, Row, Work } from './row.ts'
import { runClientRow } from './run-client-row.ts'
import { runColdRow } from './run-cold-row.ts'
import { type Measure, runRounds } from './run-rounds.ts'
import { measureStart } from './run-start-row.ts'
import { BrokerPair, type Flush, warmUpMsOf } from './sides/broker-pair.ts'
import { useFreeMemory } from './sides/page-supply.ts'
import type { SideName } from './sides/side.ts'

/** With more in their stores the brokers of the next row start anew: the disk is not endless. */
const STORED_BYTES_MAX = 16 * GIB

type BrokerWork = Extract<Work, { kind: 'broker' | 'routes' | 'push' | 'sustained' }>

/** Measures `rows` one after the other. */
export async function* runRows(
  rows: readonly Row[],
  options: VersusOptions,
): AsyncGenerator<RowOutcome> {
  const starts = new Map<Contender, Sample[]>()
  const onStart = (pair: BrokerPair): void => {
    for (const [name, sample] of pair.starts)
      starts.set(name, [...(starts.get(name) ?? []), sample])
  }
  for (const own of byBrokers(rows)) yield* runBrokerRows(own, flushOf(own[0]!), options, onStart)
  for (const row of rows) {
    const { work } = row
    if (work.kind === 'cold') yield runColdRow(row, work, options)
    if (work.kind === 'client') yield runClientRow(row, work.client, options)
    if (work.kind === 'append') {
      useFreeMemory(options.directory)
      const measure: Measure = (name) => measureAppend(name, work.append, options)
      yield runRounds(row, options, measure)
    }
    if (work.kind === 'start') {
      const measure: Measure = (name) => measureStart(name as SideName, work.messageCount, options)
      // The brokers of the other rows have started on empty stores already.
      const isKnown = work.messageCount === 0 && starts.size > 0
      yield isKnown ? createOutcome(row, starts, new Map()) : runRounds(row, options, measure)
    }
  }
}

async function* runBrokerRows(
  rows: readonly Row[],
  flush: Flush,
  options: VersusOptions,
  onStart: (pair: BrokerPair) => void,
): AsyncGenerator<RowOutcome> {
  let pair: BrokerPair | undefined
  try {
    for (const row of rows) {
      if (pair === undefined) {
        pair = await BrokerPair.start(flush, options)
        onStart(pair)
      }
      const outcome = await runBrokerRow(row, row.work as BrokerWork, pair, options)
      yield outcome
      // What has failed once is not measured again: the next row may find it well.
      if (hasFailure(outcome) || (await pair.storedBytes()) > STORED_BYTES_MAX) {
        await pair.stop()
        pair = undefined
      }
    }
  } finally {
    await pair?.stop()
  }
}

/** Fills the topic of a row once, then measures the sides in turn. */
async function runBrokerRow(
  row: Row,
  work: BrokerWork,
  pair: BrokerPair,
  options: VersusOptions,
): Promise<RowOutcome> {
  const { warmupMs } = options
  const times = { durationMs: row.durationMs ?? options.durationMs, warmupMs }
  return runRounds(row, options, (contender, round) =>
    pair.withSide(contender as SideName, async (side, dataDirectory) => {
      if (work.kind === 'routes') {
        // Nothing else has asked the name server before.
        const firstMs = warmUpMsOf(side.name, options.javaWarmupMs)
        return measureRoutes(side, work, round === 0 ? { ...times, warmupMs: firstMs } : times)
      }
      const place = { broker: side.broker, pid: side.brokerPid, dataDirectory }
      if (work.kind === 'push') return measurePush(side, work, place, times)
      if (work.kind === 'sustained') return measureSustained(work.load, place, times)
      if (round === 0 && work.fill !== undefined) await fillTopics(work.fill, place)
      return runLoads(work.loads, place, times)
    }),
  )
}

/** Rows that run on the same brokers, in the order of the first of each. */
function byBrokers(rows: readonly Row[]): readonly (readonly Row[])[] {
  const groups = new Map<string, Row[]>()
  for (const row of rows) {
    if (!usesBrokers(row)) continue
    const key = `${flushOf(row)} ${row.store ?? ''}`
    groups.set(key, [...(groups.get(key) ?? []), row])
  }
  return [...groups.values()]
}

function hasFailure({ contenders }: RowOutcome): boolean {
  return contenders.some(({ failure }) => failure !== undefined)
}

function usesBrokers({ work }: Row): boolean {
  return ['broker', 'routes', 'push', 'sustained'].includes(work.kind)
}

function flushOf({ level }: Row): Flush {
  return level === 'sync' ? 'sync' : 'async'
}
