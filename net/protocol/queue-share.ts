/**
 * How the members of a group share queues, wherever that is computed: the client's rebalance and
 * the broker's answer to QUERY_ASSIGNMENT must come to the same.
 */

/**
 * A run of neighbours for each member, one more for the first ones where they do not divide evenly
 * (Java: AllocateMessageQueueAveragely).
 */
export function averageShare<T>(items: readonly T[], index: number, memberCount: number): T[] {
  const remainder = items.length % memberCount
  const smallShare = Math.floor(items.length / memberCount)
  const start = index * smallShare + Math.min(index, remainder)
  return items.slice(start, start + smallShare + (index < remainder ? 1 : 0))
}

/** The members take the items in turn (Java: AllocateMessageQueueAveragelyByCircle). */
export function circleShare<T>(items: readonly T[], index: number, memberCount: number): T[] {
  return items.filter((_, at) => at % memberCount === index)
}
