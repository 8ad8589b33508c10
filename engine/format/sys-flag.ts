/**
 * The bits of a message's `sysFlag`, as in RocketMQ's `MessageSysFlag`.
 *
 *     ┌───────┬───────────────────────────────────────────────┐
 *     │ 0     │ the body is compressed                        │
 *     │ 1     │ several tags                                  │
 *     │ 2, 3  │ transaction state                             │
 *     │ 4     │ the born host is IPv6                         │
 *     │ 5     │ the store host is IPv6                        │
 *     │ 6     │ the body is a batch, to be taken apart        │
 *     │ 7     │ a record of a batch queue                     │
 *     │ 8..10 │ compression: 0 and 3 zlib, 1 LZ4, 2 Zstandard │
 *     └───────┴───────────────────────────────────────────────┘
 */

/** The body is compressed, by the algorithm that {@link compressionOf} tells. */
export const COMPRESSED_FLAG = 0x1

/** The message's topic takes several tags a message. */
export const MULTI_TAGS_FLAG = 0x1 << 1

/** The two bits of the transaction state. */
export const TRANSACTION_NOT_TYPE = 0
export const TRANSACTION_PREPARED_TYPE = 0x1 << 2
export const TRANSACTION_COMMIT_TYPE = 0x2 << 2
export const TRANSACTION_ROLLBACK_TYPE = 0x3 << 2
const TRANSACTION_MASK = TRANSACTION_ROLLBACK_TYPE

/** The host that sent the message has a 16-byte address. */
export const BORN_HOST_V6_FLAG = 0x1 << 4
/** The broker that stored the message has a 16-byte address. */
export const STORE_HOST_V6_FLAG = 0x1 << 5

/** The three bits of the compression type; none of them set means zlib, as before they existed. */
export const COMPRESSION_LZ4_TYPE = 0x1 << 8
export const COMPRESSION_ZSTD_TYPE = 0x2 << 8
export const COMPRESSION_ZLIB_TYPE = 0x3 << 8
/** The bits of the compression type. */
export const COMPRESSION_MASK = 0x7 << 8

/** How a body is compressed; `unknown` is a type that RocketMQ never assigned. */
export type Compression = 'none' | 'lz4' | 'zstd' | 'zlib' | 'unknown'

/** The algorithm that a reader of the body needs (RocketMQ's `CompressionType.findByValue`). */
export function compressionOf(sysFlag: number): Compression {
  if ((sysFlag & COMPRESSED_FLAG) === 0) return 'none'
  switch (sysFlag & COMPRESSION_MASK) {
    case COMPRESSION_LZ4_TYPE:
      return 'lz4'
    case COMPRESSION_ZSTD_TYPE:
      return 'zstd'
    case 0:
    case COMPRESSION_ZLIB_TYPE:
      return 'zlib'
    default:
      return 'unknown'
  }
}

/** One of the four `TRANSACTION_…_TYPE` values. */
export function transactionTypeOf(sysFlag: number): number {
  return sysFlag & TRANSACTION_MASK
}

/** `sysFlag` with its transaction state replaced by one of the `TRANSACTION_…_TYPE` values. */
export function withTransactionType(sysFlag: number, type: number): number {
  return (sysFlag & ~TRANSACTION_MASK) | type
}

/** Prepared and rolled back halves of a transaction have a record but no place in a queue. */
export function entersConsumeQueue(sysFlag: number): boolean {
  const type = transactionTypeOf(sysFlag)
  return type !== TRANSACTION_PREPARED_TYPE && type !== TRANSACTION_ROLLBACK_TYPE
}
