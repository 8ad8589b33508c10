/** What was sent and what was answered: the truth that a store is held to after each kill. */

export interface AckedMessage {
  readonly id: string
  readonly topic: string
  readonly queueId: number
  readonly queueOffset: number
  readonly physicalOffset: number
}

/** A message as it was read back. */
export interface ReadMessage {
  readonly id: string
  readonly queueId: number
  readonly queueOffset: number
  readonly physicalOffset: number
}

export class KnownSends {
  readonly acked: AckedMessage[] = []
  /** Attempts that nobody answered, by the id of their message. */
  readonly #unanswered = new Map<string, number>()
  /** Every id that was ever sent, and where to. */
  readonly #sent = new Map<string, string>()

  begin(id: string, topic: string): void {
    this.#sent.set(id, topic)
  }

  ack(message: AckedMessage): void {
    this.acked.push(message)
  }

  noAnswer(id: string): void {
    this.#unanswered.set(id, (this.#unanswered.get(id) ?? 0) + 1)
  }

  /** What is wrong with the messages of a topic that were read back, queue by queue, in order. */
  problemsOf(topic: string, queues: readonly (readonly ReadMessage[])[]): string[] {
    const problems: string[] = []
    const copies = new Map<string, number>()
    for (const messages of queues) {
      for (const [place, message] of messages.entries()) {
        const { id, queueId, queueOffset } = message
        const where = `${topic}/${queueId}/${queueOffset}`
        if (queueOffset !== place) problems.push(`${where} stands in place ${place}`)
        if (this.#sent.get(id) !== topic) problems.push(`${where} holds ${id}, which was not sent`)
        copies.set(id, (copies.get(id) ?? 0) + 1)
      }
    }
    const ackedIds = new Set<string>()
    for (const acked of this.acked) {
      if (acked.topic !== topic) continue
      ackedIds.add(acked.id)
      const found = queues[acked.queueId]?.[acked.queueOffset]
      if (found?.id === acked.id && found.physicalOffset === acked.physicalOffset) continue
      const { id, queueId, queueOffset, physicalOffset } = acked
      const held = found === undefined ? 'nothing' : `${found.id} at ${found.physicalOffset}`
      const place = `${topic}/${queueId}/${queueOffset}`
      problems.push(`${place}: ${id} at ${physicalOffset} was acknowledged, there is ${held}`)
    }
    for (const [id, count] of copies) {
      const most = (this.#unanswered.get(id) ?? 0) + (ackedIds.has(id) ? 1 : 0)
      if (count > most)
        problems.push(`${id} is there ${count} times, at most ${most} are explained`)
    }
    return [...problems, ...this.#orderProblems(topic, queues)]
  }

  /** A producer waits for each answer before it sends to the same queue again. */
  #orderProblems(topic: string, queues: readonly (readonly ReadMessage[])[]): string[] {
    const problems: string[] = []
    for (const messages of queues) {
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
    }
    return problems
  }
}
