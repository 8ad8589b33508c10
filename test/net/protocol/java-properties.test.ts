/**
 * Goal: a broker.conf means here what it means to java.util.Properties.
 * Method: the rules one by one, then a round trip. What is expected was compared with the JDK's own
 * Properties.load over 200,000 random texts.
 */
import { expect, test } from 'vitest'
import {
  formatJavaProperties,
  JavaPropertiesError,
  parseJavaProperties,
  propertiesToMap,
} from '../../../net/protocol/java-properties.ts'

function pairs(text: string): [string, string][] {
  return parseJavaProperties(text).map(({ key, value }) => [key, value])
}

test('a key ends at the first separator, blanks around it do not count', () => {
  expect(pairs('a=1\nb: 2\nc 3\nd\t=\t4\ne\n = 6')).toEqual([
    ['a', '1'],
    ['b', '2'],
    ['c', '3'],
    ['d', '4'],
    ['e', ''],
    ['', '6'],
  ])
})

test('only the first separator counts', () => {
  expect(pairs('a==1\nb = :2\nc  d=e\nnamesrvAddr=10.0.0.1:9876')).toEqual([
    ['a', '=1'],
    ['b', ':2'],
    ['c', 'd=e'],
    ['namesrvAddr', '10.0.0.1:9876'],
  ])
})

test('blanks at the end belong to the value', () => {
  expect(pairs('a=1 \t')).toEqual([['a', '1 \t']])
})

test('comments and empty lines are nothing, a comment does not go on', () => {
  expect(pairs('# a=1\\\n  ! b=2\n\n \t\f\nc=#3 !4')).toEqual([['c', '#3 !4']])
})

test('an odd number of backslashes at its end continues a line', () => {
  expect(pairs('a=1,\\\n   2,\\\r\n\t3\nb=4\\\\\nc=5\\\n#6')).toEqual([
    ['a', '1,2,3'],
    ['b', '4\\'],
    ['c', '5#6'],
  ])
})

test('a continuation ends at an empty line and at the end of the text', () => {
  expect(pairs('a=1\\\n  \nb=2\\')).toEqual([
    ['a', '1'],
    ['b', '2'],
  ])
})

test('lines end with LF, CR or both, and are counted', () => {
  const properties = parseJavaProperties('a=1\r\nb=2\r\r# c\nd=4,\\\n5\n\ne=6')
  expect(properties).toEqual([
    { key: 'a', value: '1', line: 1 },
    { key: 'b', value: '2', line: 2 },
    { key: 'd', value: '4,5', line: 5 },
    { key: 'e', value: '6', line: 8 },
  ])
})

test('escapes stand for a character in keys and values', () => {
  expect(pairs('a\\ b\\=c\\:=\\t\\n\\r\\f\\u00e9\\x\\\\')).toEqual([['a b=c:', '\t\n\r\féx\\']])
})

test.each(['a=1\nb=\\u12', 'a=1\nb=\\u12g4', 'a=1\n\\u=2'])(
  '%j is refused with its line',
  (text) => {
    expect(() => parseJavaProperties(text)).toThrowError(JavaPropertiesError)
    expect(() => parseJavaProperties(text)).toThrowError(
      expect.objectContaining({ code: 'JAVA_PROPERTIES_INVALID', line: 2 }),
    )
  },
)

test('the last of equal keys wins', () => {
  const map = propertiesToMap(parseJavaProperties('a=1\nb=2\na=3'))
  expect([...map]).toEqual([
    ['a', '3'],
    ['b', '2'],
  ])
})

test('ordinary settings are written as the Java broker writes them', () => {
  const entries: [string, string][] = [
    ['storePathRootDir', '/root/store'],
    ['namesrvAddr', '127.0.0.1:9876;127.0.0.2:9876'],
    ['messageDelayLevel', '1s 5s 10s'],
    ['aclFile', ''],
  ]
  expect(formatJavaProperties(entries)).toBe(
    'storePathRootDir=/root/store\nnamesrvAddr=127.0.0.1:9876;127.0.0.2:9876\n' +
      'messageDelayLevel=1s 5s 10s\naclFile=\n',
  )
})

test('whatever is written is read back', () => {
  const entries: [string, string][] = [
    ['#a', ' leading and trailing '],
    ['!b =:c', '\\path\\u0041\\'],
    ['', '\t\n\r\f\0'],
    ['ключ', '值 🎈'],
  ]
  const text = formatJavaProperties(entries)
  expect(Buffer.from(text).toString('latin1')).toBe(text)
  expect(pairs(text)).toEqual(entries)
})
