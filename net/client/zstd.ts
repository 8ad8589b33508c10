/** Zstandard, which Node has from 22.15 on. */

import * as zlib from 'node:zlib'

/** The parts of node:zlib that the types of Node 20 do not know. */
interface ZstdOfNode {
  zstdCompress(body: Buffer, options: object, done: Done): void
  zstdDecompress(body: Buffer, options: object, done: Done): void
  readonly constants: { readonly ZSTD_c_compressionLevel: number }
}

type Done = (error: Error | null, result: Buffer) => void

/** Why it cannot be had; undefined where it can. */
export const zstdLack =
  'zstdCompress' in zlib ? undefined : 'this version of Node has no zstd, 22.15 and later do'

const node = zlib as unknown as ZstdOfNode

/** `body` as one frame. Call only without a {@link zstdLack}. */
export function compressZstd(body: Buffer, level: number): Promise<Buffer> {
  const levels = { [node.constants.ZSTD_c_compressionLevel]: level }
  return new Promise((resolve, reject) => {
    node.zstdCompress(body, { params: levels }, settle(resolve, reject))
  })
}

/** What `body` was made from, at most `maxBytes`. Call only without a {@link zstdLack}. */
export function decompressZstd(body: Buffer, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    node.zstdDecompress(body, { maxOutputLength: maxBytes }, settle(resolve, reject))
  })
}

function settle(resolve: (result: Buffer) => void, reject: (error: Error) => void): Done {
  return (error, result) => {
    if (error === null) resolve(result)
    else reject(error)
  }
}
