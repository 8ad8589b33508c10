/**
 * Goal: with a broker that is killed at any moment, again and again, every message that a group
 * fails to consume is tried as often as it should be, and ends consumed or as a dead letter.
 * Method: real processes and real SIGKILLs 100 to 1,300 ms apart, so that they meet attempts,
 * answers that are on their way, and messages that wait for their next try. How often a message
 * fails is written in it. Each attempt is noted where it is made; one too many needs a kill that
 * explains it.
 * AGENA_SEED replays a run's choices, AGENA_LONG=1 makes it ten times as long.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import type { StoredMessage } from '../../engine/format/stored-message.ts'
import { ClientError, Producer, PushConsumer } from '../../net/client/index.ts'
import { RequestCode } from '../../net/protocol/request-code.ts'
import { SeededRandom } from '../helpers/seeded-random.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { KnownAttempts, type SentMessage } from './kills/known-attempts.ts'
import { ReturningBroker } from './kills/returning-broker.ts'

const KILLS = process.env['AGENA_LONG'] === '1' ? 110 : 11
/** What is sent up to here has the kills after it still before it. */
const SENDING_KILLS = KILLS - 3
const TOPIC = 'Orders'
const GROUPS = ['billing', 'shipping']
const RETRIES_MAX = 3
const FAILURES = [0, 0, 0, 1, 2, 3, 9]
/** The first retry has level 3. */
const LEVELS = 'messageDelayLevel=1s 1s 1s 2s 1s 1s'
const DELAYS_MS = [1000, 2000, 1000]
const SENDERS = 3
const QUIET_COUNT = 20
const BODY_BYTES_MAX = 2_000
const SETTINGS = [
  LEVELS,
  'flushDelayOffsetInterval=200',
  'flushConsumerOffsetInterval=200',
  'mappedFileSizeCommitLog=1048576',
  'mappedFileSizeConsumeQueue=2000',
  'maxHashSlotNum=1000',
  'maxIndexNum=3000',
]

vi.setConfig({ testTimeout: KILLS * 20_000 })

test('kill -9 leaves each failed message consumed or dead, after the right attempts', async () => {
  const random = new SeededRandom(Number(process.env['AGENA_SEED'] ?? Date.now() % 2 ** 31))
  const why = `seed ${random.seed}`
  console.log(why)
  using folder = temporaryFolder('retry-kills')
  using broker = await ReturningBroker.start(join(folder.path, 'data'), SETTINGS)
  const run = await RetryRun.start(broker, random)
  try {
    for (let kill = 0; kill < KILLS; kill += 1) {
      const sending = kill < SENDING_KILLS ? run.sendUntilKilled() : []
      await sleep(100 + random.below(1_200))
      await broker.kill()
      await Promise.all(sending)
      await broker.comeBack()
    }
    await run.sendQuietly(QUIET_COUNT)
    await expect.poll(() => run.unsettled(), { timeout: 30_000, interval: 200 }).toEqual([])
    expect(await run.problems(), why).toEqual([])
    expect(run.acknowledgedCount).toBeGreaterThan(SENDING_KILLS * 5)
    // Most attempts are made once: kills meet those of the last moments only.
    console.log(`${run.attemptCount} attempts, ${run.extraCount} of them extra`)
    expect(run.extraCount, why).toBeLessThan(run.attemptCount / 2)
  } finally {
    await run.close()
  }
})

class RetryRun {
  attemptCount = 0
  readonly #broker: ReturningBroker
  readonly #random: SeededRandom
  readonly #groups = new Map<string, KnownAttempts>()
  readonly #consumers: PushConsumer[] = []
  readonly #producer: Producer
  readonly #sent = new Map<string, SentMessage>()
  readonly #acknowledged = new Set<string>()

  static async start(broker: ReturningBroker, random: SeededRandom): Promise<RetryRun> {
    const nameServers = [broker.nameServer]
    const producer = await Producer.start({ nameServers, group: 'makers', retryCountMax: 0 })
    const run = new RetryRun(broker, random, producer)
    for (const group of GROUPS) await run.#consume(group)
    return run
  }

  private constructor(broker: ReturningBroker, random: SeededRandom, producer: Producer) {
    this.#broker = broker
    this.#random = random
    this.#producer = producer
  }

  get acknowledgedCount(): number {
    return this.#acknowledged.size
  }

