import { AgenaError } from '../../../engine/base/errors.ts'

/** Codes of {@link ShardError}. */
export type ShardErrorCode =
  /** Shards are asked for, but the directory holds the store of a broker without shards. */
  | 'SHARDS_STORE_UNSHARDED'
  /** A broker without shards is asked for, but the directory holds those of shards. */
  | 'SHARDS_STORE_SHARDED'
  /** More shards have data than are asked for: what the others hold would be out of reach. */
  | 'SHARDS_TOO_FEW'
  /** A shard ended before it was ready, or again and again. */
  | 'SHARD_FAILED'

/** Brokers that cannot run, or go on, side by side. */
export class ShardError extends AgenaError<ShardErrorCode> {
  override readonly name = 'ShardError'
}
