/**
 * What Apache RocketMQ 5.5.0 makes of a directory that a crash left, by its own rules and not by
 * ours: MappedFileQueue.doLoad, CommitLog.recoverAbnormally and recoverNormally,
 * CommitLog.checkMessageAndReturnSize. It compares no physical offset with a record's place.
 */
import { crc32 } from 'node:zlib'
import type { FileSystem } from '../../engine/file/file-system.ts'
import { storeLayout } from '../../engine/file/store-layout.ts'

const MAGIC_V1 = 0xdaa320a7 | 0
const MAGIC_V2 = 0xdaa320ab | 0
const MAGIC_BLANK = 0xcbd43194 | 0
const POSITIVE = 0x7fff_ffff
const BORN_HOST_V6 = 0x10
const STORE_HOST_V6 = 0x20

export interface JavaMessage {
  /** Where Java found it; bytes of the log. */
  readonly foundAt: number
  readonly totalBytes: number
  /** What the record itself says. */
  readonly physicalOffset: number
  readonly queueId: number
  readonly queueOffset: number
  readonly topic: string
  readonly body: string
  readonly properties: string
}

/** Java would not start on this directory. */
export class JavaRefuses extends Error {
  override readonly name = 'JavaRefuses'
}

export interface JavaSizes {
  readonly segmentBytes: number
  readonly consumeQueueFileBytes: number
}

/** The messages of the log from its first file on, and where Java takes its end to be. */
export function readAsJava(
  files: FileSystem,
  root: string,
  sizes: JavaSizes,
): { messages: JavaMessage[]; startOffset: number; endOffset: number } {
  const layout = storeLayout(root)
  const segments = load(files, layout.commitLog, sizes.segmentBytes)
  for (const topic of files.list(layout.consumeQueue)) {
    for (const queue of files.list(`${layout.consumeQueue}/${topic}`)) {
      load(files, `${layout.consumeQueue}/${topic}/${queue}`, sizes.consumeQueueFileBytes)
    }
  }
  const messages: JavaMessage[] = []
  const startOffset = segments[0]?.startOffset ?? 0
  let endOffset = 0
  for (const { startOffset: segmentStart, bytes } of segments) {
    let at = 0
    for (;;) {
      const found = checkMessage(bytes, at, segmentStart + at)
      if (found === undefined) return { messages, startOffset, endOffset: segmentStart + at }
      if (found === 'blank') break
      messages.push(found)
      at += found.totalBytes
    }
    endOffset = segmentStart + sizes.segmentBytes
  }
  return { messages, startOffset, endOffset }
}

function load(
  files: FileSystem,
  directory: string,
  fileBytes: number,
): { startOffset: number; bytes: Buffer }[] {
  const names = files.list(directory)
  return names.flatMap((name, index) => {
    const fd = files.open(`${directory}/${name}`, 'read')
    try {
      const lengthBytes = files.sizeBytes(fd)
      if (lengthBytes === 0 && index === names.length - 1) return []
      if (lengthBytes !== fileBytes) {
        throw new JavaRefuses(`${directory}/${name} has ${lengthBytes} bytes, not ${fileBytes}`)
      }
      const startOffset = Number(name)
      if (!Number.isSafeInteger(startOffset)) throw new JavaRefuses(`${directory}/${name}`)
      const bytes = Buffer.alloc(fileBytes)
      files.read(fd, bytes, 0, fileBytes, 0)
      return [{ startOffset, bytes }]
    } finally {
      files.close(fd)
    }
  })
}

/** CommitLog.checkMessageAndReturnSize, field by field; undefined where it says "not a success". */
function checkMessage(
  bytes: Buffer,
  at: number,
  foundAt: number,
): JavaMessage | 'blank' | undefined {
  try {
    return parse(bytes, at, foundAt)
  } catch (error) {
    // BufferUnderflowException, NegativeArraySizeException: Java catches and logs them.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** A ByteBuffer: every read moves it, and one behind its end throws. */
class Cursor {
  at: number
  readonly #bytes: Buffer

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.at = at
  }

  get remaining(): number {
    return this.#bytes.length - this.at
  }

  int8(): number {
    return this.#bytes.readInt8(this.#move(1))
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#move(2))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#move(4))
  }

  int64(): number {
    return Number(this.#bytes.readBigInt64BE(this.#move(8)))
  }

  take(lengthBytes: number): Buffer {
    const start = this.#move(lengthBytes)
    return this.#bytes.subarray(start, this.at)
  }

  #move(lengthBytes: number): number {
    if (lengthBytes < 0 || lengthBytes > this.remaining) throw new RangeError('underflow')
    this.at += lengthBytes
    return this.at - lengthBytes
  }
}

function parse(bytes: Buffer, start: number, foundAt: number): JavaMessage | 'blank' | undefined {
  const cursor = new Cursor(bytes, start)
  if (cursor.remaining <= 4) return undefined
  const totalBytes = cursor.int32()
  if (cursor.remaining < totalBytes - 4) return undefined
  const magic = cursor.int32()
  if (magic === MAGIC_BLANK) return 'blank'
  if (magic !== MAGIC_V1 && magic !== MAGIC_V2) return undefined
  const bodyCrc = cursor.int32()
  const queueId = cursor.int32()
  cursor.int32()
  const queueOffset = cursor.int64()
  const physicalOffset = cursor.int64()
  const sysFlag = cursor.int32()
  cursor.int64()
  cursor.take((sysFlag & BORN_HOST_V6) === 0 ? 8 : 20)
  cursor.int64()
  cursor.take((sysFlag & STORE_HOST_V6) === 0 ? 8 : 20)
  cursor.int32()
  cursor.int64()
  const body = cursor.take(Math.max(0, cursor.int32()))
  if (body.length > 0 && (crc32(body) & POSITIVE) !== bodyCrc) return undefined
  const topic = cursor.take(magic === MAGIC_V2 ? cursor.int16() : cursor.int8()).toString()
  const properties = cursor.take(Math.max(0, cursor.int16())).toString()
  if (cursor.at - start !== totalBytes) return undefined
  const record = { foundAt, totalBytes, physicalOffset, queueId, queueOffset }
  return { ...record, topic, body: body.toString(), properties }
}
