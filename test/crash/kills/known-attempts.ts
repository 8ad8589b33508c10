/** What a group was sent and how often its listener saw it: the truth that retries are held to. */
import type { StoredMessage } from '../../../engine/format/stored-message.ts'
import type { ReceivedMessage } from '../../../net/client/index.ts'

/** One call of a listener. */
export interface Attempt {
  readonly message: ReceivedMessage
  /** How often the broker had been killed when it began. */
  readonly life: number
  /** Milliseconds since 1970. */
  readonly startedMs: number
}

export interface SentMessage {
  readonly id: string
  readonly topic: string
  readonly keys: string
  readonly body: Buffer
  readonly properties: Readonly<Record<string, string>>
  /** How many attempts are to fail, each with one more re-delivery than the one before. */
  readonly failures: number
}

export interface RetryRules {
  readonly group: string
  readonly retriesMax: number
  /** How long each retry waits, the first one first, in milliseconds. */
  readonly delaysMs: readonly number[]
}

/** What happened to the messages of one group. */
export class KnownAttempts {
  readonly #rules: RetryRules
  readonly #attempts = new Map<string, Attempt[]>()

  constructor(rules: RetryRules) {
    this.#rules = rules
  }

  /** @returns whether this attempt is to fail */
  note(sent: SentMessage, attempt: Attempt): boolean {
    const attempts = this.#attempts.get(sent.id) ?? []
    this.#attempts.set(sent.id, [...attempts, attempt])
    return attempt.message.reconsumeTimes < sent.failures
  }

  has(sent: SentMessage): boolean {
    return this.#attempts.has(sent.id)
  }

  /** Whether some attempt has succeeded. */
  isConsumed({ id, failures }: SentMessage): boolean {
    const attempts = this.#attempts.get(id) ?? []
    return attempts.some(({ message }) => message.reconsumeTimes >= failures)
  }

  /** Attempts that only a lost answer explains. */
  extraCount(sent: SentMessage): number {
    const { length } = this.#attempts.get(sent.id) ?? []
    return length === 0 ? 0 : length - 1 - this.#retriesOf(sent)
  }

  /** What is wrong with what became of a message. */
  problemsOf(sent: SentMessage, dead: readonly StoredMessage[]): string[] {
    const attempts = this.#attempts.get(sent.id) ?? []
    const problems = [
      ...this.#countProblems(sent, attempts),
      ...this.#deadProblems(sent, attempts, dead),
      ...attempts.flatMap(({ message }) => this.#contentProblems(sent, attempts, message)),
      ...attempts.flatMap((attempt) => this.#earlyProblems(attempts, attempt)),
    ]
    const story = attempts.map(({ message, life }) => `${message.reconsumeTimes} in life ${life}`)
    return problems.map((what) => `${this.#rules.group} ${sent.id} ${what} (${story.join(', ')})`)
  }

  #retriesOf({ failures }: SentMessage): number {
    return Math.min(failures, this.#rules.retriesMax)
  }

  /** Each number of re-deliveries comes once, and again only after a kill. */
  #countProblems(sent: SentMessage, attempts: readonly Attempt[]): string[] {
    const problems: string[] = []
    for (let times = 0; times <= this.#retriesOf(sent); times += 1) {
      const same = attempts.filter(({ message }) => message.reconsumeTimes === times)
      if (same.length === 0) problems.push(`has no attempt ${times}`)
      if (same.length > 1 && same.at(-1)!.life === attempts[0]!.life) {
        problems.push(`has ${same.length} attempts ${times} without a kill`)
      }
    }
    // One that could not be handed back is tried in place, and counted once more.
    const beyond = attempts.filter(({ message }) => message.reconsumeTimes > this.#retriesOf(sent))
    if (beyond.some(({ life }) => life === attempts[0]!.life)) {
      problems.push('has too many attempts without a kill')
    }
    return problems
  }

  #deadProblems(
    sent: SentMessage,
    attempts: readonly Attempt[],
    dead: readonly StoredMessage[],
  ): string[] {
    const { retriesMax } = this.#rules
    if (sent.failures <= retriesMax) return dead.length === 0 ? [] : ['is among the dead letters']
    if (dead.length === 0) return ['is not among the dead letters']
    const first = attempts[0]?.message
    const wrong = dead.filter(({ body, properties, reconsumeTimes }) => {
      const isSame = body.equals(sent.body) && properties.get('UNIQ_KEY') === first?.messageId
      return !(
        isSame &&
        reconsumeTimes > retriesMax &&
        properties.get('KEYS') === sent.keys &&
        properties.get('RETRY_TOPIC') === sent.topic &&
        isIdOf(first, properties.get('ORIGIN_MESSAGE_ID'))
      )
    })
    return wrong.map(({ reconsumeTimes, properties }) => {
      return `is a dead letter of another kind: ${reconsumeTimes}, ${[...properties].join(' ')}`
    })
  }

  #contentProblems(
    sent: SentMessage,
    attempts: readonly Attempt[],
    message: ReceivedMessage,
  ): string[] {
    const problems: string[] = []
    const first = attempts[0]?.message
    if (message.topic !== sent.topic) problems.push(`came with topic ${message.topic}`)
    if (!message.body.equals(sent.body)) problems.push('came with another body')
    if (message.keys.join() !== sent.keys) problems.push(`came with keys ${message.keys.join()}`)
    if (message.messageId !== first?.messageId) problems.push(`came with id ${message.messageId}`)
    for (const [name, value] of Object.entries(sent.properties)) {
      const found = message.properties.get(name)
      if (found !== value) problems.push(`came with ${name}=${found}`)
    }
    const origin = message.properties.get('ORIGIN_MESSAGE_ID')
    const isRetry = message.queue.topic !== sent.topic
    if (isRetry && !isIdOf(first, origin)) problems.push(`came with origin id ${origin}`)
    return problems
  }

  /** A retry was stored no sooner than its delay after the attempt that it follows. */
  #earlyProblems(attempts: readonly Attempt[], { message }: Attempt): string[] {
    const { queue, reconsumeTimes, storeTimestampMs, topic } = message
    if (queue.topic === topic) return []
    // Tried in place once more, it still carries the time of the attempt before.
    const samePlace = attempts.filter((other) => isSamePlace(other.message, message))
    const times = Math.min(...samePlace.map((other) => other.message.reconsumeTimes))
    if (times < reconsumeTimes) return []
    const before = attempts.filter((other) => other.message.reconsumeTimes === times - 1)
    const delayMs = this.#rules.delaysMs[times - 1] ?? 0
    const dueMs = Math.min(...before.map(({ startedMs }) => startedMs)) + delayMs
    return storeTimestampMs >= dueMs ? [] : [`came back ${dueMs - storeTimestampMs} ms early`]
  }
}

/** The broker notes the first record's place as the origin, a client that re-sends its own id. */
function isIdOf(first: ReceivedMessage | undefined, id: string | undefined): boolean {
  return id !== undefined && (id === first?.offsetMessageId || id === first?.messageId)
}

function isSamePlace(left: ReceivedMessage, right: ReceivedMessage): boolean {
  return left.physicalOffset === right.physicalOffset
}
