/**
 * Goal: a broker that is killed at any moment, again and again, keeps what it acknowledged.
 * Method: real processes, real SIGKILLs between 50 and 500 ms apart while producers send, topics
 * come, go and change, a group consumes and old segments are deleted; after each one everything is
 * read back and compared with what was answered. AGENA_SEED replays a run's choices, AGENA_LONG=1
 * makes it ten times as long.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { verifyStore } from '../../workers/verify-store.ts'
import { SeededRandom } from '../helpers/seeded-random.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { ChangingTopic } from './kills/changing-topic.ts'
import { GroupOffsets } from './kills/group-offsets.ts'
import type { KillLoad } from './kills/kill-load.ts'
import { KilledBroker } from './kills/killed-broker.ts'
import { KnownQueues } from './kills/known-queues.ts'
import { SegmentDeletions } from './kills/segment-deletions.ts'
import { VolatileTopic } from './kills/volatile-topic.ts'

const KILLS = process.env['AGENA_LONG'] === '1' ? 250 : 25
const TEST_TIMEOUT_MS = KILLS * 20_000
const LIFE_MS_MIN = 50
const LIFE_MS_MAX = 500
const TOPICS = ['Orders', 'Payments']
const QUEUE_COUNT = 3
const SEGMENT_BYTES = 1024 * 1024
/** Before one start in so many the offsets of the group are ahead of what the log has. */
const STARTS_PER_RAISE = 6
const HOURS_OF_DAY = 24
/** Small files, so that segments, queue files and index files roll. */
const SETTINGS = [
  `mappedFileSizeCommitLog=${SEGMENT_BYTES}`,
  'mappedFileSizeConsumeQueue=2000',
  'maxHashSlotNum=1000',
  'maxIndexNum=3000',
  'flushConsumerOffsetInterval=100',
  // What is full may go, but not by the clock.
  'fileReservedTime=0',
  `deleteWhen=${(new Date().getHours() + HOURS_OF_DAY / 2) % HOURS_OF_DAY}`,
  'deleteCommitLogFilesInterval=0',
]
/** What must have happened, this often in each kill of the mean. */
const LEAST_PER_KILL = {
  'messages acknowledged': 10,
  'batches acknowledged': 1,
  'sends without an answer': 1,
  'messages delivered': 5,
  'offsets committed': 1,
  'offsets taken back at a start': 0.1,
  'topics deleted': 0.2,
  'topics changed': 1,
  'segments begun': 0.5,
  'segments deleted': 0.2,
}

vi.setConfig({ testTimeout: TEST_TIMEOUT_MS })

test.each(['ASYNC_FLUSH', 'SYNC_FLUSH'])(
  '%s: kill -9 loses nothing that was acknowledged',
  async (flush) => {
    const random = new SeededRandom(Number(process.env['AGENA_SEED'] ?? Date.now() % 2 ** 31))
    using folder = temporaryFolder('kills')
    const directory = join(folder.path, 'data')
    const settings = [...SETTINGS, `flushDiskType=${flush}`]
    const run = new KillRun(random, directory)
    for (let kill = 0; kill < KILLS; kill += 1) {
      run.beforeStart()
      const broker = await KilledBroker.start(directory, settings)
      const why = `${flush}, seed ${random.seed}, kill ${kill}`
      try {
        expect(await run.problems(broker), why).toEqual([])
        const load = run.load(broker)
        const lifeMs = LIFE_MS_MIN + random.below(LIFE_MS_MAX - LIFE_MS_MIN)
        await new Promise((resolve) => setTimeout(resolve, lifeMs))
        await broker.kill()
        await load
      } finally {
        broker.end()
      }
    }
    const last = await KilledBroker.start(directory, settings)
    expect(await run.problems(last), `${flush}, seed ${random.seed}`).toEqual([])
    expect((await last.stop()).exitCode).toBe(0)
    expect(existsSync(join(directory, 'abort'))).toBe(false)
    // What its own reader serves is what stands in the files: each record, and its unit.
    const verified = await verifyStore(directory, { all: true })
    expect(verified.areQueuesVerified).toBe(true)
    expect(verified.segments.flatMap(({ damages }) => damages)).toEqual([])
    expect(verified.damagedQueues).toEqual([])
    const counts = run.counts()
    console.log(`kills, ${flush}, seed ${random.seed}: ${KILLS} kills`, counts)
    const tooRare = Object.entries(LEAST_PER_KILL).filter(
      ([name, least]) => !((counts[name] ?? 0) >= least * KILLS),
    )
    expect(tooRare).toEqual([])
  },
)

class KillRun {
  readonly #random: SeededRandom
  readonly #directory: string
  readonly #group: GroupOffsets
  readonly #loads: readonly KillLoad[]
  #segmentCount = 0

  constructor(random: SeededRandom, directory: string) {
    this.#random = random
    this.#directory = directory
    this.#group = new GroupOffsets(TOPICS, QUEUE_COUNT)
    this.#loads = [
      new SegmentDeletions(random, SEGMENT_BYTES),
      new KnownQueues(random, { topics: TOPICS, queueCount: QUEUE_COUNT }),
      new VolatileTopic(random),
      new ChangingTopic(random),
      this.#group,
    ]
  }

  beforeStart(): void {
    if (this.#random.below(STARTS_PER_RAISE) === 0) this.#group.raise(this.#directory)
  }

  /** Resolves when the broker is gone. */
  async load(broker: KilledBroker): Promise<void> {
    const loads = this.#loads.map((load) =>
      load.run(broker).catch((error: unknown) => {
        if (!(error instanceof Error) || !('code' in error)) throw error
      }),
    )
    await Promise.all(loads)
  }

  /** What is wrong with what the broker serves. */
  async problems(broker: KilledBroker): Promise<string[]> {
    const starts = readdirSync(join(this.#directory, 'commitlog')).map(Number)
    this.#segmentCount = Math.max(0, ...starts) / SEGMENT_BYTES
    const logStart = starts.length === 0 ? 0 : Math.min(...starts)
    const problems: string[] = []
    for (const load of this.#loads) problems.push(...(await load.problems(broker, logStart)))
    return problems.slice(0, 10)
  }

  counts(): Readonly<Record<string, number>> {
    const counts = this.#loads.map((load) => load.counts())
    return Object.assign({ 'segments begun': this.#segmentCount }, ...counts)
  }
}
