import { setTimeout as sleep } from 'node:timers/promises'
import { brokerName, type Cluster } from '../cluster.ts'
import type { JavaToolbox, OutgoingMessage, ReceivedMessage } from '../java-toolbox.ts'
import {
  type ClientProgram,
  type Handle,
  pullOnce,
  TestConsumer,
  TestLite,
  TestProducer,
} from './client-program.ts'
import type {
  ClientRequest,
  LiteStart,
  Outcome,
  ProducerStart,
  PulledOnce,
  PullOnce,
  PushStart,
} from './requests.ts'

const WAIT_MS = 60_000
const POLL_MS = 100
/** How long one look at what a broker holds may take. */
const LOOK_MS = 10_000

/** What several runs on one pair of client and broker share. */
export interface Pair {
  readonly client: ClientProgram
  /** One more process with the same client, for a scenario to kill. */
  readonly startClient: () => Promise<ClientProgram>
  readonly cluster: Cluster
  /** Looks at the broker from outside: Java's admin tool and consumer, whatever is tried. */
  readonly tools: JavaToolbox
  /** Ends the broker and starts it again on its folder and address. */
  readonly restartBroker: () => Promise<void>
}

/** What Java's admin client is asked to do. */
interface Administration {
  readonly action: string
  readonly [name: string]: unknown
}

/** Where a scenario runs: a client, a broker, and names that are nobody else's. */
export class Stage {
  readonly pair: Pair
  /** Begins every name of this run. */
  readonly name: string
  readonly #handles: Handle[] = []
  readonly #programs: ClientProgram[] = []

  constructor(pair: Pair, name: string) {
    this.pair = pair
    this.name = name
  }

  get topic(): string {
    return `${this.name}-T`
  }

  get group(): string {
    return `${this.name}-G`
  }

  /** Creates a topic; two queues are enough to be told apart, and few. */
  async createTopic(queueCount = 2, topic = this.topic): Promise<string> {
    await this.administer({ action: 'createTopic', topic, queueCount })
    await this.awaitRoute(topic)
    return topic
  }

  /** Waits until the name servers know a topic; before, clients take the template's queues. */
  async awaitRoute(topic: string): Promise<void> {
    await until(topic, async () => {
      const { result } = await this.tryAdminister({ action: 'queues', topic })
      return result !== undefined
    })
  }

  /** Makes the group and the topic of its retries, as a first member's heartbeat would. */
  async createGroup(group = this.group): Promise<string> {
    await this.administer({ action: 'createGroup', group })
    await this.createTopic(1, `%RETRY%${group}`)
    return group
  }

  /** Waits until clients can find a topic that a broker makes. */
  async awaitTopic(topic: string): Promise<void> {
    await until(topic, async () => (await this.administer({ action: 'hasTopic', topic })) === true)
  }

  /** Waits until the offsets of a group in this run's topic add up to `sum`. */
  async awaitCommitted(sum: number, group = this.group): Promise<void> {
    const request = { action: 'committed', topic: this.topic, group }
    await until('a commit', async () => {
      const { result } = await this.tryAdminister(request)
      return result === sum
    })
  }

  /** Has Java's admin client do something, which must succeed; see AdminClients.java. */
  async administer(request: Administration): Promise<unknown> {
    const { failure, result } = await this.tryAdminister(request)
    if (failure !== undefined) throw new Error(`${request.action} failed: ${failure.message}`)
    return result
  }

  tryAdminister(request: Administration): Promise<Outcome> {
    const { broker, nameServer } = this.pair.cluster
    const whole = { nameServer, broker, ...request }
    return this.pair.tools.ask('adminDo', whole) as Promise<Outcome>
  }

