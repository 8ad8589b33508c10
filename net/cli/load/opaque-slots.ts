import { assert } from '../../../engine/base/assert.ts'

/** Every opaque that a generator sends has this many digits, so that frames keep their length. */
export const OPAQUE_DIGITS = 7
export const OPAQUE_FIRST = 10 ** (OPAQUE_DIGITS - 1)
const OPAQUE_COUNT = 9 * OPAQUE_FIRST

/**
 * The requests that may be in flight on one connection, as numbered slots. An opaque names its slot
 * and how often that slot was used, so a response finds its request without a map:
 *
 *   opaque = OPAQUE_FIRST + use × slotCount + slot
 *
 * Slots are taken in turn, so that frames which lie side by side leave in one write.
 */
export class OpaqueSlots {
  readonly slotCount: number
  readonly #useCount: number
  readonly #uses: Int32Array
  readonly #isTaken: Uint8Array
  #next = 0
  #takenCount = 0

  constructor(slotCount: number) {
    assert(slotCount > 0 && slotCount <= OPAQUE_FIRST, 'a connection has slots')
    this.slotCount = slotCount
    this.#useCount = Math.floor(OPAQUE_COUNT / slotCount)
    this.#uses = new Int32Array(slotCount)
    this.#isTaken = new Uint8Array(slotCount)
  }

  get takenCount(): number {
    return this.#takenCount
  }

  get isFull(): boolean {
    return this.#takenCount === this.slotCount
  }

  /** Takes the next free slot. The caller has seen that there is one. */
  take(): number {
    assert(!this.isFull, 'no slot is free')
    let slot = this.#next
    while (this.#isTaken[slot] === 1) slot = slot + 1 === this.slotCount ? 0 : slot + 1
    this.#isTaken[slot] = 1
    this.#uses[slot] = (this.#uses[slot]! + 1) % this.#useCount
    this.#takenCount += 1
    this.#next = slot + 1 === this.slotCount ? 0 : slot + 1
    return slot
  }

  /** The opaque of a slot that is taken. */
  opaqueOf(slot: number): number {
    return OPAQUE_FIRST + this.#uses[slot]! * this.slotCount + slot
  }

  /** Frees the slot of a response; -1 when nothing that is in flight has this opaque. */
  release(opaque: number): number {
    const number = opaque - OPAQUE_FIRST
    const slot = number % this.slotCount
    if (!(slot >= 0) || this.#isTaken[slot] === 0 || this.opaqueOf(slot) !== opaque) return -1
    this.#isTaken[slot] = 0
    this.#takenCount -= 1
    return slot
  }
}
