import type { ReceivedMessage, SentMessage } from '../java-toolbox.ts'
import type {
  Find,
  LiteStart,
  LiteSteer,
  Outcome,
  ProducerStart,
  PulledOnce,
  PullOnce,
  PushStart,
  PushStarted,
  PushSteer,
  Question,
  Reply,
  Send,
  SendOutcome,
  Subscription,
} from './requests.ts'

/** A process with a client in it, Java's or ours, that does what it is asked. */
export interface ClientProgram extends AsyncDisposable {
  ask(tool: string, request: object): Promise<unknown>
}

/** How long a scenario waits for what has to happen, in milliseconds. */
const WAIT_MS = 60_000
/** How long it waits for what must not happen. */
export const QUIET_MS = 1_000
const POLL_MS = 500

/** Something in a client program that has to be stopped. */
export abstract class Handle {
  readonly #stop: () => Promise<unknown>
  #isStopped = false

  protected constructor(stop: () => Promise<unknown>) {
    this.#stop = stop
  }

  /** A second call does nothing. */
  async stop(): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    await this.#stop()
  }
}

export class TestProducer extends Handle {
  readonly #program: ClientProgram
  readonly #name: string

  private constructor(program: ClientProgram, name: string) {
    super(() => program.ask('producerStop', { producer: name }))
    this.#program = program
    this.#name = name
  }

  static async start(program: ClientProgram, request: ProducerStart): Promise<TestProducer> {
    const started = (await program.ask('producerStart', request)) as { readonly producer: string }
    return new TestProducer(program, started.producer)
  }

  async send(request: Send): Promise<readonly SentMessage[]> {
    const { failure, sent } = await this.trySend(request)
    if (sent === undefined) throw new Error(`the send failed: ${failure?.message}`)
    return sent
  }

  trySend(request: Send): Promise<SendOutcome> {
    const whole = { mode: 'sync', ...request, producer: this.#name }
    return this.#program.ask('producerSend', whole) as Promise<SendOutcome>
  }

  /** The messages that the broker finds. */
  find(request: Find): Promise<readonly ReceivedMessage[]> {
    const whole = { ...request, producer: this.#name }
    return this.#program.ask('producerFind', whole) as Promise<readonly ReceivedMessage[]>
  }

  /** Sends a question and waits for the reply. */
  request(question: Question): Promise<Reply> {
    const whole = { ...question, producer: this.#name }
    return this.#program.ask('producerRequest', whole) as Promise<Reply>
  }
}

export class TestConsumer extends Handle {
  /** How brokers know it. */
  readonly clientId: string
  readonly #program: ClientProgram
  readonly #name: string

  private constructor(program: ClientProgram, name: string, clientId: string) {
    super(() => program.ask('consumerStop', { consumer: name }))
    this.#program = program
    this.#name = name
    this.clientId = clientId
  }

  /** The consumer, or the text with which the client refuses to start it. */
  static async start(program: ClientProgram, request: PushStart): Promise<TestConsumer | string> {
    const whole = { from: 'first', expression: '*', ...request }
    const started = (await program.ask('consumerStart', whole)) as PushStarted
    if (started.consumer === undefined) return started.failure ?? ''
    return new TestConsumer(program, started.consumer, started.clientId ?? '')
  }

  /** Everything received so far. */
  received(): Promise<readonly ReceivedMessage[]> {
    return this.#await(0, 0)
  }

  /** Everything received when `count` messages have come and a quiet moment is over. */
  async settled(count: number, quietMs = QUIET_MS): Promise<readonly ReceivedMessage[]> {
    const received = await this.#await(count, quietMs)
    if (received.length >= count) return received
    throw new Error(`received ${received.length} of ${count} messages`)
  }

  /** The ids of the topic's queues that it has. */
  assigned(topic: string): Promise<readonly number[]> {
    return this.#steer({ action: 'assigned', topic }) as Promise<readonly number[]>
  }

  async subscribe(subscription: Subscription): Promise<void> {
    await this.#steer({ action: 'subscribe', ...subscription })
  }

  async unsubscribe(topic: string): Promise<void> {
    await this.#steer({ action: 'unsubscribe', topic })
  }

  async pause(): Promise<void> {
    await this.#steer({ action: 'pause' })
  }

  async resume(): Promise<void> {
    await this.#steer({ action: 'resume' })
  }

  #steer(request: PushSteer): Promise<unknown> {
    return this.#program.ask('consumerDo', { ...request, consumer: this.#name })
  }

  #await(count: number, quietMs: number): Promise<readonly ReceivedMessage[]> {
    const request = { consumer: this.#name, count, quietMs, timeoutMs: WAIT_MS }
    return this.#program.ask('consumerAwait', request) as Promise<readonly ReceivedMessage[]>
  }
}

export class TestLite extends Handle {
  readonly #program: ClientProgram
  readonly #name: string

  private constructor(program: ClientProgram, name: string) {
    super(() => program.ask('liteStop', { lite: name }))
    this.#program = program
    this.#name = name
  }

  static async start(program: ClientProgram, request: LiteStart): Promise<TestLite> {
    const started = (await program.ask('liteStart', request)) as { readonly lite: string }
    return new TestLite(program, started.lite)
  }

  /** Does what must succeed. */
  async do(request: LiteSteer): Promise<unknown> {
    const { failure, result } = await this.try(request)
    if (failure !== undefined) throw new Error(`${request.action} failed: ${failure.message}`)
    return result
  }

  try(request: LiteSteer): Promise<Outcome> {
    const whole = { ...request, lite: this.#name }
    return this.#program.ask('liteDo', whole) as Promise<Outcome>
  }

  /** Polls until `count` messages have come and one more poll brings none. */
  async pollAll(topic: string, count: number): Promise<readonly ReceivedMessage[]> {
    const received: ReceivedMessage[] = []
    const deadlineMs = performance.now() + WAIT_MS
    for (;;) {
      const polled = await this.do({ action: 'poll', topic, timeoutMs: POLL_MS })
      received.push(...(polled as readonly ReceivedMessage[]))
      const isEmpty = (polled as readonly ReceivedMessage[]).length === 0
      if (isEmpty && received.length >= count) return received
      if (performance.now() > deadlineMs) throw new Error(`polled ${received.length} of ${count}`)
    }
  }
}

export function pullOnce(program: ClientProgram, request: PullOnce): Promise<PulledOnce> {
  return program.ask('pullOnce', request) as Promise<PulledOnce>
}
