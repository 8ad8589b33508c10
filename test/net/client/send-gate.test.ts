/** Goal: no more is under way than the limits allow, nobody overtakes or waits for ever. */
import { expect, test } from 'vitest'
import { type Deferred, deferred } from '../../../engine/base/deferred.ts'
import { SendGate, type SendGateLimits } from '../../../net/client/send-gate.ts'

const NEVER_MS = 60_000

/** Sends that begin when the gate lets them and end when the test says so. */
class Sends {
  readonly begun: string[] = []
  readonly #gate: SendGate
  readonly #ends = new Map<string, Deferred<void>>()

  constructor(limits: Partial<SendGateLimits>) {
    this.#gate = new SendGate({ countMax: 0, bytesMax: 0, ...limits })
  }

  async start(name: string, bytes = 1, timeoutMs = NEVER_MS): Promise<void> {
    const end = deferred<void>()
    this.#ends.set(name, end)
    await this.#gate.pass({ bytes, timeoutMs }, async () => {
      this.begun.push(name)
      await end.promise
    })
  }

  async end(name: string, sending: Promise<void>): Promise<void> {
    this.#ends.get(name)!.resolve()
    await sending
  }

  fail(name: string): void {
    this.#ends.get(name)!.reject(new Error('as the test wants'))
  }
}

test('without limits all begin at once', () => {
  const sends = new Sends({})
  for (const name of ['a', 'b', 'c']) void sends.start(name, 1_000_000)
  expect(sends.begun).toEqual(['a', 'b', 'c'])
})

test('one begins when another one ends, well or not, in the order of arrival', async () => {
  const sends = new Sends({ countMax: 2 })
  const [a, b] = ['a', 'b', 'c', 'd'].map((name) => sends.start(name))
  expect(sends.begun).toEqual(['a', 'b'])
  await sends.end('a', a!)
  await expect.poll(() => sends.begun).toEqual(['a', 'b', 'c'])
  const failure = b!.catch((error: Error) => error.message)
  sends.fail('b')
  expect(await failure).toBe('as the test wants')
  await expect.poll(() => sends.begun).toEqual(['a', 'b', 'c', 'd'])
})

test('bytes count, and a small one does not overtake a large one', async () => {
  const sends = new Sends({ bytesMax: 10 })
  const first = sends.start('six', 6)
  void sends.start('seven', 7)
  void sends.start('one', 1)
  expect(sends.begun).toEqual(['six'])
  await sends.end('six', first)
  await expect.poll(() => sends.begun).toEqual(['six', 'seven', 'one'])
})

test('what is larger than the limit goes alone', async () => {
  const sends = new Sends({ bytesMax: 10 })
  const first = sends.start('one', 1)
  const large = sends.start('large', 11)
  void sends.start('next', 1)
  expect(sends.begun).toEqual(['one'])
  await sends.end('one', first)
  await expect.poll(() => sends.begun).toEqual(['one', 'large'])
  await sends.end('large', large)
  await expect.poll(() => sends.begun).toEqual(['one', 'large', 'next'])
})

test('who finds no room in time fails, and lets others by', async () => {
  const sends = new Sends({ bytesMax: 10 })
  void sends.start('six', 6)
  const large = sends.start('seven', 7, 5)
  const failure = large.catch((error: unknown) => error)
  void sends.start('one', 1)
  expect(await failure).toMatchObject({ code: 'CLIENT_TIMEOUT' })
  await expect.poll(() => sends.begun).toEqual(['six', 'one'])
})
