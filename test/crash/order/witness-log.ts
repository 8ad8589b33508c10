/**
 * What happened in which order, as those wrote it down who did it: one line an event, appended to
 * one file by all processes.
 *
 *   begin MEMBER QUEUE OFFSET    a listener is called
 *   end MEMBER QUEUE OFFSET      it has consumed the message
 *   later MEMBER QUEUE OFFSET    it has put the message off
 *   kill MEMBER                  the member is about to be killed
 *   broker-kill                  the broker was killed
 *   broker-start                 it is about to come back
 *   saved QUEUE OFFSET           the broker's file of offsets, read behind a kill
 */
export type WitnessEvent =
  | {
      readonly kind: 'begin' | 'end' | 'later'
      readonly member: string
      readonly queueId: number
      readonly offset: number
    }
  | { readonly kind: 'kill'; readonly member: string }
  | { readonly kind: 'broker-kill' | 'broker-start' }
  | { readonly kind: 'saved'; readonly queueId: number; readonly offset: number }

export function witnessLine(event: WitnessEvent): string {
  return `${JSON.stringify(event)}\n`
}

/** The events of a log; a line that a kill cut short is none. */
export function parseWitnessLog(text: string): WitnessEvent[] {
  const lines = text.split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as WitnessEvent)
}

/** A call of a listener that was the last one to begin on its queue. */
interface LastCall {
  readonly member: string
  readonly offset: number
  outcome: 'running' | 'end' | 'later' | 'killed'
  /** The broker was killed since: whoever goes on may begin at what it still knew. */
  isBrokerNew: boolean
}

const RECENT_EVENTS = 16

/** How one queue was consumed so far. */
class QueueStory {
  readonly queueId: number
  /** Everything before this offset was consumed at least once. */
  consumed = 0
  /** How far the group had come by the broker's file when it was last killed. */
  saved = 0
  last: LastCall | undefined
  repeatCount = 0
  /** What happened last, as a reader of a problem wants to see it. */
  readonly recent: string[] = []

  constructor(queueId: number) {
    this.queueId = queueId
  }

  tell(event: string): void {
    this.recent.push(event)
    if (this.recent.length > RECENT_EVENTS) this.recent.shift()
  }

  /** What is wrong with a call of a listener at this point. */
  problemsOfBegin(member: string, offset: number): string[] {
    const { consumed, last, queueId, saved } = this
    const problems: string[] = []
    const where = `queue ${queueId}: ${member} begins ${offset}`
    if (last?.outcome === 'running') {
      problems.push(`${where} while ${last.member} is at ${last.offset}`)
    }
    if (offset > consumed) problems.push(`${where} before ${consumed} was consumed`)
    if (offset < saved) problems.push(`${where} although ${saved} was committed`)
    const isSameSession = last !== undefined && last.member === member && !last.isBrokerNew
    if (isSameSession) {
      const next = last.outcome === 'end' ? last.offset + 1 : last.offset
      if (offset !== next) problems.push(`${where} in place of ${next}`)
    }
    return problems.map((problem) => `${problem} (${this.recent.join(', ')})`)
  }
}

/** Holds the events of a log, one after the other, to what consuming in order promises. */
export class OrderChecker {
  readonly problems: string[] = []
  readonly #queues = new Map<number, QueueStory>()
  readonly #killed = new Set<string>()
  #isBrokerAway = false

  /** How many messages of a queue were consumed. */
  consumedOf(queueId: number): number {
    return this.#queueOf(queueId).consumed
  }

  /** How often messages were consumed that had been consumed before. */
  get repeatCount(): number {
    return [...this.#queues.values()].reduce((sum, { repeatCount }) => sum + repeatCount, 0)
  }

  check(event: WitnessEvent): void {
    switch (event.kind) {
      case 'begin':
        this.#begin(event.member, this.#queueOf(event.queueId), event.offset)
        break
      case 'end':
      case 'later':
        this.#finish(event.kind, event.member, this.#queueOf(event.queueId), event.offset)
        break
      case 'kill':
        this.#kill(event.member)
        break
      case 'broker-kill':
        this.#killBroker()
        break
      case 'broker-start':
        this.#isBrokerAway = false
        break
      case 'saved':
        this.#save(this.#queueOf(event.queueId), event.offset)
        break
    }
  }

  #queueOf(queueId: number): QueueStory {
    let queue = this.#queues.get(queueId)
    if (queue === undefined) {
      queue = new QueueStory(queueId)
      this.#queues.set(queueId, queue)
    }
    return queue
  }

  #begin(member: string, queue: QueueStory, offset: number): void {
    this.problems.push(...queue.problemsOfBegin(member, offset))
    queue.tell(`${member} begins ${offset}`)
    // Between the note of a kill and the kill itself.
    const outcome = this.#killed.has(member) ? 'killed' : 'running'
    // Until it has heard of the kill, a member goes on with what it has.
    queue.last = { member, offset, outcome, isBrokerNew: this.#isBrokerAway }
  }

  #finish(kind: 'end' | 'later', member: string, queue: QueueStory, offset: number): void {
    const { last } = queue
    queue.tell(`${member} ${kind} ${offset}`)
    if (last?.member !== member || last.offset !== offset) {
      this.problems.push(`queue ${queue.queueId}: ${member} ends ${offset} out of turn`)
      return
    }
    last.outcome = kind
    if (kind === 'later') return
    if (offset < queue.consumed) queue.repeatCount += 1
    queue.consumed = Math.max(queue.consumed, offset + 1)
  }

  #killBroker(): void {
    this.#isBrokerAway = true
    for (const queue of this.#queues.values()) {
      queue.tell('broker killed')
      if (queue.last !== undefined) queue.last.isBrokerNew = true
    }
  }

  #kill(member: string): void {
    this.#killed.add(member)
    for (const queue of this.#queues.values()) {
      const { last } = queue
      queue.tell(`${member} killed`)
      if (last?.member === member && last.outcome === 'running') last.outcome = 'killed'
    }
  }

  #save(queue: QueueStory, offset: number): void {
    const { consumed, queueId } = queue
    if (offset > consumed) {
      this.problems.push(`queue ${queueId}: ${offset} was committed, ${consumed} consumed`)
    }
    queue.tell(`${offset} saved`)
    queue.saved = offset
  }
}
