/** One message as a line of JSON: what `agena store export` prints and `import` reads. */
import { isUtf8 } from 'node:buffer'
import { PropertyName } from '../../../engine/format/message-const.ts'
import type { StoredMessage } from '../../../engine/format/stored-message.ts'
import type { LogMessage } from '../../../workers/index.ts'
import { decompress } from '../../client/decompress.ts'
import { TransferError } from './transfer-error.ts'

const KEY_SEPARATOR = ' '

/** The line of a message, without its end. @throws {ClientError} for a body it cannot decompress */
export async function exportedLine(message: StoredMessage): Promise<string> {
  const { bodyCrc: _, totalBytes: __, properties, body: stored, ...rest } = message
  const body = await decompress(stored, message.sysFlag)
  return JSON.stringify({
    ...rest,
    keys: properties.get(PropertyName.KEYS),
    tags: properties.get(PropertyName.TAGS),
    properties: Object.fromEntries(properties),
    ...(isUtf8(body) ? { body: body.toString('utf8') } : { bodyBase64: body.toString('base64') }),
  })
}

/**
 * The message of a line.
 * @throws {TransferError} `TRANSFER_LINE_INVALID`
 */
export function importedMessage(line: string, topic: string | undefined): LogMessage {
  const exported = parsed(line)
  const properties = new Map(Object.entries(textsOf(exported['properties'])))
  const keys = properties.get(PropertyName.KEYS)
  const tags = properties.get(PropertyName.TAGS)
  properties.delete(PropertyName.KEYS)
  properties.delete(PropertyName.TAGS)
  return {
    topic: topic ?? text(exported, 'topic'),
    queueId: whole(exported, 'queueId'),
    body: bodyOf(exported),
    keys: keys?.split(KEY_SEPARATOR).filter((key) => key !== ''),
    tags,
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
  if (exported['bodyBase64'] !== undefined) {
    return Buffer.from(text(exported, 'bodyBase64'), 'base64')
  }
  return Buffer.from(text(exported, 'body'))
}

function text(exported: Exported, name: string): string {
  const value = exported[name]
  if (typeof value === 'string') return value
  throw invalid(`${name} is ${JSON.stringify(value)}, but must be a text`)
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
