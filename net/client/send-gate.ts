import { ClientError } from './client-error.ts'

/** Limits of a {@link SendGate}; 0 is none. */
export interface SendGateLimits {
  readonly countMax: number
  readonly bytesMax: number
}

/** What a send needs of a {@link SendGate}, and how long it may take. */
export interface SendNeed {
  readonly bytes: number
  readonly timeoutMs: number
}

interface Waiter {
  readonly bytes: number
  readonly letIn: () => void
}

/**
 * Holds sends back while too many are under way; who waits longest is next. RocketMQ:
 * `enableBackpressureForAsyncMode` of `DefaultMQProducer`.
 */
export class SendGate {
  readonly #limits: SendGateLimits
  readonly #waiting = new Set<Waiter>()
  #count = 0
  #bytes = 0

  constructor(limits: SendGateLimits) {
    this.#limits = limits
  }

  /**
   * Runs `send` with what is left of `timeoutMs` when there is room for its `bytes`.
   * @throws {ClientError} `CLIENT_TIMEOUT` when there is none in time
   */
  pass<T>(need: SendNeed, send: (leftMs: number) => Promise<T>): Promise<T> {
    const { bytesMax, countMax } = this.#limits
    const isOpen = bytesMax === 0 && countMax === 0
    return isOpen ? send(need.timeoutMs) : this.#pass(need, send)
  }

  async #pass<T>(need: SendNeed, send: (leftMs: number) => Promise<T>): Promise<T> {
    const { bytes, timeoutMs } = need
    const startedMs = performance.now()
    if (this.#waiting.size > 0 || !this.#hasRoom(bytes)) await this.#wait(need)
    else this.#take(bytes)
    try {
      return await send(Math.max(0, timeoutMs - (performance.now() - startedMs)))
    } finally {
      this.#count -= 1
      this.#bytes -= bytes
      this.#letIn()
    }
  }

  /** What is larger than the limit goes when nothing else is under way. */
  #hasRoom(bytes: number): boolean {
    const { bytesMax, countMax } = this.#limits
    if (this.#count === 0) return true
    const hasPlace = countMax === 0 || this.#count < countMax
    return hasPlace && (bytesMax === 0 || this.#bytes + bytes <= bytesMax)
  }

  #take(bytes: number): void {
    this.#count += 1
    this.#bytes += bytes
  }

  #letIn(): void {
    for (const waiter of this.#waiting) {
      if (!this.#hasRoom(waiter.bytes)) return
      this.#waiting.delete(waiter)
      this.#take(waiter.bytes)
      waiter.letIn()
    }
  }

  #wait({ bytes, timeoutMs }: SendNeed): Promise<void> {
    return new Promise((resolve, reject) => {
      const onTimeout = (): void => {
        this.#waiting.delete(waiter)
        const message = `${this.#count} sends of ${this.#bytes} bytes are under way`
        reject(new ClientError('CLIENT_TIMEOUT', `no room in ${timeoutMs} ms: ${message}`))
        // It may have been the one that was too large for the room that there is.
        this.#letIn()
      }
      const timer = setTimeout(onTimeout, timeoutMs)
      const letIn = (): void => {
        clearTimeout(timer)
        resolve()
      }
      const waiter = { bytes, letIn }
      this.#waiting.add(waiter)
    })
  }
}
