import { expect, it } from 'vitest'
import {
  COMPRESSED_FLAG,
  COMPRESSION_LZ4_TYPE,
  COMPRESSION_ZLIB_TYPE,
  COMPRESSION_ZSTD_TYPE,
  compressionOf,
  TRANSACTION_COMMIT_TYPE,
  TRANSACTION_NOT_TYPE,
  TRANSACTION_PREPARED_TYPE,
  TRANSACTION_ROLLBACK_TYPE,
  transactionTypeOf,
  withTransactionType,
} from '../../../engine/format/sys-flag.ts'

it('names the compression, zlib where no type is set', () => {
  expect(compressionOf(0)).toBe('none')
  expect(compressionOf(COMPRESSION_LZ4_TYPE)).toBe('none')
  expect(compressionOf(COMPRESSED_FLAG)).toBe('zlib')
  expect(compressionOf(COMPRESSED_FLAG | COMPRESSION_ZLIB_TYPE)).toBe('zlib')
  expect(compressionOf(COMPRESSED_FLAG | COMPRESSION_LZ4_TYPE)).toBe('lz4')
  expect(compressionOf(COMPRESSED_FLAG | COMPRESSION_ZSTD_TYPE | 0xfe)).toBe('zstd')
  expect(compressionOf(COMPRESSED_FLAG | 0x400)).toBe('unknown')
})

it('changes nothing but the transaction state', () => {
  const types = [
    TRANSACTION_NOT_TYPE,
    TRANSACTION_PREPARED_TYPE,
    TRANSACTION_COMMIT_TYPE,
    TRANSACTION_ROLLBACK_TYPE,
  ]
  for (const before of types) {
    for (const after of types) {
      const sysFlag = withTransactionType(0x7f3 | before, after)
      expect(transactionTypeOf(sysFlag)).toBe(after)
      expect(sysFlag & ~TRANSACTION_ROLLBACK_TYPE).toBe(0x7f3)
    }
  }
})
