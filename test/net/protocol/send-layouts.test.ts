/**
 * Goal: a header that is read by the layout of one before says what the generic codec reads.
 * Method: frames as the Java client writes them teach a layout; others with new values, and damaged
 * ones, follow and are read both ways.
 */
import { expect, test } from 'vitest'
import { MIB } from '../../../engine/base/units.ts'
import { SendLayouts } from '../../../net/protocol/send-layouts.ts'
import { SendRequestView } from '../../../net/protocol/send-message-scanner.ts'
import type { RawFrame } from '../../../net/remoting/frame-splitter.ts'
import { reservedMemory } from '../../helpers/reserved-memory.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'
import { fixtureBytes, rawFrameOf } from '../raw-frame.ts'
import { FIRST_SEND, javaSendFrame } from './java-send-frame.ts'
import { damaged, jsonFrame } from './request-fuzz.ts'
import { contentOf, decoded } from './send-request-content.ts'

const RECEIVED_BYTES = 4096
const memory = reservedMemory(MIB + RECEIVED_BYTES)
const received = memory.allot(RECEIVED_BYTES)

/** The frame at some place in the receive buffer, or in one of its own, which begins elsewhere. */
function placed(bytes: Buffer, random: SeededRandom): RawFrame {
  const shift = random.below(9)
  const frame = rawFrameOf(bytes)!
  const buffer = random.below(2) === 0 ? received : Buffer.alloc(RECEIVED_BYTES)
  buffer.fill(0)
  buffer.set(bytes, shift)
  return {
    ...frame,
    buffer,
    frameStart: frame.frameStart + shift,
    headerStart: frame.headerStart + shift,
    headerEnd: frame.headerEnd + shift,
    bodyEnd: frame.bodyEnd + shift,
  }
}

function taught(...frames: readonly Buffer[]): SendLayouts<never> {
  const layouts = new SendLayouts<never>(memory)
  for (const frame of frames) layouts.scan(rawFrameOf(frame)!, new SendRequestView())
  return layouts
}

test('the second header of a kind is read by the layout of the first', () => {
  const layouts = taught(javaSendFrame({}))
  const taughtLayout = layouts.current
  expect(taughtLayout).toBeDefined()
  const view = new SendRequestView()
  const properties = 'UNIQ_KEY\\u00017F0000010002\\u0002WAIT\\u0001fals\\u0002TAGS\\u0001TagB'
  const next = rawFrameOf(
    javaSendFrame({ opaque: 9999, queueId: 0, bornTimestamp: 1_799_999_999_999, properties }),
  )!
  expect(layouts.scan(next, view)).toBe(true)
  expect(layouts.current).toBe(taughtLayout)
  expect(contentOf(view)).toEqual(decoded(next))
  const ofAnotherTopic = rawFrameOf(javaSendFrame({}, 'OtherTest'))!
  expect(layouts.scan(ofAnotherTopic, view)).toBe(true)
  expect(layouts.current).toBe(taughtLayout)
  expect(contentOf(view)).toEqual(decoded(ofAnotherTopic))
  layouts.scan(next, view)
  expect(view).toMatchObject({ opaque: 9999, queueId: 0, bornTimestampMs: 1_799_999_999_999 })
})

test('values go where the first message had them, without escapes', () => {
  const layouts = taught(javaSendFrame({}))
  const target = Buffer.from(
    FIRST_SEND.properties.replaceAll('\\u0001', '\x01').replaceAll('\\u0002', '\x02'),
  )
  const properties = 'UNIQ_KEY\\u00010123456789AB\\u0002WAIT\\u0001nope\\u0002TAGS\\u0001TagB'
  const view = new SendRequestView()
  layouts.scan(rawFrameOf(javaSendFrame({ properties }))!, view)
  layouts.current!.copyValues(view, target)
  expect(target.toString()).toBe('UNIQ_KEY\x010123456789AB\x02WAIT\x01nope\x02TAGS\x01TagB')
})

test.each([
  ['a longer opaque', { opaque: 12_345 }],
  ['a longer queue id', { queueId: 10 }],
  ['a negative queue id', { queueId: -1 }],
  ['an opaque with a leading zero, which no JSON number has', { opaque: '0123' as never }],
  ['another property', { properties: FIRST_SEND.properties.replace('TAGS', 'KEYS') }],
  [
    'a separator in a value',
    { properties: FIRST_SEND.properties.replace('0000010001', '00\\u000201') },
  ],
  [
    'an escape in a value',
    { properties: FIRST_SEND.properties.replace('0000010001', '00\\"00010001') },
  ],
  [
    'a text that ends early',
    { properties: FIRST_SEND.properties.replace('0001\\u0002', '00"1\\u0002') },
  ],
  ['an unescaped control', { properties: FIRST_SEND.properties.replace('TagA', 'Tag\x01') }],
])('%s is read as if no layout was known', (_, values) => {
  const layouts = taught(javaSendFrame({}))
  const view = new SendRequestView()
  const frame = rawFrameOf(javaSendFrame(values))!
  const unknown = new SendLayouts<never>()
  const other = new SendRequestView()
  const isRead = unknown.scan(frame, other)
  expect(layouts.scan(frame, view)).toBe(isRead)
  if (!isRead) return
  expect(contentOf(view)).toEqual(contentOf(other))
  expect(contentOf(view)).toEqual(decoded(frame))
})

test.each([1, 2, 3, 4, 5, 6])(
  'damaged headers behind a layout are read alike or declined (seed %i)',
  (seed) => {
    const random = new SeededRandom(seed)
    const layouts = taught(javaSendFrame({}))
    let byLayout = 0
    for (let round = 0; round < 3000; round += 1) {
      const known = javaSendFrame({
        opaque: 1000 + random.below(9000),
        queueId: random.below(10),
        bornTimestamp: FIRST_SEND.bornTimestamp + random.below(1_000_000),
      })
      const frame = placed(random.below(3) === 0 ? known : damaged(random, known), random)
      const view = new SendRequestView()
      if (!layouts.scan(frame, view)) continue
      const text = frame.buffer.toString('utf8', 0, frame.bodyEnd)
      const why = `seed ${seed}, round ${round}: ${text}`
      expect(contentOf(view), why).toEqual(decoded(frame))
      if (layouts.current !== undefined) byLayout += 1
    }
    expect(byLayout).toBeGreaterThan(500)
  },
)

test('a layout that is not met any more gives its place to the next one', () => {
  const layouts = taught(javaSendFrame({}))
  const view = new SendRequestView()
  // The same length and the same sampled bytes: it falls into the same place.
  const other = javaSendFrame({ properties: FIRST_SEND.properties.replace('WAIT', 'WIDE') })
  let scans = 0
  do {
    layouts.scan(rawFrameOf(other)!, view)
    scans += 1
  } while (layouts.current === undefined && scans < 100)
  expect(scans).toBe(9)
  layouts.scan(rawFrameOf(other)!, view)
  expect(layouts.current).toBeDefined()
})

test.each([
  ['binary', () => fixtureBytes('send-message-v2-310.rocketmq.frame')],
  ['without properties', () => javaSendFrame({ properties: '' })],
  ['with text beyond ASCII in its properties', () => javaSendFrame({ properties: 'a\\u0001ü' })],
  ['too long', () => javaSendFrame({ properties: `a\\u0001${'x'.repeat(1000)}` })],
  ['too short', () => jsonFrame('{"code":310}', Buffer.alloc(0))],
])('a header that is %s teaches nothing', (_, bytes) => {
  const layouts = taught(bytes(), bytes())
  expect(layouts.current).toBeUndefined()
})
