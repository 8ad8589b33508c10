/**
 * Zstandard: node:zlib's where Node has it (from 22.15 on), and elsewhere a WebAssembly build of
 * the same library, which is loaded when it is first needed and works on the event loop.
 */

import * as zlib from 'node:zlib'
import { zstdContentBound } from '../../engine/format/zstd-frame.ts'

/** The parts of node:zlib that the types of Node 20 do not know. */
interface ZstdOfNode {
  zstdCompress(body: Buffer, options: object, done: Done): void
  zstdDecompress(body: Buffer, options: object, done: Done): void
  readonly constants: { readonly ZSTD_c_compressionLevel: number }
}

type Done = (error: Error | null, result: Buffer) => void
type ZstdOfWasm = typeof import('@bokuweb/zstd-wasm')

const node = 'zstdCompress' in zlib ? (zlib as unknown as ZstdOfNode) : undefined
let loading: Promise<ZstdOfWasm> | undefined

/** `body` as one frame. */
export async function compressZstd(body: Buffer, level: number): Promise<Buffer> {
  if (node === undefined) return compressByWasm(body, level)
  const levels = { [node.constants.ZSTD_c_compressionLevel]: level }
  return new Promise((resolve, reject) => {
    node.zstdCompress(body, { params: levels }, settle(resolve, reject))
  })
}

/** What `body` was made from. Throws when that has more than `bytesMax` or `body` is no frame. */
export async function decompressZstd(body: Buffer, bytesMax: number): Promise<Buffer> {
  if (node === undefined) return decompressByWasm(body, bytesMax)
  return new Promise((resolve, reject) => {
    node.zstdDecompress(body, { maxOutputLength: bytesMax }, settle(resolve, reject))
  })
}

/** As {@link compressZstd}, whatever Node has. */
export async function compressByWasm(body: Buffer, level: number): Promise<Buffer> {
  const { compress } = await loadWasm()
  return toBuffer(compress(body, level))
}

/** As {@link decompressZstd}, whatever Node has. */
export async function decompressByWasm(body: Buffer, bytesMax: number): Promise<Buffer> {
  // It takes the memory that a frame claims to need: only what its blocks can fill is believed.
  const bound = zstdContentBound(body)
  if (bound === undefined) throw new Error('it is not one whole frame')
  if (bound > bytesMax) throw new Error(`it may hold ${bound} bytes, at most ${bytesMax}`)
  const { decompress } = await loadWasm()
  return toBuffer(decompress(body, { defaultHeapSize: bound }))
}

async function loadWasm(): Promise<ZstdOfWasm> {
  loading ??= import('@bokuweb/zstd-wasm').then(async (wasm) => {
    await wasm.init()
    return wasm
  })
  return loading
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function settle(resolve: (result: Buffer) => void, reject: (error: Error) => void): Done {
  return (error, result) => {
    if (error === null) resolve(result)
    else reject(error)
  }
}
