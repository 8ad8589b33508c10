import type { Socket } from 'node:net'
import { assert } from '../../engine/base/assert.ts'
import { deferred } from '../../engine/base/deferred.ts'
import { AgenaError, describeError } from '../../engine/base/errors.ts'
import { Lifecycle } from '../../engine/base/lifecycle.ts'
import { KIB } from '../../engine/base/units.ts'
import { formatAddress, normaliseHost } from './address.ts'
import { encodeHeader, headerRoom, writeFrameHead } from './command-codec.ts'
import type { ConnectionHost } from './connection-host.ts'
import type { BufferPart, Reservation } from './connection-output.ts'
import { ConnectionOutput } from './connection-output.ts'
import { RemotingError } from './errors.ts'
import { FRAME_PREFIX_BYTES } from './frame-format.ts'
import type { FrameSink, RawFrame } from './frame-splitter.ts'
import { FrameSplitter } from './frame-splitter.ts'
import type { AdmissionWaiter } from './inflight-bytes.ts'
import { PendingRequests, type ResponseWaiter } from './pending-requests.ts'
import type { ReceivedCommand } from './received-command.ts'
import type { RemotingCommand } from './remoting-command.ts'
import { markOneway } from './remoting-command.ts'
import { dispatchRequest } from './request-dispatch.ts'
import { HotOutcome } from './request-routes.ts'
import { settledBefore } from './settled-before.ts'
import { writeQueueBytes } from './socket-handle.ts'
import { TrafficWatch } from './traffic-watch.ts'

/**
 * A client's requests leave when they are so many bytes: the server works on them while the client
 * makes the next ones. A server answers all that it has read at once, see {@link OutputTurn}.
 */
const CLIENT_EARLY_BYTES = 32 * KIB
/** Why a connection is not being read, as bits. */
const PAUSED_BY_OUTPUT = 1
const PAUSED_BY_HOT_HANDLER = 2
const PAUSED_BY_ADMISSION = 4
const PAUSED_BY_CLOSE = 8
/** Reading goes on when unsent bytes are below this share of `outputBytesHigh`. */
const RESUME_SHARE = 0.5
/** How long a peer may take to close its side after this one did, in milliseconds. */
const PEER_CLOSE_MS = 500

/**
 * One socket, server or client side: frames in, responses out, both in order. What is sent in one
 * turn of the event loop leaves together at its end; a client's leaves earlier when it is much.
 */
export class Connection extends Lifecycle implements FrameSink, AdmissionWaiter {
  readonly remoteHost: string
  readonly remotePort: number
  /** `host:port` of the peer. */
  readonly remoteAddress: string
  readonly localHost: string
  readonly localPort: number
  /** Whatever the owner wants to find again with this connection. */
  attachment: unknown
  /** Bytes of requests whose handlers have not answered. Written by the host's admission only. */
  inflightBytes = 0

  readonly #host: ConnectionHost
  readonly #socket: Socket
  readonly #splitter: FrameSplitter
  readonly #output: ConnectionOutput
  readonly #pending: PendingRequests
  readonly #watch: TrafficWatch
  readonly #socketClosed = deferred<void>()
  #paused = 0
  #discarding = false
  #keptBytes = 0
  /** Unsent bytes that the host counts. */
  #countedBytes = 0
  #frameCount = 0
  #endReason: Error | undefined
  #onIdle: (() => void) | undefined

