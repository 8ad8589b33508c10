/**
 * The body of REGISTER_BROKER: JSON, or deflated (zlib) when the header says `compressed`
 * (Java: RegisterBrokerBody.encode). Every length and count is an int32, big endian:
 *
 *   +--------+-------------+-------+--------+---------+---+--------+--------------+
 *   | length | DataVersion | topic | length | topic   | … | length | filter       |
 *   |        | as JSON     | count |        | config  |   |        | servers,JSON |
 *   +--------+-------------+-------+--------+---------+---+--------+--------------+
 *   since V5_0_0:  | mapping count | length | TopicQueueMappingInfo as JSON | … |
 *
 * A topic config is one line: name, read queues, write queues, permission, filter type and
 * attributes as JSON, separated by single spaces (Java: TopicConfig.encode).
 */
import { crc32, deflateSync, inflateSync, constants as zlibConstants } from 'node:zlib'
import { I32_BYTES, MIB } from '../../engine/base/units.ts'
import { DataVersion } from './data-version.ts'
import { ProtocolError } from './errors.ts'
import { parseInt32 } from './field-value.ts'
import { decodeBody, encodeBody, list, text, textMap } from './json-shape.ts'
import { RegisterBrokerBody } from './register-broker.ts'
import type { TopicConfig } from './topic-config.ts'
import { TopicQueueMappingInfo } from './topic-route.ts'

/** Ordinal of MQVersion.V5_0_0, the first to send topic queue mappings. */
const VERSION_WITH_MAPPINGS = 413
/** A register body inflates to no more than this: about a million topics. */
const INFLATED_BYTES_MAX = 256 * MIB
const FIELD_COUNT_MIN = 5

const FilterServers = list(text)
const Attributes = textMap(text)

/** The body for `compressed` as the header will say. */
export function encodeRegisterBrokerBody(body: RegisterBrokerBody, compressed: boolean): Buffer {
  if (!compressed) return encodeBody(RegisterBrokerBody, body)
  const wrapper = body.topicConfigSerializeWrapper
  const noVersion: DataVersion = { counter: 0, stateVersion: 0, timestamp: 0 }
  const topics = [...wrapper.topicConfigTable.values()]
  const mappings = [...wrapper.topicQueueMappingInfoMap.values()]
  const parts = [
    ...withLength(encodeBody(DataVersion, wrapper.dataVersion ?? noVersion)),
    int32Bytes(topics.length),
    ...topics.flatMap((topic) => withLength(Buffer.from(encodeTopicLine(topic)))),
    ...withLength(encodeBody(FilterServers, body.filterServerList)),
    int32Bytes(mappings.length),
    ...mappings.flatMap((mapping) => withLength(encodeBody(TopicQueueMappingInfo, mapping))),
  ]
  return deflateSync(Buffer.concat(parts), { level: zlibConstants.Z_BEST_COMPRESSION })
}

/**
 * Reads a body that a broker of `version` (ordinal of MQVersion) sent.
 * @throws {ProtocolError}
 */
export function decodeRegisterBrokerBody(
  body: Buffer,
  { compressed, version }: { compressed: boolean; version: number },
): RegisterBrokerBody {
  if (!compressed) return decodeBody(RegisterBrokerBody, body)
  const reader = new BlockReader(inflate(body))
  const dataVersion = decodeBody(DataVersion, reader.block())
  const topicConfigTable = new Map<string, TopicConfig>()
  for (let left = reader.int32(); left > 0; left -= 1) {
    const topic = decodeTopicLine(reader.block().toString('utf8'))
    topicConfigTable.set(topic.topicName, topic)
  }
  const filterServerList = decodeBody(FilterServers, reader.block())
  const topicQueueMappingInfoMap = new Map<string, TopicQueueMappingInfo>()
  const mappingCount = version >= VERSION_WITH_MAPPINGS ? reader.int32() : 0
  for (let left = mappingCount; left > 0; left -= 1) {
    const mapping = decodeBody(TopicQueueMappingInfo, reader.block())
    topicQueueMappingInfoMap.set(mapping.topic ?? '', mapping)
  }
  return {
    filterServerList,
    topicConfigSerializeWrapper: {
      dataVersion,
      mappingDataVersion: undefined,
      topicConfigTable,
      topicQueueMappingDetailMap: new Map(),
      topicQueueMappingInfoMap,
    },
  }
}

/** The value of `bodyCrc32` for a body as it is sent (Java: UtilAll.crc32 clears the sign bit). */
export function bodyCrc32(body: Buffer): number {
  return crc32(body) & 0x7fff_ffff
}

function encodeTopicLine(topic: TopicConfig): string {
  const { topicName, readQueueNums, writeQueueNums, perm, topicFilterType, attributes } = topic
  const json = encodeBody(Attributes, attributes).toString()
  return [topicName, readQueueNums, writeQueueNums, perm, topicFilterType, json].join(' ')
}

function decodeTopicLine(line: string): TopicConfig {
  const fields = line.split(' ')
  if (fields.length < FIELD_COUNT_MIN) throw invalid(`a topic config is "${line}"`)
  const [topicName = '', read = '', write = '', perm = '', topicFilterType = '', ...json] = fields
  const attributes = json.join(' ') || '{}'
  return {
    attributes: decodeBody(Attributes, Buffer.from(attributes)),
    order: false,
    perm: parseInt32('perm', perm),
    readQueueNums: parseInt32('readQueueNums', read),
    topicFilterType,
    topicName,
    topicSysFlag: 0,
    writeQueueNums: parseInt32('writeQueueNums', write),
  }
}

function int32Bytes(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(I32_BYTES)
  bytes.writeInt32BE(value)
  return bytes
}

function withLength(block: Buffer): Buffer[] {
  return [int32Bytes(block.length), block]
}

function inflate(body: Buffer): Buffer {
  try {
    return inflateSync(body, { maxOutputLength: INFLATED_BYTES_MAX })
  } catch (error) {
    const message = 'the compressed body cannot be inflated'
    throw new ProtocolError('PROTOCOL_BODY_INVALID', '', message, { cause: error })
  }
}

class BlockReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  int32(): number {
    if (this.#bytes.length - this.#at < I32_BYTES) throw invalid('it ends in a length')
    const value = this.#bytes.readInt32BE(this.#at)
    if (value < 0) throw invalid(`a length is ${value}`)
    this.#at += I32_BYTES
    return value
  }

  block(): Buffer {
    const length = this.int32()
    if (length > this.#bytes.length - this.#at) throw invalid(`a block has ${length} bytes`)
    const block = this.#bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    return block
  }
}

function invalid(why: string): ProtocolError {
  const message = `the compressed body is not a broker's: ${why}`
  return new ProtocolError('PROTOCOL_BODY_INVALID', '', message)
}
