import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messagesIn } from '../../../engine/format/stored-message.ts'
import { ConsumerOffsetTable } from '../../../net/protocol/consumer-offset.ts'
import { decodeBody, encodeBody } from '../../../net/protocol/json-shape.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { pullFields } from '../../helpers/running-standalone.ts'
import type { KillLoad } from './kill-load.ts'
import type { KilledBroker } from './killed-broker.ts'

const GROUP = 'readers'
const MESSAGES_PER_PULL = 32
const PAUSE_MS = 5
/** Further than any queue gets. */
const FAR_AHEAD = 1_000_000_000

/** A group that pulls, and commits what it was given. */
export class GroupOffsets implements KillLoad {
  readonly #queues: readonly { readonly topic: string; readonly queueId: number }[]
  /** Where the delivered messages of a queue end, and so the highest offset ever committed. */
  readonly #delivered = new Map<string, number>()
  /** Queues whose offset was set far ahead before this start. */
  readonly #raised = new Set<string>()
  #commitCount = 0
  #deliveredCount = 0
  #clampedCount = 0

  constructor(topics: readonly string[], queueCount: number) {
    this.#queues = topics.flatMap((topic) =>
      Array.from({ length: queueCount }, (_, queueId) => ({ topic, queueId })),
    )
  }

  async run(broker: KilledBroker): Promise<void> {
    const offsets = new Map<string, number>()
    for (const { topic, queueId } of this.#queues) {
      offsets.set(keyOf(topic, queueId), (await committed(broker, topic, queueId)) ?? 0)
    }
    for (;;) {
      for (const { topic, queueId } of this.#queues) {
        const key = keyOf(topic, queueId)
        offsets.set(key, await this.#consume(broker, { topic, queueId }, offsets.get(key) ?? 0))
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }

  /** The group is never ahead of what it was given, nor behind the end of a queue. */
  async problems(broker: KilledBroker): Promise<string[]> {
    const problems: string[] = []
    for (const { topic, queueId } of this.#queues) {
      const key = keyOf(topic, queueId)
      const offset = (await committed(broker, topic, queueId)) ?? 0
      const end = await broker.endOf(topic, queueId)
      const delivered = this.#delivered.get(key) ?? 0
      if (this.#raised.has(key)) {
        if (offset === end) this.#clampedCount += 1
        else problems.push(`${key}: the offset was not taken back to ${end}, it is ${offset}`)
        // Everything up to there was passed over by us, not by the broker.
        this.#delivered.set(key, Math.max(delivered, end))
      } else if (offset > delivered || offset > end) {
        problems.push(`${key}: offset ${offset}, but the end is ${end}, delivered ${delivered}`)
      }
    }
    this.#raised.clear()
    return problems
  }

  counts(): Readonly<Record<string, number>> {
    return {
      'messages delivered': this.#deliveredCount,
      'offsets committed': this.#commitCount,
      'offsets taken back at a start': this.#clampedCount,
    }
  }

  /** Before a start: the table of offsets has outlived what the log lost. */
  raise(directory: string): void {
    const path = join(directory, 'config', 'consumerOffset.json')
    if (!existsSync(path)) return
    const table = decodeBody(ConsumerOffsetTable, readFileSync(path))
    for (const { topic, queueId } of this.#queues) {
      const offsets = table.offsetTable.get(`${topic}@${GROUP}`)
      if (offsets?.has(queueId) !== true) continue
      offsets.set(queueId, FAR_AHEAD)
      this.#raised.add(keyOf(topic, queueId))
    }
    writeFileSync(path, encodeBody(ConsumerOffsetTable, table))
  }

  /** Pulls once, and commits. @returns where to go on */
  async #consume(
    broker: KilledBroker,
    { topic, queueId }: { readonly topic: string; readonly queueId: number },
    queueOffset: number,
  ): Promise<number> {
    const fields = { queueId, queueOffset, maxMsgNums: MESSAGES_PER_PULL, consumerGroup: GROUP }
    const answer = await broker.ask(RequestCode.PULL_MESSAGE, pullFields(topic, fields))
    const next = Number(answer.extFields.get('nextBeginOffset') ?? queueOffset)
    // A pull below the least offset is told where that is.
    if (answer.code !== 0) return next
    const key = keyOf(topic, queueId)
    this.#deliveredCount += [...messagesIn(answer.body)].length
    this.#delivered.set(key, Math.max(this.#delivered.get(key) ?? 0, next))
    const commit = { consumerGroup: GROUP, topic, queueId, commitOffset: next }
    await broker.ask(RequestCode.UPDATE_CONSUMER_OFFSET, commit)
    this.#commitCount += 1
    return next
  }
}

function keyOf(topic: string, queueId: number): string {
  return `${topic}/${queueId}`
}

async function committed(
  broker: KilledBroker,
  topic: string,
  queueId: number,
): Promise<number | undefined> {
  const fields = { consumerGroup: GROUP, topic, queueId, setZeroIfNotFound: false }
  const answer = await broker.ask(RequestCode.QUERY_CONSUMER_OFFSET, fields)
  const offset = answer.extFields.get('offset')
  return answer.code === 0 && offset !== undefined ? Number(offset) : undefined
}
