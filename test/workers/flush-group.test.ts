/** When a sync waits for more who wait for it, and for how long. */
import { describe, expect, it } from 'vitest'
import { KIB } from '../../engine/base/units.ts'
import { FlushGroup } from '../../workers/flush-group.ts'

interface Scene {
  readonly group: FlushGroup
  readonly senders: { writtenOffset: number; flushWishes: number }
  /** What is written during each of the next looks, in bytes. */
  readonly looks: number[]
  readonly state: { lookCount: number; nowMs: number }
}

/** After a sync of so many bytes, for which so many turns of the event loop waited. */
function afterSync(bytes: number, wishes: number): Scene {
  const senders = { writtenOffset: 0, flushWishes: 0 }
  const state = { lookCount: 0, nowMs: 1000 }
  const looks: number[] = []
  const pause = (milliseconds: number): void => {
    state.nowMs += milliseconds
    senders.writtenOffset += looks[state.lookCount] ?? 0
    state.lookCount += 1
  }
  const group = new FlushGroup(senders, pause, () => state.nowMs)
  senders.flushWishes = wishes
  group.take(bytes)
  senders.writtenOffset = KIB
  senders.flushWishes += 1
  return { group, senders, looks, state }
}

describe('a sync', () => {
  it('waits for as much as the last one had', () => {
    const { group, looks, state } = afterSync(40 * KIB, 3)
    looks.push(20 * KIB, 19 * KIB, KIB)
    expect(group.await(0)).toBe(40 * KIB)
    expect(state.lookCount).toBe(2)
  })

  it('waits no longer than more comes', () => {
    const { group, looks, state } = afterSync(40 * KIB, 3)
    looks.push(20 * KIB, 0, 20 * KIB)
    expect(group.await(0)).toBe(21 * KIB)
    expect(state.lookCount).toBe(2)
  })

  it('waits a while at most, however much comes', () => {
    const { group, looks, state } = afterSync(256 * KIB, 3)
    looks.push(...new Array<number>(100).fill(1))
    expect(group.await(0)).toBe(KIB + state.lookCount)
    expect(state.nowMs - 1000).toBeLessThan(1)
  })

  it('waits for no more than is of use, whatever the last one had', () => {
    const { group, looks, state } = afterSync(10_000 * KIB, 3)
    looks.push(255 * KIB, KIB)
    expect(group.await(0)).toBe(256 * KIB)
    expect(state.lookCount).toBe(1)
  })

  it.each([
    ['one turn waited for the last one', 40 * KIB, 1],
    ['the last one had little to do', 31 * KIB, 3],
  ])('does not wait where %s', (_, bytes, wishes) => {
    const { group, looks, state } = afterSync(bytes, wishes)
    looks.push(KIB)
    expect(group.await(0)).toBe(KIB)
    expect(state.lookCount).toBe(0)
  })

  it('does not wait for those who were answered long ago', () => {
    const { group, looks, state } = afterSync(40 * KIB, 3)
    looks.push(KIB)
    state.nowMs += 100
    expect(group.await(0)).toBe(KIB)
    expect(state.lookCount).toBe(0)
  })
})
