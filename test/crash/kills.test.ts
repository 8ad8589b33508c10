/**
 * Goal: a broker that is killed at any moment, again and again, keeps what it acknowledged.
 * Method: real processes, real SIGKILLs between 50 and 500 ms apart while producers send, topics
 * come and go and offsets are committed; after each one everything is read back and compared with
 * what was answered. AGENA_SEED replays a run's choices, AGENA_LONG=1 makes it ten times as long.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { decodeMessage } from '../../engine/format/stored-message.ts'
import { RequestCode } from '../../net/protocol/request-code.ts'
import { verifyStore } from '../../workers/verify-store.ts'
import { sendFields } from '../helpers/running-standalone.ts'
import { SeededRandom } from '../helpers/seeded-random.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { KilledBroker } from './kills/killed-broker.ts'
import { KnownSends, type ReadMessage } from './kills/known-sends.ts'
import { idOf, Producer } from './kills/producer.ts'

const KILLS = process.env['AGENA_LONG'] === '1' ? 250 : 25
const TEST_TIMEOUT_MS = KILLS * 20_000
const TOPICS = ['Orders', 'Payments']
const QUEUE_COUNT = 3
const VOLATILE = 'Volatile'
const GROUP = 'readers'
const LOOK_UPS = 12
/** Small files, so that segments, queue files and index files roll. */
const SETTINGS = [
  'mappedFileSizeCommitLog=1048576',
  'mappedFileSizeConsumeQueue=2000',
  'maxHashSlotNum=1000',
  'maxIndexNum=3000',
  'flushConsumerOffsetInterval=100',
]

vi.setConfig({ testTimeout: TEST_TIMEOUT_MS })

