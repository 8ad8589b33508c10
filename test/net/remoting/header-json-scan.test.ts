/**
 * Goal: what the scan reads is what JSON.parse reads, and what it does not know it leaves alone.
 * Method: headers of every kind with each byte left out or changed; the scan either agrees with the
 * parser or says nothing.
 */
import { expect, test } from 'vitest'
import { HeaderJsonScan } from '../../../net/remoting/header-json-scan.ts'

const PLAIN = [
  '{}',
  '{"code":0,"extFields":{"msgId":"7F","queueId":"3","TRACE_ON":"true"},"flag":1,"opaque":70}',
  '{"code":-1,"extFields":{},"language":"JAVA","remark":"no ünit","version":513}',
  '{"code":0,"extFields":{"a":"1","a":"2","__proto__":"b"},"extFields":{"n":12}}',
  '{"other":"a","number":-7,"serializeTypeCurrentRPC":"JSON","extFields":{"ö":"ä","n":-12}}',
]
const OTHER = [
  '{"remark":"a \\"b\\" c"}',
  '{ "code": 0 }',
  '{"code":1.5,"flag":1e3,"version":null}',
  '{"extFields":{"isIt":true,"list":[1,{"a":2}]}}',
  '{"extFields":null}',
  '{"code":01}',
  '{"code":"1"}',
  '{"code":2147483648}',
  '{"remark":7}',
  '{"extFields":{"n":-0}}',
  '{"opaque":12345678901234567890}',
  '[]',
  '"text"',
  '',
]
const REPLACEMENTS = ['"', '\\', '{', '}', ',', ':', '-', '0', 'x', ' ']

interface Header {
  readonly code?: number
  readonly flag?: number
  readonly opaque?: number
  readonly version?: number
  readonly language?: string
  readonly remark?: string
  readonly extFields?: Readonly<Record<string, unknown>>
}

function parsed(text: string): Header {
  return JSON.parse(text) as Header
}

/** The members of a header that count, as the parser has them. */
function known({ code = 0, flag = 0, opaque = 0, version = 0, ...header }: Header): unknown {
  const { language, remark, extFields = {} } = header
  const texts = Object.entries(extFields).map(([name, field]) => [name, String(field)])
  return { code, flag, opaque, version, language, remark, extFields: Object.fromEntries(texts) }
}

/** What the scan says of a header that stands between other bytes, in the same form. */
function scanned(text: string): unknown {
  const bytes = Buffer.from(`}"${text}}"1`)
  const header = new HeaderJsonScan()
  if (!header.read(bytes, 2, bytes.length - 3)) return undefined
  const { code, flag, language, opaque, remark, version } = header
  const extFields = Object.fromEntries(header.extFields())
  return { code, flag, opaque, version, language, remark, extFields }
}

test.each(PLAIN)('reads %s', (text) => {
  expect(scanned(text)).toEqual(known(parsed(text)))
})

test.each(OTHER)('leaves %s to the parser', (text) => {
  expect(scanned(text)).toBeUndefined()
})

/** A text with each of its characters left out or replaced. */
function changesOf(text: string): readonly string[] {
  return [...text].flatMap((_, at) =>
    ['', ...REPLACEMENTS].map((to) => text.slice(0, at) + to + text.slice(at + 1)),
  )
}

test('agrees with the parser or says nothing, whatever became of a header', () => {
  const read = [...PLAIN, ...OTHER].flatMap(changesOf).filter((text) => scanned(text) !== undefined)
  expect(read.length).toBeGreaterThan(100)
  expect(read.map(scanned)).toEqual(read.map((text) => known(parsed(text))))
})

test('finds a field by its name, the last one of several', () => {
  const scan = new HeaderJsonScan()
  const fields = Array.from({ length: 40 }, (_, index) => `"f${index}":"${index}"`).join(',')
  const bytes = Buffer.from(`{"extFields":{${fields},"f1":"-9007199254740991","f2":"x","f3":"01"}}`)
  expect(scan.read(bytes, 0, bytes.length)).toBe(true)
  expect([scan.text('f1'), scan.text('f39'), scan.text('f'), scan.text('f2')]).toEqual([
    '-9007199254740991',
    '39',
    undefined,
    'x',
  ])
  expect([scan.integer('f1'), scan.integer('f39')]).toEqual([Number.MIN_SAFE_INTEGER, 39])
  expect(['f', 'f2', 'f3'].map((name) => scan.integer(name))).toEqual([NaN, NaN, NaN])
})
