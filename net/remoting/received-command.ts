import { decodeFrame, ownBody } from './command-codec.ts'
import { HEADER_BYTES_MAX, SERIALIZE_TYPE_JSON } from './frame-format.ts'
import type { RawFrame } from './frame-splitter.ts'
import { commandOf } from './header-json.ts'
import { HeaderJsonScan } from './header-json-scan.ts'
import { FLAG_RESPONSE, type RemotingCommand } from './remoting-command.ts'

/**
 * The command of a frame, as far as somebody asks for it. Valid only while the frame is: whoever
 * waits for many responses takes a few fields of each, the others take the {@link command}.
 */
export interface ReceivedCommand {
  readonly code: number
  readonly opaque: number
  /** The ext field `name`, which is ASCII; undefined without one. */
  text(name: string): string | undefined
  /** The ext field `name` as a number: NaN without one, or when it is anything but the shortest
   *  form of a safe integer. */
  integer(name: string): number
  /** All of it, to keep. */
  command(): RemotingCommand
}

/** Reads one frame after the other. */
export class CommandReader implements ReceivedCommand {
  readonly #scan = new HeaderJsonScan()
  #frame: RawFrame | undefined
  /** What is no plain JSON is decoded at once. */
  #decoded: RemotingCommand | undefined

  /** @throws {RemotingError} `REMOTING_HEADER_INVALID` */
  read(frame: RawFrame): void {
    const { buffer, headerEnd, headerStart, serializeType } = frame
    const isShort = headerEnd - headerStart <= HEADER_BYTES_MAX
    const isPlain =
      serializeType === SERIALIZE_TYPE_JSON &&
      isShort &&
      this.#scan.read(buffer, headerStart, headerEnd)
    this.#frame = frame
    this.#decoded = isPlain ? undefined : decodeFrame(frame)
  }

  get code(): number {
    return this.#decoded?.code ?? this.#scan.code
  }

  get opaque(): number {
    return this.#decoded?.opaque ?? this.#scan.opaque
  }

  get isResponse(): boolean {
    return ((this.#decoded?.flag ?? this.#scan.flag) & FLAG_RESPONSE) !== 0
  }

  text(name: string): string | undefined {
    return this.#decoded === undefined ? this.#scan.text(name) : this.#decoded.extFields.get(name)
  }

  integer(name: string): number {
    if (this.#decoded === undefined) return this.#scan.integer(name)
    const text = this.#decoded.extFields.get(name) ?? ''
    const value = Number(text)
    return String(value) === text && Number.isSafeInteger(value) ? value : Number.NaN
  }

  command(): RemotingCommand {
    if (this.#decoded !== undefined) return this.#decoded
    const command = commandOf(this.#scan)
    command.body = ownBody(this.#frame!)
    return command
  }
}
