/**
 * Goal: properties that are stamped by what the first message of a layout left behind are those
 * that are stamped anew.
 * Method: messages of one layout go through both ways.
 */
import { expect, test } from 'vitest'
import { type KeptProperties, SendProperties } from '../../../net/broker/send/send-properties.ts'
import { SendLayouts } from '../../../net/protocol/send-layouts.ts'
import { SendRequestView } from '../../../net/protocol/send-message-scanner.ts'
import { FIRST_SEND, javaSendFrame } from '../protocol/java-send-frame.ts'
import { rawFrameOf } from '../raw-frame.ts'

const STAMP = { clusterName: 'DefaultCluster', regionId: 'DefaultRegion', traceOn: true }
const IDS = { address: Buffer.from([127, 0, 0, 1]), pid: 1, instance: 1, now: () => 0 }

function sent(texts: readonly string[]): { anew: string[]; layouts: string[]; reused: number } {
  const layouts = new SendLayouts<KeptProperties>()
  const byLayout = new SendProperties(STAMP, IDS)
  const alone = new SendProperties(STAMP, IDS)
  const result = { anew: [] as string[], layouts: [] as string[], reused: 0 }
  const view = new SendRequestView()
  for (const properties of texts) {
    layouts.scan(rawFrameOf(javaSendFrame({ properties }))!, view)
    if (layouts.current?.kept !== undefined) result.reused += 1
    byLayout.take(view, layouts.current)
    alone.take(view)
    result.layouts.push(contentOf(byLayout))
    result.anew.push(contentOf(alone))
  }
  return result
}

function contentOf(properties: SendProperties): string {
  const { bytes, end, uniqueKeyStart, uniqueKeyEnd } = properties
  return JSON.stringify({
    text: bytes.toString('utf8', 0, end),
    uniqueKey: bytes.toString('utf8', uniqueKeyStart, uniqueKeyEnd),
    waitsForFlush: properties.waitsForFlush,
    unsupported: properties.unsupportedFeature,
    delayLevel: properties.delayLevel,
  })
}

const UNIQUE = 'UNIQ_KEY\\u0001'

test.each([
  ['new keys and tags', [FIRST_SEND.properties, `${FIRST_SEND.properties.slice(0, -1)}B`], 1],
  [
    'a sender that does not wait',
    ['true', 'trug'].map((wait) => `${UNIQUE}1\\u0002WAIT\\u0001${wait}`),
    1,
  ],
  [
    'a delay that begins',
    ['0', '3', '0'].map((level) => `${UNIQUE}1\\u0002DELAY\\u0001${level}`),
    2,
  ],
  [
    'no unique key: each message gets one of its own',
    ['A', 'B'].map((tag) => `TAGS\\u0001Tag${tag}${'x'.repeat(30)}`),
    0,
  ],
  [
    'stamps of another broker',
    ['1', '2'].map((key) => `${UNIQUE}${key}\\u0002CLUSTER\\u0001other`),
    0,
  ],
])('%s', (_, texts, reused) => {
  const result = sent(texts)
  expect(result.layouts).toEqual(result.anew)
  expect(result.reused).toBe(reused)
})

test('values that decide are those of each message', () => {
  const waits = ['true\\u0002', 'false'].map((wait) => `${UNIQUE}1\\u0002WAIT\\u0001${wait}`)
  const delays = ['0', '3'].map((level) => `${UNIQUE}1\\u0002DELAY\\u0001${level}`)
  const { layouts } = sent([...waits, ...delays])
  const [waiting, notWaiting, notDelayed, delayed] = layouts.map((text) => JSON.parse(text))
  expect(waiting).toMatchObject({ waitsForFlush: true })
  expect(notWaiting).toMatchObject({ waitsForFlush: false })
  expect(notDelayed).toMatchObject({ delayLevel: 0 })
  expect(delayed).toMatchObject({ delayLevel: 3 })
  expect(delayed.unsupported).toBeUndefined()
})
