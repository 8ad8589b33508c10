/** The 20-byte unit of a consume queue. Whole queues of Java are read in store-fixtures.test.ts. */

import { describe, expect, it } from 'vitest'
import { AssertionFailure } from '../../../engine/base/assert.ts'
import {
  createConsumeQueueUnit,
  isExtendedAddress,
  isPreBlankUnit,
  isWrittenUnit,
  readConsumeQueueUnit,
  unitPhysicalOffset,
  unitRecordBytes,
  writeConsumeQueueUnit,
  writePreBlankUnits,
} from '../../../engine/format/consume-queue-format.ts'

describe('consume queue unit', () => {
  it.each([
    {
      physicalOffset: 0,
      recordBytes: 91,
      tagsCode: 0,
      hex: `${'00'.repeat(8)}0000005b${'00'.repeat(8)}`,
    },
    {
      physicalOffset: 2 ** 40 + 2 ** 31,
      recordBytes: 0x0102_0304,
      tagsCode: 112_785,
      hex: '000001008000000001020304000000000001b891',
    },
    {
      physicalOffset: 2 ** 53 - 1,
      recordBytes: 1,
      tagsCode: -1,
      hex: '001fffffffffffff00000001ffffffffffffffff',
    },
    {
      physicalOffset: 1,
      recordBytes: 2,
      tagsCode: -(2 ** 31),
      hex: '000000000000000100000002ffffffff80000000',
    },
    {
      physicalOffset: 1,
      recordBytes: 2,
      tagsCode: 1_700_000_000_123,
      hex: '0000000000000001000000020000018bcfe5687b',
    },
  ])('keeps tagsCode $tagsCode', ({ physicalOffset, recordBytes, tagsCode, hex }) => {
    const buffer = Buffer.alloc(24, 0xee)
    writeConsumeQueueUnit(buffer, 2, physicalOffset, recordBytes, tagsCode)
    expect(buffer.toString('hex')).toBe(`eeee${hex}eeee`)
    const unit = createConsumeQueueUnit()
    readConsumeQueueUnit(buffer, 2, unit)
    expect(unit).toMatchObject({ physicalOffset, recordBytes, tagsCode })
    expect(BigInt(unit.tagsCodeHigh) * 2n ** 32n + BigInt(unit.tagsCodeLow)).toBe(BigInt(tagsCode))
    expect(unitPhysicalOffset(buffer, 2)).toBe(physicalOffset)
    expect(unitRecordBytes(buffer, 2)).toBe(recordBytes)
    expect(isExtendedAddress(unit.tagsCode)).toBe(false)
  })

  it('keeps the address of an extended unit exact in its halves', () => {
    const address = -(2n ** 63n) + 12_345n
    const buffer = Buffer.alloc(20)
    buffer.writeBigInt64BE(address, 12)
    const unit = createConsumeQueueUnit()
    readConsumeQueueUnit(buffer, 0, unit)
    expect(BigInt(unit.tagsCodeHigh) * 2n ** 32n + BigInt(unit.tagsCodeLow)).toBe(address)
    expect(isExtendedAddress(unit.tagsCode)).toBe(true)
    expect(isExtendedAddress(-(2 ** 31) - 1)).toBe(true)
  })

  it('tells written, pre-blank and empty units apart', () => {
    const buffer = Buffer.alloc(60)
    writePreBlankUnits(buffer, 0, 2)
    expect(buffer.toString('hex', 0, 20)).toBe('00000000000000007fffffff0000000000000000')
    expect(buffer.toString('hex', 20, 40)).toBe(buffer.toString('hex', 0, 20))
    const unit = createConsumeQueueUnit()
    readConsumeQueueUnit(buffer, 20, unit)
    expect([isWrittenUnit(unit), isPreBlankUnit(unit)]).toEqual([true, true])
    readConsumeQueueUnit(buffer, 40, unit)
    expect([isWrittenUnit(unit), isPreBlankUnit(unit)]).toEqual([false, false])
    writeConsumeQueueUnit(buffer, 40, 0, 140, 7)
    readConsumeQueueUnit(buffer, 40, unit)
    expect([isWrittenUnit(unit), isPreBlankUnit(unit)]).toEqual([true, false])
  })

  it('refuses places outside the buffer', () => {
    expect(() => writeConsumeQueueUnit(Buffer.alloc(20), 1, 0, 1, 0)).toThrow(AssertionFailure)
    expect(() => readConsumeQueueUnit(Buffer.alloc(19), 0, createConsumeQueueUnit())).toThrow(
      AssertionFailure,
    )
  })
})
