/**
 * The checksum of a message body: CRC-32 (the polynomial of zip and Ethernet) without its top bit,
 * so that Java can keep it in a non-negative int (RocketMQ's `UtilAll.crc32`).
 */

import { crc32 } from 'node:zlib'

/** Java masks the sign away. */
const POSITIVE_INT_MASK = 0x7fff_ffff

/**
 * Up to here a table loop is quicker than making a view and calling into zlib
 * (Node 20: 0.11 against 0.19 µs for 128 bytes, equal near 256, 0.43 against 0.33 µs for 512).
 */
const TABLE_LOOP_MAX_BYTES = 256

/** The checksum of `buffer[start, end)`, as a record's `bodyCrc` holds it; 0 for no bytes. */
export function bodyCrcOf(buffer: Buffer, start: number, end: number): number {
  if (end - start <= TABLE_LOOP_MAX_BYTES) return tableCrc(buffer, start, end)
  return crc32(buffer.subarray(start, end)) & POSITIVE_INT_MASK
}

const [BY_0, BY_1, BY_2, BY_3, BY_4, BY_5, BY_6, BY_7] = makeTables()

/** Eight bytes a round: `BY_n` is the effect of a byte that lies n bytes before the round's end. */
function tableCrc(buffer: Buffer, start: number, end: number): number {
  let crc = -1
  let at = start
  for (const roundsEnd = end - 7; at < roundsEnd; at += 8) {
    const low =
      crc ^
      (buffer[at]! | (buffer[at + 1]! << 8) | (buffer[at + 2]! << 16) | (buffer[at + 3]! << 24))
    crc =
      BY_7[low & 0xff]! ^
      BY_6[(low >>> 8) & 0xff]! ^
      BY_5[(low >>> 16) & 0xff]! ^
      BY_4[low >>> 24]! ^
      BY_3[buffer[at + 4]!]! ^
      BY_2[buffer[at + 5]!]! ^
      BY_1[buffer[at + 6]!]! ^
      BY_0[buffer[at + 7]!]!
  }
  for (; at < end; at++) crc = BY_0[(crc ^ buffer[at]!) & 0xff]! ^ (crc >>> 8)
  return ~crc & POSITIVE_INT_MASK
}

type Table = Int32Array

function makeTables(): [Table, Table, Table, Table, Table, Table, Table, Table] {
  const first = new Int32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) * 0xedb8_8320)
    first[byte] = crc
  }
  const after = (table: Table): Table => table.map((crc) => first[crc & 0xff]! ^ (crc >>> 8))
  const second = after(first)
  const third = after(second)
  const fourth = after(third)
  const fifth = after(fourth)
  const sixth = after(fifth)
  const seventh = after(sixth)
  return [first, second, third, fourth, fifth, sixth, seventh, after(seventh)]
}
