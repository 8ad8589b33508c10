/**
 * A broker process under mixed load for minutes: every message is accounted for, and neither the
 * broker nor the process of its clients holds more in the end than after its warm-up.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { KilledBroker } from '../crash/kills/killed-broker.ts'
import type { SeededRandom } from '../helpers/seeded-random.ts'
import { DELAY_SETTING, MixedTraffic } from './mixed-traffic.ts'
import { outerFigures, type ProcessFigures, type Trend, trendsOf } from './process-figures.ts'
import { type InnerFigures, innerFigures } from './process-probe.ts'
import {
  AgeingSegments,
  KeyQueries,
  NewsBroadcast,
  RETENTION_SETTINGS,
  VisitedTopics,
} from './side-loads.ts'
import type { SoakLoad } from './soak-load.ts'

export interface SoakOptions {
  readonly durationMs: number
  readonly sampleEveryMs: number
  readonly random: SeededRandom
  readonly folder: string
  readonly onSample?: (sample: BothFigures) => void
}

/** What both processes hold at a moment. */
export interface BothFigures {
  /** Since the load began. */
  readonly atMs: number
  readonly broker: ProcessFigures
  readonly clients: ProcessFigures
}

export interface SoakReport {
  readonly broker: readonly Trend[]
  readonly clients: readonly Trend[]
  readonly counts: Readonly<Record<string, number>>
  readonly problems: readonly string[]
}

const PROBE = new URL('./process-probe.js', import.meta.url)
const SETTINGS = [
  DELAY_SETTING,
  ...RETENTION_SETTINGS,
  'mappedFileSizeCommitLog=4194304',
  'mappedFileSizeConsumeQueue=20000',
  'maxHashSlotNum=5000',
  'maxIndexNum=20000',
]
const DRAIN_MS_MAX = 60_000
const LOOK_EVERY_MS = 10
const PROBE_MS_MAX = 30_000

export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const { folder, random } = options
  const probePath = join(folder, 'probe.jsonl')
  const data = join(folder, 'data')
  const env = { NODE_OPTIONS: `--import=${PROBE.href}`, AGENA_PROBE: probePath }
  const broker = await KilledBroker.start(data, SETTINGS, { env })
  try {
    const place = { broker, random, folder }
    const mixed = new MixedTraffic(place)
    const visited = new VisitedTopics(place)
    const queries = new KeyQueries(place, mixed)
    const segments = join(data, 'commitlog')
    const loads: SoakLoad[] = [
      mixed,
      new NewsBroadcast(place),
      visited,
      queries,
      new AgeingSegments(segments),
    ]
    const ledgers = loads.flatMap(({ ledger }) => ledger ?? [])
    for (const load of loads) await load.start()
    const check = () => {
      for (const load of loads) load.check()
    }
    const samples = await sampleAll(broker.pid, probePath, { ...options, check })
    for (const load of loads) await load.stop()
    const endMs = performance.now() + DRAIN_MS_MAX
    const openCount = () => ledgers.reduce((sum, ledger) => sum + ledger.openCount, 0)
    while (openCount() > 0 && performance.now() < endMs) await sleep(LOOK_EVERY_MS)
    for (const load of loads) await load.close()
    const { exitCode, stderr } = await broker.stop()
    const lost = ledgers.flatMap(({ openSome }) => openSome.map((what) => `on its way: ${what}`))
    const ended = exitCode === 0 ? [] : [`the broker ended with ${exitCode}: ${stderr}`]
    const [firstSegment = '0'] = readdirSync(segments).toSorted()
    return {
      broker: trendsOf(samples.map(({ atMs, broker: figures }) => ({ atMs, figures }))),
      clients: trendsOf(samples.map(({ atMs, clients: figures }) => ({ atMs, figures }))),
      counts: {
        ...Object.fromEntries(ledgers.map(({ name, settledCount }) => [name, settledCount])),
        repeats: ledgers.reduce((sum, { repeatCount }) => sum + repeatCount, 0),
        members: mixed.joinedCount,
        topics: visited.topicCount,
        queries: queries.foundCount,
        expiredBytes: Number(firstSegment),
        samples: samples.length,
      },
      problems: [...ended, ...lost, ...ledgers.flatMap(({ problems }) => problems.slice(0, 5))],
    }
  } finally {
    broker.end()
  }
}

async function sampleAll(
  pid: number,
  probePath: string,
  { check, durationMs, sampleEveryMs, onSample }: SoakOptions & { readonly check: () => void },
): Promise<readonly BothFigures[]> {
  const samples: BothFigures[] = []
  const startedMs = performance.now()
  for (let atMs = 0; atMs < durationMs; atMs = performance.now() - startedMs) {
    const broker = { ...(await probed(pid, probePath, samples.length)), ...outerFigures(pid) }
    const clients = { ...innerFigures(), ...outerFigures(process.pid) }
    const sample = { atMs, broker, clients }
    samples.push(sample)
    onSample?.(sample)
    await sleep(sampleEveryMs)
    check()
  }
  return samples
}

/** @param line the number of the line that the probe writes next */
async function probed(pid: number, path: string, line: number): Promise<InnerFigures> {
  process.kill(pid, 'SIGUSR2')
  const endMs = performance.now() + PROBE_MS_MAX
  while (performance.now() < endMs) {
    const lines = existsSync(path) ? readFileSync(path, 'latin1').split('\n').slice(0, -1) : []
    const text = lines[line]
    if (text !== undefined) return JSON.parse(text) as InnerFigures
    await sleep(LOOK_EVERY_MS)
  }
  throw new Error('the broker says nothing of itself')
}