  /** `socket` is connected and reads into a buffer whose bytes go to {@link receive}. */
  constructor(socket: Socket, host: ConnectionHost) {
    super()
    this.remoteHost = normaliseHost(socket.remoteAddress ?? '')
    this.remotePort = socket.remotePort ?? 0
    this.remoteAddress = formatAddress(this.remoteHost, this.remotePort)
    this.localHost = normaliseHost(socket.localAddress ?? '')
    this.localPort = socket.localPort ?? 0
    this.#host = host
    this.#socket = socket
    this.#splitter = new FrameSplitter(this, host.config.frameBytesMax)
    this.#output = new ConnectionOutput(socket, host.turn, {
      sendRanges: host.config.sendRanges,
      earlyBytes: host.side === 'client' ? CLIENT_EARLY_BYTES : Number.POSITIVE_INFINITY,
      onProgress: () => this.#noteProgress(),
    })
    this.#pending = new PendingRequests(this.remoteAddress)
    this.#watch = new TrafficWatch(host.config)
    socket.on('error', (error) => void this.destroy(lost(this.remoteAddress, error)))
    socket.on('end', () => this.#peerEnded())
    socket.on('close', () => this.#socketIsClosed())
    this.markOpen()
  }

  /** Bytes that are committed and not yet taken by the operating system. */
  get unsentBytes(): number {
    return this.#output.unsentBytes
  }

  /** For how long the peer has taken none of what waits for it, in ms, as of the last sweep. */
  get stalledMs(): number {
    return this.#watch.stalledMs
  }

  /** False once it is closing, or one of the two sides has ended it. */
  get callable(): boolean {
    return this.status === 'open' && this.#socket.writable
  }

  /** Number of calls that wait for a response. */
  get pendingCount(): number {
    return this.#pending.size
  }

  /** Takes `length` received bytes, which may be overwritten when this returns. */
  receive(buffer: Buffer, length: number): void {
    this.#watch.noteActivity()
    if (this.#discarding) return
    const { turn } = this.#host
    turn.isReading = true
    try {
      this.#splitter.feed(buffer, length)
    } catch (error) {
      this.#fail(error)
    } finally {
      turn.isReading = false
    }
    this.#countKept()
  }

  /**
   * Sends a response, or a request that nobody waits for. The body belongs to the connection from
   * here on. False when the connection is gone.
   * @throws {RemotingError} `REMOTING_HEADER_INVALID` when the header cannot be written
   */
  send(command: RemotingCommand): boolean {
    return this.sendParts(command, command.body.length === 0 ? [] : [command.body])
  }

  /**
   * Sends `command` with `slices` as its body. Their bytes must stay as they are until `onSent`,
   * which is called once, also when the connection is lost. False when it is gone.
   * @throws {RemotingError} as {@link send}
   */
  sendParts(command: RemotingCommand, slices: readonly Buffer[], onSent?: () => void): boolean {
    const header = encodeHeader(command)
    let bodyBytes = 0
    for (const slice of slices) bodyBytes += slice.length
    const { buffer, at } = this.#output.reserve(FRAME_PREFIX_BYTES + headerRoom(header))
    const { serializeType } = command
    this.#output.commit(writeFrameHead(buffer, at, { header, serializeType, bodyBytes }) - at)
    const last = slices.length - 1
    slices.forEach((slice, index) => {
      this.#output.append(slice, index === last ? onSent : undefined)
    })
    if (last < 0) onSent?.()
    this.#checkOutput()
    return this.#socket.writable
  }

  /**
   * Room for `bytes` in the connection's output, in which a frame is built in place. One object is
   * reused by every call and is valid until the next call on this connection.
   */
  reserve(bytes: number): Reservation {
    return this.#output.reserve(bytes)
  }

  /** Sends the first `bytes` of the last {@link reserve}. */
  commit(bytes: number): void {
    this.#output.commit(bytes)
    this.#checkOutput()
  }

  /**
   * Sends `parts[first..end]` of `buffer` behind what was committed, as
   * {@link ConnectionOutput.append} would, but small ones are not copied either as long as the
   * socket takes them: for a body whose parts lie here and there.
   */
  appendParts(
    buffer: Buffer,
    parts: readonly BufferPart[],
    first: number,
    end: number,
    onSent: () => void,
  ): void {
    this.#output.appendParts(buffer, parts, first, end, onSent)
    this.#checkOutput()
  }

  /**
   * Sends `request`, gives it an opaque, and waits for the response.
   * @throws {RemotingError} `REMOTING_TIMEOUT`, `REMOTING_CONNECTION_CLOSED`,
   *   `REMOTING_OVERLOADED`, `REMOTING_HEADER_INVALID`
   */
  invoke(request: RemotingCommand, timeoutMs: number): Promise<RemotingCommand> {
    // One promise for each call is enough: an async function would make a second one.
    return new Promise((resolve, reject) => {
      const onResponse = (response: ReceivedCommand): void => resolve(response.command())
      this.call(request, timeoutMs, { resolve: onResponse, reject })
    })
  }

  /**
   * As {@link invoke}, for many calls: `waiter` hears of the response, or once the request is sent
   * of a failure, and no promise is made.
   * @throws {RemotingError} as {@link invoke}, when the request cannot be sent
   */
  call(request: RemotingCommand, timeoutMs: number, waiter: ResponseWaiter): void {
    this.#assertCallable()
    request.opaque = this.#pending.takeOpaque()
    this.send(request)
    this.#pending.add(request, timeoutMs, waiter)
  }

  /**
   * Sends `request` as one-way.
   * @throws {RemotingError} `REMOTING_CONNECTION_CLOSED`, `REMOTING_OVERLOADED`,
   *   `REMOTING_HEADER_INVALID`
   */
  invokeOneway(request: RemotingCommand): void {
    this.#assertCallable()
    request.opaque = this.#pending.takeOpaque()
    this.send(markOneway(request))
  }

  /** Offers held frames to the hot handler again. Not to be called while it runs. */
  retryHeld(): void {
    this.#resume(PAUSED_BY_HOT_HANDLER)
  }

  /** Called by the host's admission when there is room again. */
  admit(): void {
    this.#resume(PAUSED_BY_ADMISSION)
  }

  /** Called when an asynchronous handler has answered. */
  noteHandled(): void {
    this.#noteIdle()
  }

  override destroy(reason: Error): Promise<void> {
    this.#endReason ??= reason
    this.#discarding = true
    this.#pending.failAll(reason)
    this.#socket.destroy()
    return super.destroy(reason)
  }

  /** Called for every whole frame, in order. */
  onFrame(frame: RawFrame): boolean {
    if (this.#paused !== 0 || this.#discarding) return false
    this.#frameCount += 1
    const { hot } = this.#host.routes
    if (hot !== undefined) {
      const outcome = hot(frame, this)
      if (outcome === HotOutcome.HANDLED) return true
      if (outcome === HotOutcome.HELD) {
        this.#pause(PAUSED_BY_HOT_HANDLER)
        return false
      }
    }
    const { received } = this.#host
    received.read(frame)
    if (received.isResponse) {
      // A response that nobody waits for came after its deadline.
      if (this.#pending.complete(received)) this.#noteIdle()
      return true
    }
    if (!this.#host.inflight.admits(this)) {
      this.#pause(PAUSED_BY_ADMISSION)
      return false
    }
    dispatchRequest(this.#host, this, received.command(), frame.bodyEnd - frame.frameStart)
    return true
  }

  /** Looks for an idle or stalled peer; called in equal intervals of `sweepMs`. */
  sweep(sweepMs: number): void {
    const { idleMs, outputStallMs } = this.#host.config
    const verdict = this.#watch.look(sweepMs, {
      unsentBytes: this.#output.unsentBytes,
      progressMark: this.#output.writtenCount + writeQueueBytes(this.#socket),
      isReading: this.#paused === 0,
      frameMark: this.#splitter.isMidFrame ? this.#frameCount : undefined,
    })
    if (verdict === 'stalled') {
      this.cut('REMOTING_OUTPUT_STALLED', `it took nothing for ${outputStallMs} ms`)
    } else if (verdict === 'unfinished') {
      const why = `a frame of ${this.#keptBytes} bytes and more is unfinished after ${idleMs} ms`
      this.#fail(new RemotingError('REMOTING_FRAME_UNFINISHED', why))
    } else if (verdict === 'idle' && this.status === 'open') {
      const message = `${this.remoteAddress} was idle for ${idleMs} ms`
      void this.destroy(new RemotingError('REMOTING_CONNECTION_IDLE', message))
    }
  }

  /** Ends the connection of a peer that does not take what it asked for, and says so in the log. */
  cut(code: 'REMOTING_OUTPUT_STALLED' | 'REMOTING_OVERLOADED', why: string): void {
    const { unsent, routes, config } = this.#host
    const name = routes.nameOf?.(this)
    const who = name === undefined ? this.remoteAddress : `${this.remoteAddress} (${name})`
    const message =
      `the connection of ${who} is ended, ${why}: ` +
      `${this.#output.unsentBytes} bytes wait for it, ${unsent.totalBytes} for all`
    if (this.status === 'open') config.logger.warn(message)
    void this.destroy(new RemotingError(code, message))
  }

  protected override async drain(): Promise<void> {
    const deadlineMs = performance.now() + this.#host.config.closeMs
    const socketClosed = this.#socketClosed.promise
    if (this.#host.side === 'server') this.#pause(PAUSED_BY_CLOSE)
    await settledBefore(deadlineMs, this.#whenIdle(), socketClosed)
    this.#discarding = true
    this.#output.flush()
    const finished = new Promise<void>((resolve) => this.#socket.end(resolve))
    // Bytes that lie unread when a socket closes would reset it, and lose the last responses.
    this.#socket.resume()
    await settledBefore(deadlineMs, finished, socketClosed)
    await settledBefore(performance.now() + PEER_CLOSE_MS, socketClosed)
    this.#socket.destroy()
    await socketClosed
  }

  protected override async abort(): Promise<void> {
    await this.#socketClosed.promise
  }

  #assertCallable(): void {
    if (!this.callable) {
      throw this.#endReason ?? closedByOwner(this.remoteAddress)
    }
    if (this.#output.unsentBytes <= this.#host.config.outputBytesMax) return
    const message = `${this.remoteAddress} leaves ${this.#output.unsentBytes} bytes unread`
    throw new RemotingError('REMOTING_OVERLOADED', message)
  }

  /** What the peer did wrong ends this connection and nothing else. */
  #fail(error: unknown): void {
    const message = `connection of ${this.remoteAddress} ended: ${describeError(error)}`
    if (error instanceof AgenaError) this.#host.log.warn(error.code, message)
    else this.#host.log.error('receive', message)
    void this.destroy(error instanceof Error ? error : new Error(message))
  }

  #countKept(): void {
    const delta = this.#splitter.keptCapacityBytes - this.#keptBytes
    if (delta === 0) return
    this.#keptBytes += delta
    if (this.#host.keep(delta)) return
    const message = `unfinished frames keep too many bytes, ${this.#keptBytes} of this connection`
    this.#fail(new RemotingError('REMOTING_OVERLOADED', message))
  }

  #pause(reason: number): void {
    if (this.#paused === 0) this.#socket.pause()
    this.#paused |= reason
  }

  #resume(reason: number): void {
    if ((this.#paused & reason) === 0) return
    this.#paused &= ~reason
    if (this.#paused !== 0 || this.#discarding) return
    try {
      this.#splitter.retry()
    } catch (error) {
      this.#fail(error)
    }
    this.#countKept()
    if (this.#paused === 0 && !this.#discarding) this.#socket.resume()
  }

  /** With too much unsent by all, nobody may have more. */
  get #outputBytesHigh(): number {
    return this.#host.unsent.isOver ? 0 : this.#host.config.outputBytesHigh
  }

  #checkOutput(): void {
    this.#watch.noteActivity()
    this.#countUnsent()
    const { unsentBytes } = this.#output
    // Only a server stops reading: two peers that both wait for the other to read would wait
    // for ever.
    if (unsentBytes <= this.#outputBytesHigh || this.#host.side === 'client') return
    this.#pause(PAUSED_BY_OUTPUT)
    const { outputBytesMax } = this.#host.config
    if (unsentBytes <= outputBytesMax || this.#discarding) return
    this.cut('REMOTING_OVERLOADED', `it may leave ${outputBytesMax} bytes unread`)
  }

  #noteProgress(): void {
    this.#countUnsent()
    if ((this.#paused & PAUSED_BY_OUTPUT) === 0) return
    if (this.#output.unsentBytes > this.#outputBytesHigh * RESUME_SHARE) return
    this.#resume(PAUSED_BY_OUTPUT)
  }

  #countUnsent(): void {
    const delta = this.#output.unsentBytes - this.#countedBytes
    this.#countedBytes += delta
    this.#host.unsent.change(delta)
  }

  /** Resolves when no handler and no call of this connection is in progress. */
  #whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = resolve
      this.#noteIdle()
    })
  }

  #noteIdle(): void {
    const waits = this.#host.side === 'client' ? this.#pending.size : 0
    if (this.inflightBytes === 0 && waits === 0) this.#onIdle?.()
  }

  #peerEnded(): void {
    this.#endReason ??= lost(this.remoteAddress, undefined)
    this.#pending.failAll(this.#endReason)
    this.#output.flush()
    this.#socket.end()
  }

  #socketIsClosed(): void {
    const reason = this.#endReason ?? closedByOwner(this.remoteAddress)
    this.#discarding = true
    this.#output.release()
    this.#countUnsent()
    this.#splitter.release()
    this.#host.keep(-this.#keptBytes)
    this.#keptBytes = 0
    this.#pending.failAll(reason)
    this.#host.inflight.forget(this)
    this.#socketClosed.resolve()
    assert(this.#output.unsentBytes === 0, 'a closed connection holds no output')
    if (this.status === 'open') void this.destroy(reason)
    this.#host.remove(this)
    this.#host.routes.onClose?.(this, this.#endReason)
  }
}

function lost(remoteAddress: string, cause: Error | undefined): RemotingError {
  const options = cause === undefined ? undefined : { cause }
  const message = `the connection to ${remoteAddress} was lost`
  return new RemotingError('REMOTING_CONNECTION_CLOSED', message, options)
}

function closedByOwner(remoteAddress: string): RemotingError {
  const message = `the connection to ${remoteAddress} is closed`
  return new RemotingError('REMOTING_CONNECTION_CLOSED', message)
}
