/**
 * The JSON header (Java: RemotingCommand as fastjson writes and reads it):
 *
 *   {"code":105,"extFields":{"topic":"a"},"flag":0,"language":"JAVA","opaque":7,
 *    "remark":"…","serializeTypeCurrentRPC":"JSON","version":513}
 *
 * Fields that are null are left out. Peers other than Java send ext fields as bare numbers and
 * booleans, leave out `serializeTypeCurrentRPC` and add fields of their own: all that is accepted.
 */

import { RemotingError } from './errors.ts'
import { HEADER_BYTES_MAX } from './frame-format.ts'
import { HeaderJsonScan } from './header-json-scan.ts'
import type { RemotingCommand } from './remoting-command.ts'
import { EMPTY_BODY, REMOTING_LANGUAGE } from './remoting-command.ts'

const INT32_MAX = 0x7fff_ffff
const INT32_MIN = -INT32_MAX - 1

/** For one header after the other. */
const SCAN = new HeaderJsonScan()

/** The header of `command` as JSON text, keys in the order in which Java writes them. */
export function encodeHeaderJson(command: RemotingCommand): string {
  const { code, flag, language, opaque, remark, version } = command
  const fields = extFieldsText(command)
  const fieldsPart = fields === '' ? '' : `,"extFields":{${fields}}`
  const remarkPart = remark === undefined ? '' : `,"remark":${JSON.stringify(remark)}`
  return (
    `{"code":${code}${fieldsPart},"flag":${flag},"language":${JSON.stringify(language)},` +
    `"opaque":${opaque}${remarkPart},"serializeTypeCurrentRPC":"JSON","version":${version}}`
  )
}

function extFieldsText({ extFields, extFieldsJson = '' }: RemotingCommand): string {
  let text = extFieldsJson
  for (const [name, value] of extFields) {
    const member = `${JSON.stringify(name)}:${JSON.stringify(value)}`
    text = text === '' ? member : `${text},${member}`
  }
  return text
}

/**
 * Reads the JSON header at `start..end`; the command's body is empty.
 * @throws {RemotingError} `REMOTING_HEADER_INVALID`
 */
export function decodeHeaderJson(buffer: Buffer, start: number, end: number): RemotingCommand {
  if (end - start > HEADER_BYTES_MAX) throw invalid(`it has ${end - start} bytes`)
  if (SCAN.read(buffer, start, end)) return commandOf(SCAN)
  const fields = parseFields(buffer.toString('utf8', start, end))
  return {
    code: integerField(fields, 'code'),
    language: textOf(fields.get('language')) ?? REMOTING_LANGUAGE,
    version: integerField(fields, 'version'),
    opaque: integerField(fields, 'opaque'),
    flag: integerField(fields, 'flag'),
    remark: textOf(fields.get('remark')),
    extFields: extFieldsOf(fields.get('extFields')),
    body: EMPTY_BODY,
    serializeType: 'JSON',
  }
}

/** The command whose header `scan` has read; its body is empty. */
export function commandOf(scan: HeaderJsonScan): RemotingCommand {
  return {
    code: scan.code,
    language: scan.language ?? REMOTING_LANGUAGE,
    version: scan.version,
    opaque: scan.opaque,
    flag: scan.flag,
    remark: scan.remark,
    extFields: scan.extFields(),
    body: EMPTY_BODY,
    serializeType: 'JSON',
  }
}

type Fields = ReadonlyMap<string, unknown>

function parseFields(text: string): Fields {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new RemotingError('REMOTING_HEADER_INVALID', 'the header is not JSON', { cause: error })
  }
  if (!isObject(value)) throw invalid('it is not an object')
  return new Map(Object.entries(value))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Missing is zero, as in Java, where these are plain ints. */
function integerField(fields: Fields, name: string): number {
  const value = fields.get(name)
  if (value === undefined || value === null) return 0
  const number = typeof value === 'string' && value !== '' ? Number(value) : value
  if (typeof number !== 'number' || !Number.isInteger(number))
    throw invalid(`${name} is no integer`)
  if (number < INT32_MIN || number > INT32_MAX) throw invalid(`${name} is not an int`)
  return number
}

function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function extFieldsOf(value: unknown): Map<string, string> {
  const extFields = new Map<string, string>()
  if (value === undefined || value === null) return extFields
  if (!isObject(value)) throw invalid('extFields is not an object')
  for (const name of Object.keys(value)) {
    const text = textOf(value[name])
    if (text !== undefined) extFields.set(name, text)
  }
  return extFields
}

function invalid(why: string): RemotingError {
  return new RemotingError('REMOTING_HEADER_INVALID', `the JSON header cannot be read: ${why}`)
}
