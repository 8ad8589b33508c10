/**
 * Consumers of one group must want the same: what one of them gets, the others do not. RocketMQ
 * takes the subscriptions of whoever spoke last for those of all, so that consumers that differ
 * lose messages, and says nothing. Here it is said, by name.
 */
import type { Logger } from '../../../engine/base/logger.ts'
import type { SubscriptionData } from '../../protocol/heartbeat.ts'
import type { ConsumerGroupInfo } from './consumer-group-info.ts'

/** A client with what it said that it wants. */
export interface Wish {
  readonly clientId: string
  readonly subscriptions: readonly SubscriptionData[]
}

/** Logs that two consumers of a group differ, and that they no longer do, once each. */
export class SubscriptionConsistency {
  readonly #logger: Logger
  readonly #logged = new WeakMap<ConsumerGroupInfo, string>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  check(group: ConsumerGroupInfo): void {
    const difference = differenceOf(group)
    const logged = this.#logged.get(group)
    if (difference === logged) return
    if (difference !== undefined) {
      this.#logger.warn(difference)
      this.#logged.set(group, difference)
    } else {
      this.#logger.info(`the consumers of ${group.name} subscribe to the same again`)
      this.#logged.delete(group)
    }
  }
}

/** Two consumers of the group that differ, and in what; undefined when all want the same. */
export function differenceOf({ name, wishes }: ConsumerGroupInfo): string | undefined {
  const [first, ...others] = wishes
  if (first === undefined) return undefined
  for (const other of others) {
    // A client that came back is not at odds with its own connection of before.
    if (other.clientId === first.clientId) continue
    const difference = differenceBetween(first, other)
    if (difference !== undefined) return `consumers of group ${name} differ: ${difference}`
  }
  return undefined
}

function differenceBetween(left: Wish, right: Wish): string | undefined {
  const leftWants = expressionsOf(left)
  const rightWants = expressionsOf(right)
  for (const topic of [...new Set([...leftWants.keys(), ...rightWants.keys()])].sort()) {
    const [leftWish, rightWish] = [leftWants.get(topic), rightWants.get(topic)]
    if (leftWish === rightWish) continue
    return (
      `${left.clientId} ${verb(leftWish)}, ${right.clientId} ${verb(rightWish)} ` +
      `of topic ${topic}`
    )
  }
  return undefined
}

/** By topic. */
function expressionsOf({ subscriptions }: Wish): Map<string, string> {
  return new Map(
    subscriptions.map(({ topic, expressionType, subString }) => {
      return [topic, `${expressionType} "${subString}"`]
    }),
  )
}

function verb(wish: string | undefined): string {
  return wish === undefined ? 'wants nothing' : `wants ${wish}`
}
