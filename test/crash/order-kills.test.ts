/**
 * Goal: messages of a key come in order, one handler at a time on each queue, whatever is killed:
 * members of the group, which are processes, or the broker.
 * Method: real processes and real SIGKILLs. Members join, leave and are killed while the broker is
 * killed again and again; what they do stands in a file of their own, and is compared with the
 * queues as they are in the end. A message may come again only where its queue changed hands or the
 * broker was killed, and not when the broker had saved that it was consumed. AGENA_SEED replays a
 * run's choices, AGENA_LONG=1 makes it ten times as long.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test, vi } from 'vitest'
import { ClientError, Producer } from '../../net/client/index.ts'
import { ConsumerOffsetTable } from '../../net/protocol/consumer-offset.ts'
import { decodeBody } from '../../net/protocol/json-shape.ts'
import { AgenaProcess } from '../helpers/agena-process.ts'
import { SeededRandom } from '../helpers/seeded-random.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { ReturningBroker } from './kills/returning-broker.ts'
import {
  OrderChecker,
  parseWitnessLog,
  type WitnessEvent,
  witnessLine,
} from './order/witness-log.ts'

const KILLS = process.env['AGENA_LONG'] === '1' ? 110 : 11
const MEMBER = fileURLToPath(new URL('./order/ordered-member.js', import.meta.url))
const TOPIC = 'Ledger'
const GROUP = 'bookkeepers'
const QUEUE_COUNT = 4
const KEY_COUNT = 12
const MEMBERS_MAX = 3
const MEMBERS_MIN = 2
const SETTINGS = [
  'flushConsumerOffsetInterval=100',
  'mappedFileSizeCommitLog=1048576',
  'mappedFileSizeConsumeQueue=2000',
]

vi.setConfig({ testTimeout: KILLS * 20_000 })

test('kill -9 of members and of the broker leaves the order of each key as it was', async () => {
  const random = new SeededRandom(Number(process.env['AGENA_SEED'] ?? Date.now() % 2 ** 31))
  const why = `seed ${random.seed}`
  console.log(why)
  using folder = temporaryFolder('order-kills')
  using broker = await ReturningBroker.start(join(folder.path, 'data'), SETTINGS)
  await using run = await OrderRun.start(broker, random, folder.path)
  for (let kill = 0; kill < KILLS; kill += 1) {
    const sending = run.sendUntilKilled()
    await run.changeMembers()
    await sleep(100 + random.below(700))
    await run.killBroker(sending)
  }
  await run.join()
  await expect.poll(() => run.unread(), { timeout: 30_000, interval: 200 }).toEqual([])
  const checker = run.check()
  expect(checker.problems.slice(0, 10), why).toEqual([])
  expect(await run.keyProblems(), why).toEqual([])
  expect(run.acknowledgedCount).toBeGreaterThan(KILLS * 10)
  console.log(`${run.acknowledgedCount} messages, ${checker.repeatCount} of them again`)
  expect(checker.repeatCount, why).toBeLessThan(run.acknowledgedCount)
})

interface Member {
  readonly name: string
  readonly process: AgenaProcess
}

class OrderRun implements AsyncDisposable {
  acknowledgedCount = 0
  readonly #broker: ReturningBroker
  readonly #random: SeededRandom
  readonly #folder: string
  readonly #log: string
  readonly #producer: Producer
  readonly #members: Member[] = []
  #memberCount = 0
  /** The next number of each key. */
  readonly #numbers = new Array<number>(KEY_COUNT).fill(0)

  static async start(
    broker: ReturningBroker,
    random: SeededRandom,
    folder: string,
  ): Promise<OrderRun> {
    const nameServers = [broker.nameServer]
    const topicQueueCount = QUEUE_COUNT
    const producer = await Producer.start({ nameServers, group: 'writers', topicQueueCount })
    const run = new OrderRun(broker, random, folder, producer)
    // The topic is there, with all its queues, before keys are divided among them.
    await run.#sendNext(0)
    for (let count = 0; count < MEMBERS_MIN; count += 1) await run.join()
    return run
  }

  private constructor(
    broker: ReturningBroker,
    random: SeededRandom,
    folder: string,
    producer: Producer,
  ) {
    this.#broker = broker
    this.#random = random
    this.#folder = folder
    this.#log = join(folder, 'witness.log')
    this.#producer = producer
  }

  sendUntilKilled(): Promise<void>[] {
    const { life } = this.#broker
    return this.#numbers.map(async (_, key) => {
      while (this.#broker.life === life) {
        await this.#sendNext(key)
        await sleep(20 + this.#random.below(60))
      }
    })
  }

  async join(): Promise<void> {
    const name = `member-${this.#memberCount}`
    this.#memberCount += 1
    const seed = this.#random.below(2 ** 31)
    const words = [this.#broker.nameServer, TOPIC, GROUP, this.#log, name, String(seed)]
    const member = { name, process: new AgenaProcess(words, { module: MEMBER }) }
    this.#members.push(member)
    await member.process.printed(/^joined$/m)
  }

  /** One of them is killed or leaves, and another joins. */
  async changeMembers(): Promise<void> {
    const choice = this.#random.below(4)
    const index = this.#random.below(this.#members.length)
    if (choice === 0 || this.#members.length > MEMBERS_MAX) await this.#kill(index)
    else if (choice === 1) await this.#leave(index)
    await sleep(this.#random.below(200))
    if (this.#members.length < MEMBERS_MIN || choice === 2) await this.join()
  }

  /** @param sending what ends when the broker is gone */
  async killBroker(sending: readonly Promise<void>[]): Promise<void> {
    await this.#broker.kill()
    this.#note({ kind: 'broker-kill' })
    for (const [queueId, offset] of this.#savedOffsets()) {
      this.#note({ kind: 'saved', queueId, offset })
    }
    await Promise.all(sending)
    this.#note({ kind: 'broker-start' })
    await this.#broker.comeBack()
  }

  /** Queues that are not consumed to their end. */
  async unread(): Promise<string[]> {
    const checker = this.check()
    const unread: string[] = []
    for (let queueId = 0; queueId < QUEUE_COUNT; queueId += 1) {
      const end = await this.#broker.current.endOf(TOPIC, queueId)
      const consumed = checker.consumedOf(queueId)
      if (consumed < end) unread.push(`queue ${queueId}: ${consumed} of ${end}`)
    }
    return unread
  }

  check(): OrderChecker {
    const checker = new OrderChecker()
    for (const event of parseWitnessLog(readFileSync(this.#log, 'utf8'))) checker.check(event)
    return checker
  }

  /** A key lies in one queue, in the order in which its messages were sent. */
  async keyProblems(): Promise<string[]> {
    const problems: string[] = []
    const next = new Map<string, number>()
    const places = new Map<string, number>()
    for (let queueId = 0; queueId < QUEUE_COUNT; queueId += 1) {
      for (const { body, queueOffset } of await this.#broker.current.readAll(TOPIC, queueId)) {
        const [key = '', text = ''] = body.toString().split('.')
        const number = Number(text)
        const expected = next.get(key) ?? 0
        const where = `queue ${queueId}, ${queueOffset}`
        // One whose answer was lost is sent again, and may be there twice.
        if (number !== expected && number !== expected - 1) {
          problems.push(`${where}: ${key}.${number}, not ${expected}`)
        }
        if ((places.get(key) ?? queueId) !== queueId) problems.push(`${where}: ${key} is elsewhere`)
        places.set(key, queueId)
        next.set(key, Math.max(expected, number + 1))
      }
    }
    return problems.slice(0, 10)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { process } of this.#members.splice(0)) await process[Symbol.asyncDispose]()
    await this.#producer.close()
  }

  async #kill(index: number): Promise<void> {
    const [member] = this.#members.splice(index, 1)
    if (member === undefined) return
    this.#note({ kind: 'kill', member: member.name })
    await member.process.stop('SIGKILL')
  }

  async #leave(index: number): Promise<void> {
    const [member] = this.#members.splice(index, 1)
    if (member === undefined) return
    const { exitCode, stderr } = await member.process.stop()
    if (exitCode !== 0) throw new Error(`${member.name} ended with ${exitCode}: ${stderr}`)
  }

  /** Sends the same message again until it is known to be stored. */
  async #sendNext(key: number): Promise<void> {
    const { life } = this.#broker
    const body = `k${key}.${this.#numbers[key]}`
    try {
      await this.#producer.send({ topic: TOPIC, body }, { shardingKey: `k${key}` })
      this.#numbers[key] = (this.#numbers[key] ?? 0) + 1
      this.acknowledgedCount += 1
    } catch (error) {
      if (!(error instanceof ClientError) || this.#broker.life === life) throw error
    }
  }

  #note(event: WitnessEvent): void {
    appendFileSync(this.#log, witnessLine(event))
  }

  #savedOffsets(): readonly (readonly [queueId: number, offset: number])[] {
    const path = join(this.#folder, 'data', 'config', 'consumerOffset.json')
    if (!existsSync(path)) return []
    const { offsetTable } = decodeBody(ConsumerOffsetTable, readFileSync(path))
    return [...(offsetTable.get(`${TOPIC}@${GROUP}`) ?? [])]
  }
}
