/** Tests of the small parts that connections are made of. */
import { describe, expect, test } from 'vitest'
import { formatAddress, normaliseHost, parseAddress } from '../../../net/remoting/address.ts'
import { encodeFrame } from '../../../net/remoting/command-codec.ts'
import type { AdmissionWaiter } from '../../../net/remoting/inflight-bytes.ts'
import { InflightBytes } from '../../../net/remoting/inflight-bytes.ts'
import { LimitedLogger } from '../../../net/remoting/limited-logger.ts'
import { PendingRequests } from '../../../net/remoting/pending-requests.ts'
import type { ReceivedCommand } from '../../../net/remoting/received-command.ts'
import { CommandReader } from '../../../net/remoting/received-command.ts'
import type { RemotingCommand } from '../../../net/remoting/remoting-command.ts'
import { createRequest, createResponse } from '../../../net/remoting/remoting-command.ts'
import {
  parseClientOptions,
  parseServerOptions,
  SERVER_DEFAULTS,
} from '../../../net/remoting/remoting-options.ts'
import { TrafficWatch } from '../../../net/remoting/traffic-watch.ts'
import { rawFrameOf } from '../raw-frame.ts'

describe('addresses', () => {
  test.each([
    ['127.0.0.1:9876', '127.0.0.1', 9876],
    ['broker-a.example:1', 'broker-a.example', 1],
    ['[::1]:10911', '::1', 10911],
    ['[2001:db8::1]:0', '2001:db8::1', 0],
  ])('%s is read and written back', (text, host, port) => {
    expect(parseAddress(text)).toEqual({ host, port })
    expect(formatAddress(host, port)).toBe(text)
  })

  test.each([
    '',
    'host',
    'host:',
    ':1',
    '::1:80',
    'host:65536',
    'host:-1',
    'a b:1',
    '[::1]',
    'h:1x',
  ])('"%s" is refused', (text) => {
    expect(() => parseAddress(text)).toThrow(
      expect.objectContaining({ code: 'REMOTING_ADDRESS_INVALID' }),
    )
  })

  test('IPv4 on a dual-stack socket is IPv4', () => {
    expect(normaliseHost('::ffff:192.0.2.1')).toBe('192.0.2.1')
    expect(normaliseHost('2001:db8::1')).toBe('2001:db8::1')
  })
})

describe('options', () => {
  test('undefined keeps the default', () => {
    expect(parseServerOptions({ port: undefined, idleMs: undefined })).toEqual(SERVER_DEFAULTS)
    expect(Object.isFrozen(parseServerOptions({}))).toBe(true)
  })

  test.each([
    { idleMs: 0 },
    { idleMs: -1 },
    { outputBytesHigh: 1.5 },
    { frameBytesMax: 0x1600_0000 },
    { port: 65_536 },
    { port: -1 },
    { nonsense: 1 },
  ])('%j is refused', (options) => {
    const refused = expect.objectContaining({ code: 'REMOTING_OPTION_INVALID' })
    expect(() => parseServerOptions(options)).toThrow(refused)
    expect(() => parseClientOptions(options)).toThrow(refused)
  })
})

describe('admission by bytes', () => {
  const waiter = (): AdmissionWaiter & { admitted: number } => ({
    inflightBytes: 0,
    admitted: 0,
    admit() {
      this.admitted += 1
    },
  })

  test('a full connection waits until it has answered enough', () => {
    const inflight = new InflightBytes(1000, 100)
    const full = waiter()
    inflight.add(full, 60)
    expect(inflight.admits(full)).toBe(true)
    inflight.add(full, 60)
    expect(inflight.admits(full)).toBe(false)
    expect(inflight.admits(waiter())).toBe(true)
    inflight.remove(full, 40)
    expect(full.admitted).toBe(0)
    inflight.remove(full, 40)
    expect(full.admitted).toBe(1)
    inflight.remove(full, 40)
    expect(full.admitted).toBe(1)
  })

  test('when all is full everyone waits, and is called back once there is room', () => {
    const inflight = new InflightBytes(100, 100)
    const [first, second, gone] = [waiter(), waiter(), waiter()]
    inflight.add(first, 100)
    expect([second, gone].map((other) => inflight.admits(other))).toEqual([false, false])
    inflight.forget(gone)
    inflight.remove(first, 20)
    expect(second.admitted).toBe(0)
    inflight.remove(first, 80)
    expect([second.admitted, gone.admitted]).toEqual([1, 0])
    expect(inflight.totalBytes).toBe(0)
  })
})

/** `command` as it comes over the wire. */
function received(command: RemotingCommand): ReceivedCommand {
  const reader = new CommandReader()
  reader.read(rawFrameOf(encodeFrame(command))!)
  return reader
}

