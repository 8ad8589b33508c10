import { setTimeout as sleep } from 'node:timers/promises'
import {
  type ConsumeContext,
  type ConsumeResult,
  createReply,
  type Producer,
  type ReceivedMessage,
} from '../../../../net/client/index.ts'
import type { ListenerRule } from '../../java-toolbox.ts'

/** What a listener does; see ListenerRules.java. */
export class ListenerRules {
  readonly #rules: readonly ListenerRule[]
  readonly #replier: Producer | undefined
  readonly #deliveries = new Map<string, number>()

  /** `replier` sends the replies, where rules may reply. */
  constructor(rules: readonly ListenerRule[], replier: Producer | undefined) {
    this.#rules = rules
    this.#replier = replier
  }

  /** Finds the rule for the first of what was delivered and does as it says. */
  async apply(
    messages: readonly ReceivedMessage[],
    context: ConsumeContext,
  ): Promise<ConsumeResult> {
    for (const { messageId } of messages) {
      this.#deliveries.set(messageId, (this.#deliveries.get(messageId) ?? 0) + 1)
    }
    const message = messages[0]!
    const times = this.#deliveries.get(message.messageId) ?? 0
    const body = message.body.toString()
    const rule = this.#rules.find(
      (candidate) =>
        body.startsWith(candidate.body ?? '') &&
        times <= (candidate.times ?? Number.POSITIVE_INFINITY),
    )
    if (rule === undefined) return 'success'
    context.delayLevel = rule.delayLevel ?? 0
    context.suspendMs = rule.suspendMs ?? -1
    await sleep(rule.holdMs ?? 0)
    if (rule.reply === true) await this.#replier!.send(createReply(message, `re: ${body}`))
    if (rule.answer === 'throw') throw new Error('as the rule says')
    return rule.answer ?? 'success'
  }
}
