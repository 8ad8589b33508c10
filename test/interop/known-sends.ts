import { deferred } from '../../engine/base/deferred.ts'
import { LitePullConsumer, type Message, Producer } from '../../net/client/index.ts'

const SENDERS_PER_TOPIC = 4
const BATCH_MESSAGES = 5
const QUIET_MS = 1_500
const READ_TIMEOUT_MS = 60_000
/** A few of the bodies are longer than a quarter of a small segment. */
const LONG_BODY = '. and on it goes'.repeat(1_000)

/**
 * Sends to several topics, singly and in batches, until its broker is gone, and knows what was
 * acknowledged and where.
 */
export class KnownSends {
  /** Bodies by `topic/queue/offset`. */
  readonly acknowledged = new Map<string, string>()
  readonly #topics: readonly string[]
  #sent = 0

  constructor(topics: readonly string[]) {
    this.#topics = topics
  }

  /** Sends until `count` messages more are acknowledged, and calls `end` amid the sending. */
  async sendUntil(nameServer: string, count: number, end: () => Promise<void>): Promise<void> {
    const producer = await Producer.start({
      nameServers: [nameServer],
      group: 'known-sends',
      retryCountMax: 0,
      sendTimeoutMs: 2_000,
    })
    const over = new AbortController()
    const wanted = this.acknowledged.size + count
    const reached = deferred<void>()
    const noteProgress = () => {
      if (this.acknowledged.size >= wanted) reached.resolve()
    }
    const senders = this.#topics.flatMap((topic) =>
      Array.from({ length: SENDERS_PER_TOPIC }, () =>
        this.#send(producer, topic, over.signal, noteProgress),
      ),
    )
    await Promise.race([reached.promise, Promise.all(senders)])
    if (this.acknowledged.size < wanted) throw new Error('the senders gave up before the end')
    const ended = end()
    await Promise.all(senders)
    over.abort()
    await ended
    await producer.close()
  }

  /** Sends one message or batch after the other; what fails when the broker goes ends it. */
  async #send(
    producer: Producer,
    topic: string,
    signal: AbortSignal,
    onAcknowledged: () => void,
  ): Promise<void> {
    while (!signal.aborted) {
      const messages = this.#nextMessages(topic)
      try {
        const { queue, queueOffset } =
          messages.length === 1
            ? await producer.send(messages[0]!)
            : (await producer.sendBatch(messages))[0]!
        for (const [index, { body }] of messages.entries()) {
          const place = `${topic}/${queue.queueId}/${queueOffset + index}`
          this.acknowledged.set(place, body as string)
        }
        onAcknowledged()
      } catch {
        // Whatever it was, this message is not known to be stored: the test looks at the others.
        return
      }
    }
  }

  #nextMessages(topic: string): Message[] {
    const count = this.#sent % 3 === 0 ? BATCH_MESSAGES : 1
    return Array.from({ length: count }, () => {
      this.#sent += 1
      const more = this.#sent % 20 === 0 ? LONG_BODY : ''
      return { topic, body: `${this.#sent} of ${topic}${more}`, keys: [`key-${this.#sent}`] }
    })
  }
}

/** Everything that the queues of some topics hold, bodies by `topic/queue/offset`. */
export async function readAll(
  nameServer: string,
  topics: readonly string[],
  countMin: number,
): Promise<ReadonlyMap<string, string>> {
  await using consumer = await LitePullConsumer.start({
    nameServers: [nameServer],
    group: 'known-reads',
    consumeFrom: 'first',
    autoCommit: false,
    pullCountMax: 32,
  })
  const queues = await Promise.all(topics.map((topic) => consumer.fetchQueues(topic)))
  await consumer.assign(queues.flat())
  const found = new Map<string, string>()
  const deadlineMs = performance.now() + READ_TIMEOUT_MS
  for (;;) {
    const messages = await consumer.poll({ timeoutMs: QUIET_MS })
    for (const { topic, queue, queueOffset, body } of messages) {
      found.set(`${topic}/${queue.queueId}/${queueOffset}`, body.toString())
    }
    const isOver = found.size >= countMin || performance.now() > deadlineMs
    if (messages.length === 0 && isOver) return found
  }
}
