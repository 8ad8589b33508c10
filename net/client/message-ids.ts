import { randomInt } from 'node:crypto'
import process from 'node:process'
import { I32_BYTES } from '../../engine/base/units.ts'
import { hostOf } from '../../engine/format/host.ts'
import { UniqueMessageIds } from '../../engine/format/message-id.ts'

/** One more than the largest instance number. */
const INSTANCE_LIMIT = 0x8000_0000

/** Makes the unique ids of one client's messages. */
export function messageIdsOf(clientIp: string): UniqueMessageIds {
  return new UniqueMessageIds({
    address: hostOf(clientIp, 0).subarray(0, -I32_BYTES),
    pid: process.pid,
    instance: randomInt(INSTANCE_LIMIT),
    now: Date.now,
  })
}