describe('pending requests', () => {
  const begin = (
    pending: PendingRequests,
    timeoutMs: number,
  ): { request: RemotingCommand; response: Promise<RemotingCommand> } => {
    const request = createRequest(10)
    request.opaque = pending.takeOpaque()
    const response = new Promise<RemotingCommand>((resolve, reject) => {
      const onResponse = (answer: ReceivedCommand): void => resolve(answer.command())
      pending.add(request, timeoutMs, { resolve: onResponse, reject })
    })
    return { request, response }
  }

  test('responses find their requests in any order', async () => {
    const pending = new PendingRequests('peer')
    const calls = [1, 2, 3].map(() => begin(pending, 1000))
    for (const { request } of [...calls].reverse()) {
      expect(pending.complete(received(createResponse(request, request.opaque)))).toBe(true)
    }
    const responses = await Promise.all(calls.map(({ response }) => response))
    expect(responses.map(({ code }) => code)).toEqual(calls.map(({ request }) => request.opaque))
    expect(pending.size).toBe(0)
  })

  test('many wait at once, some of them for long, and each gets its own response', async () => {
    const pending = new PendingRequests('peer')
    const slow = begin(pending, 10_000)
    const opaques = new Set([slow.request.opaque])
    for (let round = 1; round <= 20; round += 1) {
      const calls = Array.from({ length: round * 10 }, () => begin(pending, 10_000))
      for (const { request } of calls) opaques.add(request.opaque)
      expect(pending.size).toBe(1 + calls.length)
      for (const { request } of calls) pending.complete(received(createResponse(request, round)))
      for (const { response } of calls) expect((await response).code).toBe(round)
    }
    expect(opaques.size).toBe(1 + 10 * 210)
    expect(pending.complete(received(createResponse(slow.request, 3)))).toBe(true)
    expect((await slow.response).code).toBe(3)
    expect(pending.complete(received(createResponse(slow.request, 3)))).toBe(false)
  })

  test('a deadline fails its own request, and a late response is nobody’s', async () => {
    const pending = new PendingRequests('peer')
    const slow = begin(pending, 10_000)
    const quick = begin(pending, 20)
    await expect(quick.response).rejects.toMatchObject({ code: 'REMOTING_TIMEOUT' })
    expect(pending.complete(received(createResponse(quick.request, 0)))).toBe(false)
    expect(pending.size).toBe(1)
    pending.complete(received(createResponse(slow.request, 7)))
    expect((await slow.response).code).toBe(7)
  })

  test('deadlines after the first are kept too', async () => {
    const pending = new PendingRequests('peer')
    const calls = [30, 10, 20].map((timeoutMs) => begin(pending, timeoutMs).response)
    const outcomes = await Promise.allSettled(calls)
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    const later = begin(pending, 10)
    await expect(later.response).rejects.toMatchObject({ code: 'REMOTING_TIMEOUT' })
  })

  test('a loss fails all at once', async () => {
    const pending = new PendingRequests('peer')
    const calls = [begin(pending, 10_000).response, begin(pending, 10_000).response]
    const reason = new Error('gone')
    pending.failAll(reason)
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toEqual({ status: 'rejected', reason })
    }
  })
})

describe('traffic watch', () => {
  const quiet = { unsentBytes: 0, progressMark: 0, isReading: true, frameMark: undefined }
  const open = (): TrafficWatch => new TrafficWatch({ idleMs: 100, outputStallMs: 50 })

  test('idle after the idle time without traffic, not before', () => {
    const watch = open()
    const looks = Array.from({ length: 11 }, () => watch.look(10, quiet))
    expect(looks.slice(0, 10)).toEqual(new Array(10).fill('ordinary'))
    expect(looks[10]).toBe('idle')
  })

  test('any traffic begins the idle time anew', () => {
    const watch = open()
    for (let look = 0; look < 50; look += 1) {
      if (look % 9 === 0) watch.noteActivity()
      expect(watch.look(10, quiet)).toBe('ordinary')
    }
  })

  test('a connection that this side does not read is not idle', () => {
    const watch = open()
    for (let look = 0; look < 50; look += 1) {
      expect(watch.look(10, { ...quiet, isReading: false })).toBe('ordinary')
    }
  })

  test('a frame that is not finished in the idle time is noticed, others are not', () => {
    const [finishing, trickling, held] = [open(), open(), open()]
    for (let look = 0; look <= 10; look += 1) {
      for (const watch of [finishing, trickling, held]) watch.noteActivity()
      expect(finishing.look(10, { ...quiet, frameMark: Math.floor(look / 9) })).toBe('ordinary')
      expect(held.look(10, { ...quiet, frameMark: 1, isReading: false })).toBe('ordinary')
      const verdict = trickling.look(10, { ...quiet, frameMark: 1 })
      expect(verdict).toBe(look < 10 ? 'ordinary' : 'unfinished')
    }
  })

  test('output without progress stalls, output with progress does not', () => {
    const [moving, stuck] = [open(), open()]
    for (let look = 1; look <= 5; look += 1) {
      expect(moving.look(10, { ...quiet, unsentBytes: 9, progressMark: look })).toBe('ordinary')
      const verdict = stuck.look(10, { ...quiet, unsentBytes: 9 })
      expect(verdict).toBe(look < 5 ? 'ordinary' : 'stalled')
    }
  })
})

test('events of one kind are logged once and then counted', () => {
  const lines: string[] = []
  const note = (message: string): void => void lines.push(message)
  const log = new LimitedLogger({ info: note, warn: note, error: note })
  for (let count = 0; count < 5; count += 1) log.warn('A', `a ${count}`)
  log.error('B', 'b')
  for (let kind = 0; kind < 1000; kind += 1) log.warn(`kind ${kind}`, 'flood')
  expect(lines.slice(0, 2)).toEqual(['a 0', 'b'])
  expect(lines.length).toBeLessThanOrEqual(256)
})
