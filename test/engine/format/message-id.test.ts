/** Offset ids as MessageDecoder makes them, unique ids as MessageClientIDSetter makes them. */

import { describe, expect, it } from 'vitest'
import { parseHost } from '../../../engine/format/host.ts'
import {
  offsetMessageIdOf,
  parseOffsetMessageId,
  UniqueMessageIds,
} from '../../../engine/format/message-id.ts'
import { golden, readableHost } from './golden.ts'

describe('offset message id', () => {
  it.each(golden.messageIds)('is Java’s: $id', ({ id, storeHost, physicalOffset }) => {
    const host = Buffer.concat([Buffer.alloc(2, 0xee), parseHost(storeHost)])
    expect(offsetMessageIdOf(host, 2, host.length, physicalOffset)).toBe(id)
    const expected = { storeHost: readableHost(storeHost), physicalOffset }
    expect(parseOffsetMessageId(id)).toEqual(expected)
    expect(parseOffsetMessageId(id.toLowerCase())).toEqual(expected)
  })

  it('is not any other string', () => {
    const { id } = golden.messageIds[0]!
    const others = ['', 'x', id.slice(1), `${id}0`, `${id.slice(0, -1)}G`, `${id.slice(0, -1)} `]
    for (const other of others) expect(parseOffsetMessageId(other)).toBeUndefined()
    expect(parseOffsetMessageId(`${id.slice(0, 16)}FFFFFFFFFFFFFFFF`)).toBeUndefined()
    expect(parseOffsetMessageId(`${id.slice(0, 16)}0020000000000000`)).toBeUndefined()
  })
})

describe('unique message id', () => {
  const monthStartMs = new Date(2023, 9, 1).getTime()

  it.each(golden.uniqueMessageIds)('is Java’s: $id', (java) => {
    const ids = new UniqueMessageIds({
      address: parseHost(`${java.address}:0`).subarray(0, 4),
      pid: java.pid,
      instance: java.instance,
      now: () => monthStartMs + java.sinceMonthStartMs,
    })
    let id = ids.next()
    for (let count = 0; count < java.counter; count++) id = ids.next()
    expect(id).toBe(java.id)
  })

  it('starts a new month when it comes, and forgives a clock that steps back a little', () => {
    let nowMs = new Date(2023, 9, 31, 23, 59, 59, 999).getTime()
    const ids = new UniqueMessageIds({
      address: Buffer.from([1, 2, 3, 4]),
      pid: 0x1_0002,
      instance: -1,
      now: () => nowMs,
    })
    const sinceMonthStartMs = nowMs - monthStartMs
    expect(ids.next()).toBe(`010203040002FFFFFFFF${hex8(sinceMonthStartMs)}0000`)
    nowMs += 1
    expect(ids.next()).toBe('010203040002FFFFFFFF000000000001')
    nowMs -= 999_999
    expect(ids.next()).toBe('010203040002FFFFFFFF000000000002')
    nowMs -= 1
    expect(ids.next()).toBe('010203040002FFFFFFFFFFF0BDC00003')
  })

  it('is longer for a host that has only IPv6', () => {
    const address = parseHost('[2001:db8::1]:0').subarray(0, 16)
    const ids = new UniqueMessageIds({ address, pid: 1, instance: 2, now: () => monthStartMs })
    expect(ids.next()).toBe('20010DB8000000000000000000000001000100000002000000000000')
  })
})

function hex8(value: number): string {
  return value.toString(16).toUpperCase().padStart(8, '0')
}
