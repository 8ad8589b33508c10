/** How many shards one command runs at most. */
export const SHARD_COUNT_MAX = 64
