/** One message as a line of JSON: what `agena store export` prints and `import` reads. */
import { isUtf8 } from 'node:buffer'
import { PropertyName } from '../../../engine/format/message-const.ts'
import type { StoredMessage } from '../../../engine/format/stored-message.ts'
import type { LogMessage } from '../../../workers/index.ts'
import { decompress } from '../../client/decompress.ts'
import { TransferError } from './transfer-error.ts'

const KEY_SEPARATOR = ' '

/** How the bytes of a body are written as text. */
const ENCODINGS = ['utf8', 'base64'] as const

/** The line of a message, without its end. @throws {ClientError} for a body it cannot decompress */
export async function exportedLine(message: StoredMessage): Promise<string> {
  const { properties } = message
  const body = await decompress(message.body, message.sysFlag)
  const bodyEncoding = isUtf8(body) ? 'utf8' : 'base64'
  return JSON.stringify({
    topic: message.topic,
    queueId: message.queueId,
    queueOffset: message.queueOffset,
    physicalOffset: message.physicalOffset,
    msgId: message.messageId,
    storeTimestamp: message.storeTimestampMs,
    bornTimestamp: message.bornTimestampMs,
    storeHost: message.storeHost,
    bornHost: message.bornHost,
    flag: message.flag,
    reconsumeTimes: message.reconsumeTimes,
    keys: properties.get(PropertyName.KEYS),
    tags: properties.get(PropertyName.TAGS),
    properties: Object.fromEntries(properties),
    bodyEncoding,
    body: body.toString(bodyEncoding),
  })
}

/**
 * The message of a line.
 * @throws {TransferError} `TRANSFER_LINE_INVALID`
 */
export function importedMessage(line: string, topic: string | undefined): LogMessage {
  const exported = parsed(line)
  const properties = new Map(Object.entries(textsOf(exported['properties'])))
  const keys = properties.get(PropertyName.KEYS) ?? optionalText(exported, 'keys')
  const tags = properties.get(PropertyName.TAGS) ?? optionalText(exported, 'tags')
  properties.delete(PropertyName.KEYS)
  properties.delete(PropertyName.TAGS)
  return {
    topic: topic ?? text(exported, 'topic'),
    queueId: whole(exported, 'queueId'),
    body: bodyOf(exported),
    keys: keys?.split(KEY_SEPARATOR).filter((key) => key !== ''),
    tags,
    flag: whole(exported, 'flag'),
    properties,
  }
}

type Exported = Readonly<Record<string, unknown>>

function parsed(line: string): Exported {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    throw invalid('it is no JSON', error)
  }
  if (typeof value !== 'object' || value === null) throw invalid('it is no JSON object')
  return value as Exported
}

function bodyOf(exported: Exported): Buffer {
  const given = exported['bodyEncoding'] ?? 'utf8'
  const encoding = ENCODINGS.find((known) => known === given)
  if (encoding !== undefined) return Buffer.from(text(exported, 'body'), encoding)
  throw invalid(`bodyEncoding is ${JSON.stringify(given)}, but must be ${ENCODINGS.join(' or ')}`)
}

function text(exported: Exported, name: string): string {
  const value = exported[name]
  if (typeof value === 'string') return value
  throw invalid(`${name} is ${JSON.stringify(value)}, but must be a text`)
}

function optionalText(exported: Exported, name: string): string | undefined {
  return exported[name] === undefined ? undefined : text(exported, name)
}

function whole(exported: Exported, name: string): number {
  const value = exported[name] ?? 0
  if (typeof value === 'number' && Number.isInteger(value)) return value
  throw invalid(`${name} is ${JSON.stringify(value)}, but must be a whole number`)
}

function textsOf(value: unknown = {}): Record<string, string> {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (isMap && Object.values(value).every((entry) => typeof entry === 'string')) {
    return value as Record<string, string>
  }
  throw invalid('properties must be an object of texts')
}

function invalid(message: string, cause?: unknown): TransferError {
  return new TransferError('TRANSFER_LINE_INVALID', message, cause === undefined ? {} : { cause })
}
