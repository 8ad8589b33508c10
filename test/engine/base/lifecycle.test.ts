import { describe, expect, it } from 'vitest'
import { Lifecycle } from '../../../engine/base/lifecycle.ts'

class Part extends Lifecycle {
  readonly #name: string
  readonly #events: string[]
  readonly #failure: Error | undefined

  constructor(name: string, events: string[], failure?: Error) {
    super()
    this.#name = name
    this.#events = events
    this.#failure = failure
    this.markOpen()
  }

  own(part: Part): void {
    this.attach(part)
  }

  protected override async drain(): Promise<void> {
    this.#events.push(`drain ${this.#name}`)
    await Promise.resolve()
    if (this.#failure !== undefined) throw this.#failure
  }

  protected override async abort(reason: Error): Promise<void> {
    this.#events.push(`abort ${this.#name}: ${reason.message}`)
  }
}

function family(failure?: Error): { owner: Part; events: string[] } {
  const events: string[] = []
  const owner = new Part('owner', events, failure)
  for (const name of ['first', 'second']) owner.own(new Part(name, events))
  return { owner, events }
}

describe('close', () => {
  it('drains the owner, then its children in reverse order, once', async () => {
    const { owner, events } = family()
    await Promise.all([owner.close(), owner.close(), owner[Symbol.asyncDispose]()])
    expect(events).toEqual(['drain owner', 'drain second', 'drain first'])
    expect(owner.status).toBe('closed')
    expect(await owner.closed).toBeUndefined()
  })

  it('closes the children also when the owner cannot be drained, and says why', async () => {
    const { owner, events } = family(new Error('stuck'))
    await expect(owner.close()).rejects.toThrow('stuck')
    expect(events).toEqual(['drain owner', 'drain second', 'drain first'])
    expect(await owner.closed).toBeUndefined()
    expect(owner.status).toBe('closed')
  })

  it('takes no children any more', async () => {
    const { owner, events } = family()
    await owner.close()
    expect(() => owner.own(new Part('late', events))).toThrow('closed owner')
  })
})

describe('destroy', () => {
  it('does not drain the owner, and keeps the reason', async () => {
    const { owner, events } = family()
    const reason = new Error('enough')
    await owner.destroy(reason)
    expect(events[0]).toBe('abort owner: enough')
    expect(events).not.toContain('drain owner')
    expect(await owner.closed).toBe(reason)
  })

  it('joins a close that is under way', async () => {
    const { owner, events } = family()
    await Promise.all([owner.close(), owner.destroy(new Error('late'))])
    expect(events.filter((event) => event.startsWith('abort'))).toEqual([])
  })
})
