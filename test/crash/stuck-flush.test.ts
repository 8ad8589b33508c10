/**
 * Goal: while the disk takes seconds for every flush and producers flood it, sends are refused with
 * SYSTEM_BUSY, pulls and heartbeats are answered, the process stays small, and nothing that was
 * acknowledged is lost, nothing that was refused is stored.
 * Method: the real process with a sync flush under strace, which holds up each sync of the log.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MIB } from '../../engine/base/units.ts'
import { RequestCode } from '../../net/protocol/request-code.ts'
import { ResponseCode } from '../../net/protocol/response-code.ts'
import type { RemotingCommand } from '../../net/remoting/remoting-command.ts'
import { pullFields, sendFields } from '../helpers/running-standalone.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { KilledBroker } from './kills/killed-broker.ts'

const { PULL_MESSAGE, SEND_MESSAGE_V2 } = RequestCode
const { FLUSH_DISK_TIMEOUT, SUCCESS, SYSTEM_BUSY } = ResponseCode
const BODY_BYTES = 4 * MIB - 1024
const FLOOD = 150
/** Twice the bodies that are under way fit into one connection's output. */
const PRODUCERS = 12
const WAITING_BYTES_MAX = 16 * MIB
/** What a broker may use besides what it is given, and it is given nine times as much. */
const GROWTH_BYTES_MAX = 150 * MIB
const SYNC_DELAY_US = 1_500_000
const SETTINGS = [
  'flushDiskType=SYNC_FLUSH',
  `mappedFileSizeCommitLog=${512 * MIB}`,
  'waitTimeMillsInSendQueue=200',
  `sendBytesWaitingMax=${WAITING_BYTES_MAX}`,
]

/** A pull of the first message, which waits until its queue is built. */
const FIRST = pullFields('T', { maxMsgNums: 1, sysFlag: 2 | 4, suspendTimeoutMillis: 10_000 })

const mayTrace = spawnSync('strace', ['-f', '-e', 'trace=none', 'true']).status === 0

/** Memory of a process that no file stands behind, in bytes. */
function privateBytes(pid: number): number {
  const kib = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kib) * 1024
}

test.skipIf(!mayTrace)(
  'a disk that hardly flushes, and a flood (skipped without strace)',
  async () => {
    using folder = temporaryFolder('stuck')
    const directory = join(realpathSync(folder.path), 'data')
    const path = join(directory, 'commitlog', '0'.repeat(20))
    const inject = `inject=fdatasync:delay_enter=${SYNC_DELAY_US}`
    const under = ['strace', '-f', '--seccomp-bpf', '-qq', '-o', '/dev/null']
    const words = [...under, '-e', 'trace=fdatasync', '-P', path, '-e', inject]
    const broker = await KilledBroker.start(directory, SETTINGS, { under: words })
    try {
      await broker.ask(SEND_MESSAGE_V2, sendFields('T'), Buffer.from('first'))
      const before = privateBytes(broker.pid)
      let mostBytes = 0
      const state = { isOver: false, served: 0 }
      const answers: RemotingCommand[] = []
      let next = 0
      const produce = async () => {
        for (let index = next++; index < FLOOD; index = next++) {
          const body = Buffer.alloc(BODY_BYTES, `${index} `)
          answers[index] = await broker.ask(SEND_MESSAGE_V2, sendFields('T'), body)
        }
      }
      const flood = Promise.all(Array.from({ length: PRODUCERS }, produce)).finally(() => {
        state.isOver = true
      })
      while (!state.isOver) {
        const pulled = await broker.askAside(PULL_MESSAGE, FIRST)
        expect(pulled.body.includes('first')).toBe(true)
        state.served += 1
        mostBytes = Math.max(mostBytes, privateBytes(broker.pid))
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      await flood
      const codes = answers.map(({ code }) => code)
      expect(new Set([...codes, SUCCESS, FLUSH_DISK_TIMEOUT, SYSTEM_BUSY]).size).toBe(3)
      const stored = codes.filter((code) => code !== SYSTEM_BUSY).length
      console.log(
        `${FLOOD} of 4 MiB: ${stored} stored, ${FLOOD - stored} refused; ${state.served} pulls ` +
          `meanwhile; private memory ${before} B, at most ${mostBytes} B`,
      )
      expect(stored).toBeGreaterThan(0)
      expect(stored).toBeLessThan(FLOOD)
      expect(state.served).toBeGreaterThan(0)
      expect(mostBytes - before).toBeLessThan(GROWTH_BYTES_MAX)
      expect(await broker.endOf('T', 0)).toBe(stored + 1)
      const messages = await broker.readAll('T', 0)
      const indexes = answers.flatMap(({ extFields }, index) => {
        const queueOffset = extFields.get('queueOffset')
        return queueOffset === undefined ? [] : [[index, Number(queueOffset)] as const]
      })
      for (const [index, queueOffset] of indexes) {
        expect(messages[queueOffset]?.body.subarray(0, 8)).toEqual(
          Buffer.alloc(BODY_BYTES, `${index} `).subarray(0, 8),
        )
      }
    } finally {
      await broker.kill()
    }
  },
)
