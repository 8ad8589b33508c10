/**
 * Goal: what the scan reads is what JSON.parse reads, and what it does not know it leaves alone.
 * Method: headers of every kind with each byte left out or changed; the scan either agrees with the
 * parser or says nothing.
 */
import { expect, test } from 'vitest'
import { scanHeaderJson } from '../../../net/remoting/header-json-scan.ts'

const PLAIN = [
  '{}',
  '{"code":0,"extFields":{"msgId":"7F","queueId":"3","TRACE_ON":"true"},"flag":1,"opaque":70}',
  '{"code":-1,"extFields":{},"language":"JAVA","remark":"no ünit","version":513}',
  '{"code":0,"extFields":{"a":"1","a":"2","__proto__":"b"},"extFields":{"n":12}}',
]
const OTHER = [
  '{"remark":"a \\"b\\" c"}',
  '{ "code": 0 }',
  '{"code":1.5,"flag":1e3,"version":null}',
  '{"extFields":{"isIt":true,"list":[1,{"a":2}]}}',
  '{"extFields":null}',
  '{"code":01}',
  '{"opaque":12345678901234567890}',
  '[]',
  '"text"',
  '',
]
const REPLACEMENTS = ['"', '\\', '{', '}', ',', ':', '-', '0', 'x', ' ']

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What the scan says, in the form of the parser's answer. */
function scanned(text: string): unknown {
  const header = scanHeaderJson(text)
  if (header === undefined) return undefined
  const extFields = Object.fromEntries(header.extFields)
  const hasExtFields = text.includes('"extFields":{')
  return { ...Object.fromEntries(header.fields), ...(hasExtFields ? { extFields } : {}) }
}

function asTexts(value: unknown): unknown {
  const { extFields, ...fields } = value as { readonly extFields?: Record<string, unknown> }
  if (extFields === undefined) return fields
  const texts = Object.entries(extFields).map(([name, field]) => [name, String(field)])
  return { ...fields, extFields: Object.fromEntries(texts) }
}

test.each(PLAIN)('reads %s', (text) => {
  expect(scanned(text)).toEqual(asTexts(parsed(text)))
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
  expect(read.map(scanned)).toEqual(read.map((text) => asTexts(parsed(text))))
})
