import { assert } from '../../engine/base/assert.ts'

/** A connection that must wait until requests in progress are done. */
export interface AdmissionWaiter {
  /** Bytes of its own requests in progress. */
  inflightBytes: number
  admit(): void
}

/** Waiting connections are let in when this share of the bound is in use. */
const RESUME_SHARE = 0.75

/**
 * Admission by bytes: how many bytes of requests are with handlers that have not answered yet, per
 * connection and in all. A connection over the limit is not read until handlers answer.
 */
export class InflightBytes {
  readonly #totalBytesMax: number
  readonly #connectionBytesMax: number
  #totalBytes = 0
  readonly #waiters = new Set<AdmissionWaiter>()

  constructor(totalBytesMax: number, connectionBytesMax: number) {
    this.#totalBytesMax = totalBytesMax
    this.#connectionBytesMax = connectionBytesMax
  }

  get totalBytes(): number {
    return this.#totalBytes
  }

  /** True when `waiter` may start another request; false when it is called back later. */
  admits(waiter: AdmissionWaiter): boolean {
    const room =
      this.#totalBytes < this.#totalBytesMax && waiter.inflightBytes < this.#connectionBytesMax
    if (!room) this.#waiters.add(waiter)
    return room
  }

  add(waiter: AdmissionWaiter, bytes: number): void {
    waiter.inflightBytes += bytes
    this.#totalBytes += bytes
  }

  remove(waiter: AdmissionWaiter, bytes: number): void {
    waiter.inflightBytes -= bytes
    this.#totalBytes -= bytes
    assert(waiter.inflightBytes >= 0, 'a connection returned more bytes than it took')
    assert(this.#totalBytes >= 0, 'more bytes were returned than taken')
    if (this.#waiters.size > 0) this.#admitWaiters()
  }

  forget(waiter: AdmissionWaiter): void {
    this.#waiters.delete(waiter)
  }

  #admitWaiters(): void {
    if (this.#totalBytes > this.#totalBytesMax * RESUME_SHARE) return
    for (const waiter of [...this.#waiters]) {
      if (waiter.inflightBytes > this.#connectionBytesMax * RESUME_SHARE) continue
      this.#waiters.delete(waiter)
      waiter.admit()
    }
  }
}