  producer(options: Partial<ProducerStart> = {}): Promise<TestProducer> {
    const request = { ...this.#connection(`${this.group}-producer`), ...options }
    return this.#keep(TestProducer.start(this.pair.client, request))
  }

  /** A consumer, which must be accepted, of this run's topic and group unless others are given. */
  async consumer(
    options: Partial<PushStart> = {},
    program: ClientProgram = this.pair.client,
  ): Promise<TestConsumer> {
    const started = await TestConsumer.start(program, this.#pushRequest(options))
    if (typeof started === 'string') throw new Error(`the consumer was refused: ${started}`)
    if (program === this.pair.client) this.#handles.push(started)
    return started
  }

  /** Whether a consumer is refused at its start. */
  async isRefused(options: Partial<PushStart>): Promise<boolean> {
    const started = await TestConsumer.start(this.pair.client, this.#pushRequest(options))
    if (typeof started === 'string') return true
    await started.stop()
    return false
  }

  lite(options: Partial<LiteStart> = {}): Promise<TestLite> {
    const request = { ...this.#connection(this.group), ...options }
    return this.#keep(TestLite.start(this.pair.client, request))
  }

  pullOnce(
    options: Pick<PullOnce, 'offset' | 'expression'> & Partial<PullOnce>,
  ): Promise<PulledOnce> {
    const queue = { topic: this.topic, brokerName, queueId: 0 }
    return pullOnce(this.pair.client, { ...this.#connection(this.group), ...queue, ...options })
  }

  /** A process of its own with the client that is tried; the scenario's end kills it. */
  async startClient(): Promise<ClientProgram> {
    const program = await this.pair.startClient()
    this.#programs.push(program)
    return program
  }

  /** Everything that the broker holds of a topic, as Java's consumer sees it, in stored order. */
  async stored(count: number, topic = this.topic): Promise<readonly ReceivedMessage[]> {
    // Each look is a new consumer's, and reads the topic from its beginning.
    const limits = { count, timeoutMs: LOOK_MS }
    const found = await until(`${count} messages in ${topic}`, async () => {
      const rows = await this.storedWithin(limits, topic)
      return rows.length >= count && rows
    })
    return found.toSorted(
      (left, right) => left.queueId - right.queueId || left.queueOffset - right.queueOffset,
    )
  }

  /** What Java's consumer finds in a topic until it has found enough or time is over. */
  storedWithin(
    limits: { readonly count: number; readonly timeoutMs: number },
    topic: string,
  ): Promise<readonly ReceivedMessage[]> {
    const { nameServer } = this.pair.cluster
    const group = `${this.name}-looker`
    return this.pair.tools.litePull({ nameServer, group, topic, mode: 'assign', ...limits })
  }

  /** Ends whatever the scenario has left. */
  async clean(): Promise<void> {
    for (const handle of this.#handles.toReversed()) await handle.stop()
    for (const program of this.#programs) await program[Symbol.asyncDispose]()
  }

  #connection(group: string): ClientRequest {
    return { nameServer: this.pair.cluster.nameServer, group }
  }

  #pushRequest(options: Partial<PushStart>): PushStart {
    return { ...this.#connection(this.group), topic: this.topic, ...options }
  }

  async #keep<T extends Handle>(starting: Promise<T>): Promise<T> {
    const handle = await starting
    this.#handles.push(handle)
    return handle
  }
}

/** Messages that are told apart by their bodies. */
export function numbered(name: string, count: number): OutgoingMessage[] {
  return Array.from({ length: count }, (_, index) => ({ body: `${name}-${index}` }))
}

/** Bodies in the order of arrival. */
export function bodies(messages: readonly { readonly body: string }[]): string[] {
  return messages.map(({ body }) => body)
}

/** Bodies where the order of arrival says nothing. */
export function sortedBodies(messages: readonly { readonly body: string }[]): string[] {
  return bodies(messages).sort()
}

/** Polls until something is found, and returns it; fails when time runs out. */
export async function until<T>(
  what: string,
  find: () => Promise<T | false | undefined>,
  timeoutMs = WAIT_MS,
): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs
  for (;;) {
    const found = await find()
    if (found !== false && found !== undefined) return found
    if (performance.now() > deadlineMs) throw new Error(`waited in vain for ${what}`)
    await sleep(POLL_MS)
  }
}
