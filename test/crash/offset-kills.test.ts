/**
 * Goal: how far a group has come never goes back while a broker lives, goes back over a kill by
 * no more than what was committed since the broker saved it last, and is never ahead of what the
 * group was given.
 * Method: real SIGKILLs while a push consumer and a lite pull consumer, in groups of their own,
 * read one topic and are closed and started anew now and then. Somebody asks the broker for their
 * offsets all the time and compares them with what the consumers were given; the broker's file is
 * read behind each kill. AGENA_SEED replays a run's choices, AGENA_LONG=1 makes it ten times as
 * long.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { ClientError, LitePullConsumer, Producer, PushConsumer } from '../../net/client/index.ts'
import { ConsumerOffsetTable } from '../../net/protocol/consumer-offset.ts'
import { decodeBody } from '../../net/protocol/json-shape.ts'
import { RequestCode } from '../../net/protocol/request-code.ts'
import { RemotingError } from '../../net/remoting/errors.ts'
import { SeededRandom } from '../helpers/seeded-random.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { GroupProgress } from './kills/group-progress.ts'
import type { KilledBroker } from './kills/killed-broker.ts'
import { ReturningBroker } from './kills/returning-broker.ts'

const KILLS = process.env['AGENA_LONG'] === '1' ? 100 : 10
const TOPIC = 'Events'
const QUEUE_COUNT = 3
const PUSH_GROUP = 'pushed'
const LITE_GROUP = 'polled'
const SENDERS = 4
const SETTINGS = [
  'flushConsumerOffsetInterval=100',
  'mappedFileSizeCommitLog=1048576',
  'mappedFileSizeConsumeQueue=2000',
]

vi.setConfig({ testTimeout: KILLS * 20_000 })

test('kill -9 takes committed offsets back by an unsaved interval, and never forward', async () => {
  const random = new SeededRandom(Number(process.env['AGENA_SEED'] ?? Date.now() % 2 ** 31))
  const why = `seed ${random.seed}`
  console.log(why)
  using folder = temporaryFolder('offset-kills')
  const directory = join(folder.path, 'data')
  using broker = await ReturningBroker.start(directory, SETTINGS)
  await using run = await OffsetRun.start(broker, random, directory)
  for (let kill = 0; kill < KILLS; kill += 1) {
    const work = run.workUntilKilled()
    const seen = run.seen()
    await expect.poll(() => run.unsaved(seen), { timeout: 10_000, interval: 20 }).toEqual([])
    run.noteSafe(seen)
    await sleep(random.below(500))
    await broker.kill()
    await Promise.all(work)
    run.readSaved()
    await broker.comeBack()
    if (random.below(3) === 0) await run.startAnew()
  }
  await expect.poll(() => run.unread(), { timeout: 30_000, interval: 200 }).toEqual([])
  expect(run.problems, why).toEqual([])
  expect(run.lookCount).toBeGreaterThan(KILLS * 5)
})

interface SeenOffsets {
  readonly group: GroupProgress
  readonly offsets: ReadonlyMap<number, number>
}

class OffsetRun implements AsyncDisposable {
  lookCount = 0
  readonly #broker: ReturningBroker
  readonly #random: SeededRandom
  readonly #directory: string
  readonly #producer: Producer
  readonly #groups = [new GroupProgress(PUSH_GROUP), new GroupProgress(LITE_GROUP)] as const
  #push: PushConsumer | undefined
  #lite: LitePullConsumer | undefined
  #polling: Promise<void> | undefined

  static async start(
    broker: ReturningBroker,
    random: SeededRandom,
    directory: string,
  ): Promise<OffsetRun> {
    const nameServers = [broker.nameServer]
    const options = { nameServers, group: 'senders', topicQueueCount: QUEUE_COUNT }
    const producer = await Producer.start(options)
    const run = new OffsetRun(broker, random, directory, producer)
    await producer.send({ topic: TOPIC, body: 'first' })
    await run.#startConsumers()
    return run
  }

  private constructor(
    broker: ReturningBroker,
    random: SeededRandom,
    directory: string,
    producer: Producer,
  ) {
    this.#broker = broker
    this.#random = random
    this.#directory = directory
    this.#producer = producer
  }

  get problems(): string[] {
    return this.#groups.flatMap(({ problems }) => problems).slice(0, 10)
  }

  /** Sends, and looks at what is committed. */
  workUntilKilled(): Promise<void>[] {
    const { life } = this.#broker
    const isAlive = () => this.#broker.life === life
    const senders = Array.from({ length: SENDERS }, () => this.#sendWhile(isAlive))
    return [...senders, ...this.#groups.map((group) => this.#lookWhile(isAlive, group))]
  }

  /** What the broker said last. */
  seen(): readonly SeenOffsets[] {
    return this.#groups.map((group) => ({ group, offsets: group.seen }))
  }

  /** Queues of which the broker's file does not say as much yet. */
  unsaved(seen: readonly SeenOffsets[]): string[] {
    return seen.flatMap(({ group, offsets }) => {
      const saved = this.#saved(group)
      const behind = [...offsets].filter(([queueId, offset]) => (saved.get(queueId) ?? 0) < offset)
      return behind.map(([queueId, offset]) => `${group.name} queue ${queueId}: ${offset}`)
    })
  }

  /** No kill may take these back any more. */
  noteSafe(seen: readonly SeenOffsets[]): void {
    for (const { group, offsets } of seen) group.noteSafe(offsets)
  }

  /** After a kill: the file of offsets is what the next life begins with. */
  readSaved(): void {
    for (const group of this.#groups) group.noteKill(this.#saved(group))
  }

  /** Both consumers are closed, and others take their places. */
  async startAnew(): Promise<void> {
    await this.#closeConsumers()
    await this.#startConsumers()
  }

  /** Queues of which a group has not committed the end. */
  async unread(): Promise<string[]> {
    const unread: string[] = []
    for (const group of this.#groups) {
      await this.#look(this.#broker.current, group)
      for (let queueId = 0; queueId < QUEUE_COUNT; queueId += 1) {
        const end = await this.#broker.current.endOf(TOPIC, queueId)
        const offset = group.seen.get(queueId) ?? 0
        if (offset !== end) unread.push(`${group.name} queue ${queueId}: ${offset} of ${end}`)
      }
    }
    return unread
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closeConsumers()
    await this.#producer.close()
  }

  async #startConsumers(): Promise<void> {
    const [pushed, polled] = this.#groups
    const options = {
      nameServers: [this.#broker.nameServer],
      consumeFrom: 'first',
      persistIntervalMs: 50,
      subscriptions: { [TOPIC]: '*' },
    } as const
    this.#push = await PushConsumer.start({
      ...options,
      group: pushed.name,
      batchSizeMax: 4,
      onMessage: async (messages) => {
        await sleep(this.#random.below(10))
        for (const { queue, queueOffset } of messages) pushed.noteGiven(queue, queueOffset)
        return 'success'
      },
    })
    const lite = await LitePullConsumer.start({ ...options, group: polled.name })
    this.#lite = lite
    this.#polling = this.#poll(lite, polled)
  }

  /** What was handed out counts as consumed when more is asked for. */
  async #poll(lite: LitePullConsumer, group: GroupProgress): Promise<void> {
    while (lite.status === 'open') {
      const messages = await lite.poll({ timeoutMs: 50 })
      for (const { queue, queueOffset } of messages) group.noteGiven(queue, queueOffset)
    }
  }

  async #closeConsumers(): Promise<void> {
    const polling = this.#polling?.catch((error: unknown) => {
      if (!(error instanceof ClientError) || error.code !== 'CLIENT_CLOSED') throw error
    })
    await Promise.all([this.#push?.close(), this.#lite?.close(), polling])
  }

  async #sendWhile(isAlive: () => boolean): Promise<void> {
    for (let count = 0; isAlive(); count += 1) {
      try {
        await this.#producer.send({ topic: TOPIC, body: `event ${count}` })
      } catch (error) {
        if (!(error instanceof ClientError) || isAlive()) throw error
      }
      await sleep(this.#random.below(15))
    }
  }

  async #lookWhile(isAlive: () => boolean, group: GroupProgress): Promise<void> {
    const { current } = this.#broker
    while (isAlive()) {
      try {
        await this.#look(current, group)
      } catch (error) {
        if (!(error instanceof RemotingError) || isAlive()) throw error
      }
      await sleep(10)
    }
  }

  async #look(broker: KilledBroker, group: GroupProgress): Promise<void> {
    for (let queueId = 0; queueId < QUEUE_COUNT; queueId += 1) {
      const fields = { consumerGroup: group.name, topic: TOPIC, queueId, setZeroIfNotFound: false }
      const { extFields } = await broker.ask(RequestCode.QUERY_CONSUMER_OFFSET, fields)
      const offset = extFields.get('offset')
      if (offset !== undefined) group.noteSeen(queueId, Number(offset))
      this.lookCount += 1
    }
  }

  #saved(group: GroupProgress): ReadonlyMap<number, number> {
    const path = join(this.#directory, 'config', 'consumerOffset.json')
    if (!existsSync(path)) return new Map()
    const { offsetTable } = decodeBody(ConsumerOffsetTable, readFileSync(path))
    return offsetTable.get(`${TOPIC}@${group.name}`) ?? new Map()
  }
}