  /** Attempts that were made without need. */
  get extraCount(): number {
    let count = 0
    for (const known of this.#groups.values()) {
      for (const sent of this.#sent.values()) count += known.extraCount(sent)
    }
    return count
  }

  sendUntilKilled(): Promise<void>[] {
    const { life } = this.#broker
    return Array.from({ length: SENDERS }, async () => {
      while (this.#broker.life === life) {
        await this.#send()
        await sleep(this.#random.below(40))
      }
    })
  }

  /** Sends what meets no kill any more: each attempt of it is made exactly once. */
  async sendQuietly(count: number): Promise<void> {
    const before = this.#acknowledged.size
    while (this.#acknowledged.size < before + count) await this.#send()
  }

  /** Messages that are neither consumed nor dead, by group. */
  async unsettled(): Promise<string[]> {
    const unsettled: string[] = []
    for (const [group, known] of this.#groups) {
      const dead = await this.#deadOf(group)
      for (const [id, sent] of this.#sent) {
        const isStored = this.#acknowledged.has(id) || known.has(sent)
        const isEnded = dead.has(id) || known.isConsumed(sent)
        if (isStored && !isEnded) unsettled.push(`${group} ${id}`)
      }
      if (!(await this.#hasReadAll(group))) unsettled.push(`${group} has not read all`)
    }
    return unsettled.slice(0, 10)
  }

  async problems(): Promise<string[]> {
    const problems: string[] = []
    for (const [group, known] of this.#groups) {
      const dead = await this.#deadOf(group)
      const strange = [...dead.keys()].filter((id) => !this.#sent.has(id))
      problems.push(...strange.map((id) => `${group}: the dead letter ${id} was not sent`))
      for (const sent of this.#sent.values()) {
        if (!this.#acknowledged.has(sent.id) && !known.has(sent)) continue
        problems.push(...known.problemsOf(sent, dead.get(sent.id) ?? []))
      }
    }
    return problems.slice(0, 10)
  }

  async close(): Promise<void> {
    await Promise.all([this.#producer, ...this.#consumers].map((client) => client.close()))
  }

  async #consume(group: string): Promise<void> {
    const rules = { group, retriesMax: RETRIES_MAX, delaysMs: DELAYS_MS }
    const known = new KnownAttempts(rules)
    this.#groups.set(group, known)
    const consumer = await PushConsumer.start({
      nameServers: [this.#broker.nameServer],
      group,
      subscriptions: { [TOPIC]: '*' },
      consumeFrom: 'first',
      reconsumeTimesMax: RETRIES_MAX,
      persistIntervalMs: 200,
      onMessage: async ([message]) => {
        const sent = this.#sent.get(message?.properties.get('id') ?? '')
        if (message === undefined || sent === undefined) throw new Error('nobody sent this')
        this.attemptCount += 1
        const attempt = { message, life: this.#broker.life, startedMs: Date.now() }
        const isToFail = known.note(sent, attempt)
        await sleep(this.#random.below(10))
        return isToFail ? 'later' : 'success'
      },
    })
    this.#consumers.push(consumer)
  }

  async #send(): Promise<void> {
    const id = `m${this.#sent.size}`
    const failures = this.#random.pick(FAILURES)
    const body = Buffer.alloc(1 + this.#random.below(BODY_BYTES_MAX), id)
    const properties = { id, failures: String(failures), colour: 'röd' }
    const keys = `key-${id}`
    this.#sent.set(id, { id, topic: TOPIC, keys, body, properties, failures })
    try {
      const { status } = await this.#producer.send({ topic: TOPIC, keys, body, properties })
      if (status !== 'SEND_OK') throw new Error(`a send ended with ${status}`)
      this.#acknowledged.add(id)
    } catch (error) {
      // Stored or not: nobody knows.
      if (!(error instanceof ClientError)) throw error
    }
  }

  async #deadOf(group: string): Promise<ReadonlyMap<string, readonly StoredMessage[]>> {
    const letters = await this.#broker.current.readAll(`%DLQ%${group}`, 0)
    const byId = new Map<string, StoredMessage[]>()
    for (const letter of letters) {
      const id = letter.properties.get('id') ?? ''
      byId.set(id, [...(byId.get(id) ?? []), letter])
    }
    return byId
  }

  /** Whether nothing waits for the group any more: in its topics, or for a time that comes. */
  async #hasReadAll(group: string): Promise<boolean> {
    const { current } = this.#broker
    for (const queue of await this.#producer.fetchQueues(TOPIC)) {
      if (!(await this.#hasRead(group, TOPIC, queue.queueId))) return false
    }
    if (!(await this.#hasRead(group, `%RETRY%${group}`, 0))) return false
    const answer = await current.ask(RequestCode.GET_ALL_DELAY_OFFSET, {})
    const { offsetTable } = JSON.parse(answer.body.toString()) as {
      offsetTable: Record<string, number>
    }
    for (const [level, offset] of Object.entries(offsetTable)) {
      if ((await current.endOf('SCHEDULE_TOPIC_XXXX', Number(level) - 1)) > offset) return false
    }
    return true
  }

  async #hasRead(group: string, topic: string, queueId: number): Promise<boolean> {
    const { current } = this.#broker
    const fields = { consumerGroup: group, topic, queueId, setZeroIfNotFound: false }
    const answer = await current.ask(RequestCode.QUERY_CONSUMER_OFFSET, fields)
    const end = await current.endOf(topic, queueId)
    return end === 0 || Number(answer.extFields.get('offset') ?? 0) === end
  }
}
