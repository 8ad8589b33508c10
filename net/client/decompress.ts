/** Bodies as senders compressed them. RocketMQ: `CompressorFactory`. */

import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import { unreachable } from '../../engine/base/assert.ts'
import { describeError } from '../../engine/base/errors.ts'
import { KIB, MIB } from '../../engine/base/units.ts'
import { compressionOf } from '../../engine/format/sys-flag.ts'
import { ClientError } from './client-error.ts'
import { decompressZstd } from './zstd.ts'

/** Up to here inflating inline costs less than handing it to another thread. */
const INLINE_BYTES_MAX = 32 * KIB
/** What a body may grow to: a few bytes can claim to be gigabytes. */
const BODY_BYTES_MAX = 256 * MIB
const LIMIT = { maxOutputLength: BODY_BYTES_MAX }

const inflateElsewhere = promisify(zlib.inflate) as (
  body: Buffer,
  options: zlib.ZlibOptions,
) => Promise<Buffer>

/**
 * The body that `body` was made from; `body` itself when it is not compressed.
 * @throws {ClientError} `CLIENT_BODY_UNREADABLE`
 */
export async function decompress(body: Buffer, sysFlag: number): Promise<Buffer> {
  const compression = compressionOf(sysFlag)
  try {
    switch (compression) {
      case 'none':
        return body
      case 'zlib':
        return body.length <= INLINE_BYTES_MAX
          ? zlib.inflateSync(body, LIMIT)
          : await inflateElsewhere(body, LIMIT)
      case 'lz4':
        return await decompressLz4(body)
      case 'zstd':
        return await decompressZstd(body, BODY_BYTES_MAX)
      case 'unknown':
        throw new ClientError('CLIENT_BODY_UNREADABLE', `unknown compression, flags ${sysFlag}`)
      default:
        return unreachable(compression)
    }
  } catch (error) {
    if (error instanceof ClientError) throw error
    const message = `${compression} body cannot be read: ${describeError(error)}`
    throw new ClientError('CLIENT_BODY_UNREADABLE', message, { cause: error })
  }
}

/** Loads native code, so only when there is such a message. */
async function decompressLz4(body: Buffer): Promise<Buffer> {
  const { decompressFrame } = await import('lz4-napi')
  return decompressFrame(body)
}
