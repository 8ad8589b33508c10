import { setTimeout as sleep } from 'node:timers/promises'
import { stderrLogger } from '../../../engine/base/logger.ts'
import {
  type Message,
  Producer,
  PushConsumer,
  type PushConsumerOptions,
  type ReceivedMessage,
} from '../../../net/client/index.ts'

/** What a scenario runs against. Topic and group are its own and have not been used before. */
export interface ScenarioPlace {
  /** `host:port` of a name server. */
  readonly nameServer: string
  readonly topic: string
  readonly group: string
}

/** Resolves when everything went as it should, rejects with what did not. */
export type Scenario = (place: ScenarioPlace) => Promise<void>

/** How long a scenario waits for what has to happen, in milliseconds. */
export const SCENARIO_WAIT_MS = 40_000
/** How long it waits for what must not happen, in milliseconds. */
export const QUIET_MS = 1_000

const POLL_MS = 20

export function startProducer(place: ScenarioPlace): Promise<Producer> {
  return Producer.start({ ...connection(place), group: `${place.group}-producer` })
}

/** A push consumer that begins at the first message and collects what it gets. */
export class Collector {
  readonly received: ReceivedMessage[] = []
  #consumer!: PushConsumer

  static async start(
    place: ScenarioPlace,
    options: Partial<PushConsumerOptions> = {},
  ): Promise<Collector> {
    const collector = new Collector()
    collector.#consumer = await PushConsumer.start({
      ...connection(place),
      group: place.group,
      subscriptions: { [place.topic]: '*' },
      consumeFrom: 'first',
      onMessage: async (messages) => {
        collector.received.push(...messages)
        return 'success'
      },
      ...options,
    })
    return collector
  }

  get consumer(): PushConsumer {
    return this.#consumer
  }

  get bodies(): readonly string[] {
    return this.received.map(({ body }) => body.toString())
  }

  /** Resolves when `count` messages have come. */
  async until(count: number): Promise<void> {
    await until(`${count} messages`, () => this.received.length >= count)
  }

  async close(): Promise<void> {
    await this.#consumer.close()
  }
}

export function connection(place: ScenarioPlace) {
  return { nameServers: [place.nameServer], logger: stderrLogger }
}

/** The bodies of {@link numbered}, sorted. */
export function bodiesOf(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${name}-${index}`).sort()
}

/** Messages that are told apart by their bodies. */
export function numbered(topic: string, name: string, count: number): Message[] {
  return Array.from({ length: count }, (_, index) => ({ topic, body: `${name}-${index}` }))
}

export async function sendAll(producer: Producer, messages: readonly Message[]): Promise<void> {
  for (const message of messages) await producer.send(message)
}

/** Polls until `holds` is true; rejects when that takes too long. */
export async function until(
  what: string,
  holds: () => boolean,
  timeoutMs = SCENARIO_WAIT_MS,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain for ${what}`)
    await sleep(POLL_MS)
  }
}

export async function quiet(): Promise<void> {
  await sleep(QUIET_MS)
}
