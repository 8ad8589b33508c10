import type { KilledBroker } from './killed-broker.ts'

/** Something that goes on until the broker is gone, and is looked at after the next start. */
export interface KillLoad {
  /** Resolves, or rejects with the failure of a call, when the broker is gone. */
  run(broker: KilledBroker): Promise<void>
  /**
   * What is wrong with what the broker serves.
   * @param logStart the log begins there: what came before has been deleted; physical offset
   */
  problems(broker: KilledBroker, logStart: number): Promise<string[]>
  /** How often what it is there for came to pass. */
  counts(): Readonly<Record<string, number>>
}

/** Whether a call failed because the broker was killed. */
export function isConnectionLost(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return code === 'REMOTING_CONNECTION_CLOSED' || code === 'REMOTING_CONNECT_FAILED'
}

const OFFSET_DIGITS = 16
const HEXADECIMAL = 16

/** Where in the log a message of such an id stands. */
export function physicalOffsetOf(messageId: string): number {
  return Number.parseInt(messageId.slice(-OFFSET_DIGITS), HEXADECIMAL)
}
