/**
 * A record of the commit log: one message, or the blank that ends a segment.
 *
 *     ┌──────────────────────────────────────────────────────────────────────┐ 0
 *     │ record size, this field included           bytes              int32  │
 *     │ magic: RECORD_MAGIC_V1 or RECORD_MAGIC_V2                     int32  │
 *     │ body CRC, see crc.ts                                          int32  │
 *     │ queue id                                                      int32  │
 *     │ flag, free for the application                                int32  │
 *     │ queue offset                               messages           int64  │
 *     │ physical offset of this record             bytes of the log   int64  │
 *     │ sysFlag, see sys-flag.ts                                      int32  │
 *     │ born timestamp                             ms since 1970      int64  │
 *     ├──────────────────────────────────────────────────────────────────────┤ 48
 *     │ born host: address, port as int32          8, or 20 for IPv6         │
 *     │ store timestamp                            ms since 1970      int64  │
 *     │ store host: address, port as int32         8, or 20 for IPv6         │
 *     │ reconsume times                                               int32  │
 *     │ prepared transaction offset                bytes of the log   int64  │
 *     │ body length                                bytes              int32  │
 *     │ body                                                                 │
 *     │ topic length                               bytes, int8 (V1), int16 (V2)
 *     │ topic, UTF-8                                                         │
 *     │ properties length                          bytes              int16  │
 *     │ properties, see properties-codec.ts                                  │
 *     └──────────────────────────────────────────────────────────────────────┘ record size
 *
 * A blank fills a segment that has no room for the next record. Its size is all that is left of the
 * segment; what follows its magic may be anything.
 *
 *     ┌──────────────────────────────────────────────────────────────────────┐ 0
 *     │ bytes up to the end of the segment                            int32  │
 *     │ magic: BLANK_MAGIC                                            int32  │
 *     └──────────────────────────────────────────────────────────────────────┘ 8
 *
 * Big-endian, not aligned. RocketMQ: `MessageExtEncoder.calMsgLength`, `CommitLog`,
 * `MessageVersion`, `MessageDecoder`.
 */

import { assert } from '../base/assert.ts'
import { I8_BYTES, I16_BYTES, I32_BYTES, I64_BYTES } from '../base/units.ts'

/** Magic of a record whose topic length is one byte. */
export const RECORD_MAGIC_V1 = -626_843_481
/** Magic of a record whose topic length is two bytes: topics of more than 127 bytes. */
export const RECORD_MAGIC_V2 = -626_843_477
/** Magic of the record that fills the rest of a segment. */
export const BLANK_MAGIC = -875_286_124

export const RECORD_SIZE_AT = 0
export const MAGIC_AT = RECORD_SIZE_AT + I32_BYTES
export const BODY_CRC_AT = MAGIC_AT + I32_BYTES
export const QUEUE_ID_AT = BODY_CRC_AT + I32_BYTES
export const FLAG_AT = QUEUE_ID_AT + I32_BYTES
export const QUEUE_OFFSET_AT = FLAG_AT + I32_BYTES
export const PHYSICAL_OFFSET_AT = QUEUE_OFFSET_AT + I64_BYTES
export const SYS_FLAG_AT = PHYSICAL_OFFSET_AT + I64_BYTES
export const BORN_TIMESTAMP_AT = SYS_FLAG_AT + I32_BYTES
export const BORN_HOST_AT = BORN_TIMESTAMP_AT + I64_BYTES

/** A host is its address (4 or 16 bytes) and its port as an int32. */
export const HOST_V4_BYTES = 4 + I32_BYTES
export const HOST_V6_BYTES = 16 + I32_BYTES

/** What lies between the store host and the body. */
export const RECONSUME_TIMES_AFTER_STORE_HOST = 0
export const PREPARED_TRANSACTION_OFFSET_AFTER_STORE_HOST =
  RECONSUME_TIMES_AFTER_STORE_HOST + I32_BYTES
export const BODY_LENGTH_AFTER_STORE_HOST = PREPARED_TRANSACTION_OFFSET_AFTER_STORE_HOST + I64_BYTES
export const BODY_AFTER_STORE_HOST = BODY_LENGTH_AFTER_STORE_HOST + I32_BYTES

/** Everything up to the body, without the two hosts. */
const HEAD_WITHOUT_HOSTS_BYTES = BORN_HOST_AT + I64_BYTES + BODY_AFTER_STORE_HOST

/** Smallest record there can be, in bytes: V1, IPv4 hosts, no body, topic or properties. */
export const RECORD_MIN_BYTES =
  HEAD_WITHOUT_HOSTS_BYTES + HOST_V4_BYTES + HOST_V4_BYTES + I8_BYTES + I16_BYTES

/** Size of a blank's meaningful part, and the room that a segment always keeps for it, in bytes. */
export const BLANK_RECORD_BYTES = I32_BYTES + I32_BYTES

/** Longest topic that fits a V1 record, in bytes: its length is a signed byte in Java. */
export const TOPIC_MAX_BYTES_V1 = 0x7f
/** Longest topic that fits a V2 record, in bytes. */
export const TOPIC_MAX_BYTES_V2 = 0x7fff
/** Longest property string, in bytes: its length is a signed 16-bit integer in Java. */
export const PROPERTIES_MAX_BYTES = 0x7fff

/** Size of a record's host in bytes. */
export function hostBytes(isV6: boolean): number {
  return isV6 ? HOST_V6_BYTES : HOST_V4_BYTES
}

/** Whether a topic of this many bytes needs a V2 record. */
export function needsVersion2(topicBytes: number): boolean {
  return topicBytes > TOPIC_MAX_BYTES_V1
}

/** Size of the topic's length field in bytes. */
export function topicLengthBytes(isVersion2: boolean): number {
  return isVersion2 ? I16_BYTES : I8_BYTES
}

/** Where the body starts in a record with hosts of these sizes, in bytes from its start. */
export function bodyAt(bornHostBytes: number, storeHostBytes: number): number {
  return HEAD_WITHOUT_HOSTS_BYTES + bornHostBytes + storeHostBytes
}

assert(BORN_HOST_AT === 48, 'the fixed head of a record is 48 bytes')
assert(RECORD_MIN_BYTES === 91, 'the smallest record is 91 bytes')
assert(bodyAt(HOST_V4_BYTES, HOST_V4_BYTES) === 88, 'an IPv4 body starts at byte 88')
