/** What was sent and what was answered: the truth that a store is held to after each kill. */

export interface AckedMessage {
  readonly id: string
  readonly topic: string
  readonly queueId: number
  readonly queueOffset: number
  readonly physicalOffset: number
}

/** A message as it was read back. */
export type ReadMessage = Omit<AckedMessage, 'topic'>

export class KnownSends {
  ackedCount = 0
  ackedBatchCount = 0
  unansweredCount = 0
  /** Messages that were there more often than once, and had a reason. */
  doubleCount = 0
  #acked: AckedMessage[] = []
  /** Attempts that nobody answered, by the id of their message. */
  readonly #unanswered = new Map<string, number>()
  /** Every id that was ever sent, and where to. */
  readonly #sent = new Map<string, string>()
  /** Queues go on from here: what was acknowledged before went with its segment. */
  readonly #nextOffsets = new Map<string, number>()

  /** What was acknowledged and has not been deleted. */
  get acked(): readonly AckedMessage[] {
    return this.#acked
  }

  begin(id: string, topic: string): void {
    this.#sent.set(id, topic)
  }

  /** The messages of one request, which were answered together. */
  ack(messages: readonly AckedMessage[]): void {
    this.#acked.push(...messages)
    this.ackedCount += messages.length
    if (messages.length > 1) this.ackedBatchCount += 1
  }

  noAnswer(id: string): void {
    this.unansweredCount += 1
    this.#unanswered.set(id, (this.#unanswered.get(id) ?? 0) + 1)
  }

  /** The log begins there now. @returns where what went with its segments stood */
  deletedBefore(logStart: number): readonly number[] {
    const gone = this.#acked.filter(({ physicalOffset }) => physicalOffset < logStart)
    if (gone.length === 0) return []
    for (const { topic, queueId, queueOffset } of gone) {
      const key = `${topic}/${queueId}`
      const before = this.#nextOffsets.get(key) ?? 0
      this.#nextOffsets.set(key, Math.max(before, queueOffset + 1))
    }
    this.#acked = this.#acked.filter(({ physicalOffset }) => physicalOffset >= logStart)
    return gone.map(({ physicalOffset }) => physicalOffset)
  }

  /**
   * What is wrong with the messages of a topic that were read back, queue by queue, in order.
   * @param logStart physical offset at which the log begins
   */
  problemsOf(
    topic: string,
    queues: readonly (readonly ReadMessage[])[],
    logStart: number,
  ): string[] {
    const acked = this.#acked.filter((message) => message.topic === topic)
    const ackedIds = new Set(acked.map(({ id }) => id))
    return [
      ...queues.flatMap((messages) => this.#placeProblems(topic, messages, logStart)),
      ...acked.flatMap((message) => this.#lossProblems(message, queues[message.queueId] ?? [])),
      ...this.#copyProblems(queues, ackedIds),
      ...queues.flatMap((messages) => orderProblems(topic, messages)),
    ]
  }

  /** Numbers go on without gaps, nothing is there that was not sent or that was deleted. */
  #placeProblems(topic: string, messages: readonly ReadMessage[], logStart: number): string[] {
    const [first] = messages
    if (first === undefined) return []
    const problems: string[] = []
    // A log that was never cut in front holds every queue from its beginning.
    if (logStart === 0 && first.queueOffset !== 0) {
      problems.push(`${topic}/${first.queueId} begins at ${first.queueOffset}`)
    }
    const next = this.#nextOffsets.get(`${topic}/${first.queueId}`) ?? 0
    if (first.queueOffset < next) {
      problems.push(`${topic}/${first.queueId} begins at ${first.queueOffset}, not at ${next}`)
    }
    for (const [index, { id, queueId, queueOffset, physicalOffset }] of messages.entries()) {
      const where = `${topic}/${queueId}/${queueOffset}`
      const place = first.queueOffset + index
      if (queueOffset !== place) problems.push(`${where} stands in place ${place}`)
      if (this.#sent.get(id) !== topic) problems.push(`${where} holds ${id}, which was not sent`)
      if (physicalOffset < logStart) problems.push(`${where} lies before the log, ${logStart}`)
    }
    return problems
  }

  #lossProblems(acked: AckedMessage, messages: readonly ReadMessage[]): string[] {
    const { id, topic, queueId, queueOffset, physicalOffset } = acked
    const found = messages[queueOffset - (messages[0]?.queueOffset ?? 0)]
    if (found?.id === id && found.physicalOffset === physicalOffset) return []
    const held = found === undefined ? 'nothing' : `${found.id} at ${found.physicalOffset}`
    const place = `${topic}/${queueId}/${queueOffset}`
    return [`${place}: ${id} at ${physicalOffset} was acknowledged, there is ${held}`]
  }

  /** One for the acknowledgement, and one for each attempt that got no answer. */
  #copyProblems(
    queues: readonly (readonly ReadMessage[])[],
    ackedIds: ReadonlySet<string>,
  ): string[] {
    const copies = new Map<string, number>()
    for (const { id } of queues.flat()) copies.set(id, (copies.get(id) ?? 0) + 1)
    const problems: string[] = []
    this.doubleCount = Math.max(
      this.doubleCount,
      [...copies.values()].filter((count) => count > 1).length,
    )
    for (const [id, count] of copies) {
      const most = (this.#unanswered.get(id) ?? 0) + (ackedIds.has(id) ? 1 : 0)
      if (count > most)
        problems.push(`${id} is there ${count} times, at most ${most} are explained`)
    }
    return problems
  }
}

/** A producer waits for each answer before it sends to the same queue again. */
function orderProblems(topic: string, messages: readonly ReadMessage[]): string[] {
  const problems: string[] = []
  const last = new Map<string, number>()
  const seen = new Set<string>()
  for (const { id, queueId } of messages) {
    if (seen.has(id)) continue
    seen.add(id)
    const [producer = '', number = ''] = id.split('.')
    const before = last.get(producer) ?? -1
    if (Number(number) < before) {
      problems.push(`${topic}/${queueId}: ${id} comes behind ${producer}.${before}`)
    }
    last.set(producer, Number(number))
  }
  return problems
}
