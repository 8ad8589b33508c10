import { assert } from '../../engine/base/assert.ts'

/**
 * What all connections of one server or client have still to send. Over the bound a server reads
 * no requests of a connection that has something to send, and ends those that take nothing.
 */
export class UnsentBytes {
  readonly bytesMax: number
  #totalBytes = 0

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
  }

  get totalBytes(): number {
    return this.#totalBytes
  }

  get isOver(): boolean {
    return this.#totalBytes > this.bytesMax
  }

  change(deltaBytes: number): void {
    this.#totalBytes += deltaBytes
    assert(this.#totalBytes >= 0, 'no more was sent than was to be')
  }
}
