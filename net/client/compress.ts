/** Bodies as they are sent. RocketMQ: `CompressionType`, `ZlibCompressor` and its likes. */

import { promisify } from 'node:util'
import { deflate } from 'node:zlib'
import {
  COMPRESSED_FLAG,
  COMPRESSION_LZ4_TYPE,
  COMPRESSION_ZLIB_TYPE,
  COMPRESSION_ZSTD_TYPE,
} from '../../engine/format/sys-flag.ts'
import { compressZstd } from './zstd.ts'

/** How bodies are compressed: what RocketMQ 5.x reads; 4.x reads `zlib` only. */
export type CompressType = 'zlib' | 'lz4' | 'zstd'

/** Which bodies are compressed, and how. */
export interface Packing {
  readonly compressFromBytes: number
  readonly compressType: CompressType
  readonly compressLevel: number
}

/** A body as it is sent, with the flags that say so. */
export interface PackedBody {
  readonly body: Buffer
  readonly sysFlag: number
}

interface Algorithm {
  readonly flags: number
  /** The highest level that has a meaning. */
  readonly levelMax: number
  readonly compress: (body: Buffer, level: number) => Promise<Buffer>
}

const deflateElsewhere = promisify(deflate) as (
  body: Buffer,
  options: { readonly level: number },
) => Promise<Buffer>

/** Every type that there is, with what it does. */
export const COMPRESS_ALGORITHMS: Readonly<Record<CompressType, Algorithm>> = Object.freeze({
  zlib: {
    flags: COMPRESSED_FLAG | COMPRESSION_ZLIB_TYPE,
    levelMax: 9,
    compress: (body: Buffer, level: number) => deflateElsewhere(body, { level }),
  },
  lz4: {
    flags: COMPRESSED_FLAG | COMPRESSION_LZ4_TYPE,
    // It has no levels, like Java's: what is set for the others does no harm.
    levelMax: 22,
    compress: compressLz4,
  },
  zstd: {
    flags: COMPRESSED_FLAG | COMPRESSION_ZSTD_TYPE,
    levelMax: 22,
    compress: compressZstd,
  },
})

/** Whether a body is large enough to be compressed. */
export function isPacked(body: Buffer, { compressFromBytes }: Packing): boolean {
  return body.length >= compressFromBytes
}

/** Compresses a large body off the event loop; keeps it as it is where that does not shrink it. */
export async function packBody(body: Buffer, packing: Packing): Promise<PackedBody> {
  if (!isPacked(body, packing)) return { body, sysFlag: 0 }
  const { compress, flags } = COMPRESS_ALGORITHMS[packing.compressType]
  const compressed = await compress(body, packing.compressLevel)
  return compressed.length < body.length
    ? { body: compressed, sysFlag: flags }
    : { body, sysFlag: 0 }
}

/** Loads native code, so only when there is something to compress. Blocks are independent of each
 *  other: Java's `LZ4FrameInputStream` reads no others. */
async function compressLz4(body: Buffer): Promise<Buffer> {
  const { compressFrame } = await import('lz4-napi')
  return compressFrame(body)
}
