import { setImmediate } from 'node:timers/promises'
import { Lifecycle } from '../../../engine/base/lifecycle.ts'
import type { Logger } from '../../../engine/base/logger.ts'
import type { RemotingClient } from '../../remoting/remoting-client.ts'
import { settledBefore } from '../../remoting/settled-before.ts'
import type { NameServerLinkParts } from './name-server-link.ts'
import { NameServerLink } from './name-server-link.ts'
import type { RegistrationSource } from './registration-requests.ts'
import { RegistrationRequests } from './registration-requests.ts'

/** Longest time that a start waits for the name servers, in milliseconds. */
const START_WAIT_MS = 3_000
/** Longest time that a change waits for them, in milliseconds. */
const SETTLE_WAIT_MS = 3_000
/** Longest time that a close waits for them, in milliseconds. */
const CLOSE_WAIT_MS = 2_000

export interface RegistrationParts extends RegistrationSource {
  readonly client: RemotingClient
  readonly logger: Logger
}

/**
 * Keeps the broker known to every name server: at the start, in intervals, after each change of
 * topics and whenever a connection was lost. Each name server is served by itself, so that one
 * which is down or slow delays none of the others.
 */
export class Registration extends Lifecycle {
  readonly #parts: NameServerLinkParts
  readonly #links = new Map<string, NameServerLink>()
  #isChangePending = false
  /** Ends when the name servers were told of the last change, or that failed or was put off. */
  #told: Promise<void> = Promise.resolve()

  /** Resolves when every name server was asked once, or after three seconds. */
  static async start(parts: RegistrationParts): Promise<Registration> {
    const registration = new Registration(parts)
    registration.markOpen()
    parts.topics.onChange(() => registration.changed())
    await settledBefore(performance.now() + START_WAIT_MS, registration.#registerAll())
    return registration
  }

  private constructor(parts: RegistrationParts) {
    super()
    const { config, client, topics, logger } = parts
    this.#parts = { config, client, topics, logger, requests: new RegistrationRequests(parts) }
  }

  /** Registers anew when the turn ends: topics, permission or the name servers changed. */
  changed(): void {
    if (this.#isChangePending) return
    this.#isChangePending = true
    this.#told = this.#tellAtTurnEnd()
  }

  /**
   * Resolves when the name servers know of all changes so far, or after three seconds: whoever
   * made a topic finds its route then (Java answers after the registration, too).
   */
  settled(): Promise<void> {
    return settledBefore(performance.now() + SETTLE_WAIT_MS, this.#told)
  }

  async #tellAtTurnEnd(): Promise<void> {
    await setImmediate()
    this.#isChangePending = false
    if (this.status === 'open') await this.#registerAll()
  }

  protected override async drain(): Promise<void> {
    await Promise.all([...this.#links.values()].map((link) => link.close(CLOSE_WAIT_MS)))
  }

  protected override async abort(): Promise<void> {
    for (const link of this.#links.values()) link.abort()
  }

  async #registerAll(): Promise<void> {
    const addresses = new Set(this.#parts.config.namesrvAddresses)
    for (const [address, link] of this.#links) {
      if (addresses.has(address)) continue
      this.#links.delete(address)
      void link.close(CLOSE_WAIT_MS)
    }
    for (const address of addresses) {
      if (this.#links.has(address)) continue
      this.#links.set(address, new NameServerLink(address, this.#parts))
    }
    await Promise.all([...this.#links.values()].map((link) => link.register()))
  }
}