test.each(['ASYNC_FLUSH', 'SYNC_FLUSH'])(
  '%s: kill -9 loses nothing that was acknowledged',
  async (flush) => {
    const random = new SeededRandom(Number(process.env['AGENA_SEED'] ?? Date.now() % 2 ** 31))
    using folder = temporaryFolder('kills')
    const directory = join(folder.path, 'data')
    const settings = [...SETTINGS, `flushDiskType=${flush}`]
    const run = new KillRun(random)
    for (let kill = 0; kill < KILLS; kill += 1) {
      const broker = await KilledBroker.start(directory, settings)
      const why = `${flush}, seed ${random.seed}, kill ${kill}`
      try {
        expect(await run.problems(broker), why).toEqual([])
        const load = run.load(broker)
        await new Promise((resolve) => setTimeout(resolve, 50 + random.below(450)))
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
    expect(verified.segments.length).toBeGreaterThan(2)
    expect(run.known.acked.length).toBeGreaterThan(KILLS * 10)
  },
)

class KillRun {
  readonly known = new KnownSends()
  readonly #random: SeededRandom
  readonly #producers: Producer[]
  /** Offsets that were committed, by topic and queue: never more than was read. */
  readonly #committed = new Map<string, number>()
  /** Bodies that were sent to the topic that comes and goes, since it surely was deleted last. */
  readonly #volatile = new Set<string>()
  #volatileCount = 0
  /** Those that were acknowledged since its deletion was last asked for, by their queue offset. */
  readonly #volatileAcked = new Map<number, string>()

  constructor(random: SeededRandom) {
    this.#random = random
    const targets = TOPICS.flatMap((topic) =>
      Array.from({ length: QUEUE_COUNT }, (_, queueId) => ({ topic, queueId })),
    )
    this.#producers = [...targets, ...targets].map((target, index) => {
      const own = new SeededRandom(random.below(2 ** 31))
      return new Producer(`p${index}`, target, own, this.known)
    })
  }

  /** Resolves when the broker is gone. */
  async load(broker: KilledBroker): Promise<void> {
    const others = [this.#comeAndGo(broker), this.#consume(broker)].map((work) =>
      work.catch((error: unknown) => {
        if (!(error instanceof Error) || !('code' in error)) throw error
      }),
    )
    await Promise.all([...this.#producers.map((producer) => producer.run(broker)), ...others])
  }

  /** What is wrong with what the broker serves. */
  async problems(broker: KilledBroker): Promise<string[]> {
    const problems: string[] = []
    for (const topic of TOPICS) {
      const queues = await Promise.all(
        Array.from({ length: QUEUE_COUNT }, (_, queueId) =>
          this.#readQueue(broker, topic, queueId),
        ),
      )
      problems.push(...this.known.problemsOf(topic, queues))
      for (let queueId = 0; queueId < QUEUE_COUNT; queueId += 1) {
        problems.push(...(await this.#offsetProblems(broker, topic, queueId)))
      }
    }
    problems.push(...(await this.#volatileProblems(broker)))
    for (let count = 0; count < LOOK_UPS && this.known.acked.length > 0; count += 1) {
      problems.push(...(await this.#lookUpProblems(broker)))
    }
    return problems.slice(0, 10)
  }

  async #readQueue(broker: KilledBroker, topic: string, queueId: number): Promise<ReadMessage[]> {
    const messages = await broker.readAll(topic, queueId)
    return messages.map(({ body, queueOffset, physicalOffset, ...message }) => {
      return { id: idOf(body), queueId: message.queueId, queueOffset, physicalOffset }
    })
  }

  async #offsetProblems(broker: KilledBroker, topic: string, queueId: number): Promise<string[]> {
    const fields = { consumerGroup: GROUP, topic, queueId }
    const answer = await broker.ask(RequestCode.QUERY_CONSUMER_OFFSET, fields)
    const offset = Number(answer.extFields.get('offset') ?? 0)
    const committed = this.#committed.get(`${topic}/${queueId}`) ?? 0
    const end = await broker.endOf(topic, queueId)
    if (offset <= committed && offset <= end) return []
    return [`${topic}/${queueId}: offset ${offset}, but the end is ${end}, committed ${committed}`]
  }

  /** By physical offset, and by key. */
  async #lookUpProblems(broker: KilledBroker): Promise<string[]> {
    const acked = this.#random.pick(this.known.acked)
    const { id, topic, physicalOffset } = acked
    const viewed = await broker.ask(RequestCode.VIEW_MESSAGE_BY_ID, { offset: physicalOffset })
    const isViewed = viewed.code === 0 && idOf(decodeMessage(viewed.body).body) === id
    const query = {
      topic,
      key: id,
      maxNum: 10,
      beginTimestamp: 0,
      endTimestamp: Date.now() + 60_000,
    }
    const found = await broker.ask(RequestCode.QUERY_MESSAGE, query)
    const isFound = found.code === 0 && found.body.includes(`${id}:`)
    return [
      ...(isViewed ? [] : [`${id} is not at ${physicalOffset}: code ${viewed.code}`]),
      ...(isFound ? [] : [`${id} is not found by its key: code ${found.code}`]),
    ]
  }

  /**
   * Nothing is there that was not sent, or that was deleted, no place is empty, and what was
   * acknowledged is there.
   */
  async #volatileProblems(broker: KilledBroker): Promise<string[]> {
    const messages = await broker.readAll(VOLATILE, 0)
    const first = messages[0]?.queueOffset ?? 0
    const strange = messages.flatMap(({ body, queueOffset }, place) => {
      const isSent = this.#volatile.has(body.toString())
      return queueOffset === first + place && isSent
        ? []
        : [`${VOLATILE}/${first + place}: ${queueOffset}, ${body.toString()}`]
    })
    const lost = [...this.#volatileAcked].flatMap(([queueOffset, body]) => {
      const found = messages[queueOffset - first]?.body.toString() ?? 'nothing'
      return found === body ? [] : [`${VOLATILE}/${queueOffset}: ${found}, not ${body}`]
    })
    return [...strange, ...lost]
  }

  async #comeAndGo(broker: KilledBroker): Promise<never> {
    for (;;) {
      for (let count = this.#random.below(40); count >= 0; count -= 1) {
        this.#volatileCount += 1
        const body = `volatile ${this.#volatileCount}`
        this.#volatile.add(body)
        const fields = sendFields(VOLATILE)
        const answer = await broker.ask(RequestCode.SEND_MESSAGE_V2, fields, Buffer.from(body))
        if (answer.code !== 0) throw new Error(`refused: ${answer.code} ${answer.remark ?? ''}`)
        this.#volatileAcked.set(Number(answer.extFields.get('queueOffset')), body)
      }
      this.#volatileAcked.clear()
      const answer = await broker.ask(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: VOLATILE })
      if (answer.code !== 0) throw new Error(`not deleted: ${answer.code} ${answer.remark ?? ''}`)
      this.#volatile.clear()
    }
  }

  async #consume(broker: KilledBroker): Promise<never> {
    for (;;) {
      for (const topic of TOPICS) {
        for (let queueId = 0; queueId < QUEUE_COUNT; queueId += 1) {
          const commitOffset = await broker.endOf(topic, queueId)
          this.#committed.set(`${topic}/${queueId}`, commitOffset)
          const fields = { consumerGroup: GROUP, topic, queueId, commitOffset }
          await broker.ask(RequestCode.UPDATE_CONSUMER_OFFSET, fields)
        }
      }
    }
  }
}
