/**
 * Goal: no loss of power leaves half of a table of the broker (config/*.json), nor its name alone.
 * Method: the system calls of the real process, as strace saw them: the bytes are on the disk
 * before they take the table's name, the name is before anything else is written, and the table
 * itself is never opened to be written.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RequestCode } from '../../net/protocol/request-code.ts'
import { ResponseCode } from '../../net/protocol/response-code.ts'
import { sendFields } from '../helpers/running-standalone.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { KilledBroker } from './kills/killed-broker.ts'

const CALLS = 'trace=openat,fsync,fdatasync,rename,renameat,renameat2'
const TOPICS = 5
const GROUP = 'readers'

const mayTrace = spawnSync('strace', ['-f', '-e', 'trace=none', 'true']).status === 0

/** One call: the lines of the trace where it began and where it was over. */
interface TracedCall {
  readonly text: string
  readonly began: number
  readonly ended: number
}

function tracedCalls(path: string): TracedCall[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  return lines.flatMap((line, began) => {
    const parts = /^(?<thread>\d+) +(?<text>[a-z]\w+\(.*)$/.exec(line)?.groups
    if (parts?.['text'] === undefined) return []
    if (!line.includes('<unfinished')) return [{ text: parts['text'], began, ended: began }]
    const isEnd = (other: string, index: number): boolean =>
      index > began && other.startsWith(`${parts['thread']} `) && other.includes(' resumed>')
    return [{ text: parts['text'], began, ended: lines.findIndex(isEnd) }]
  })
}

test.skipIf(!mayTrace)(
  'a table is on the disk before it has its name (skipped without strace)',
  async () => {
    using folder = temporaryFolder('tables')
    const root = realpathSync(folder.path)
    const directory = join(root, 'data')
    const trace = join(root, 'trace')
    const under = ['strace', '-f', '-y', '-qq', '-o', trace, '-e', CALLS]
    const settings = ['flushConsumerOffsetInterval=50']
    const broker = await KilledBroker.start(directory, settings, { under })
    try {
      for (let number = 0; number < TOPICS; number += 1) {
        const topic = `Topic-${number}`
        const sent = await broker.ask(RequestCode.SEND_MESSAGE_V2, sendFields(topic))
        expect(sent.code).toBe(ResponseCode.SUCCESS)
        const commit = { consumerGroup: GROUP, topic, queueId: 0, commitOffset: 1 }
        await broker.ask(RequestCode.UPDATE_CONSUMER_OFFSET, commit)
      }
      expect((await broker.stop()).exitCode).toBe(0)
    } finally {
      broker.end()
    }
    const calls = tracedCalls(trace)
    const config = join(directory, 'config')
    const isSynced = (text: string, path: string): boolean =>
      /^f(data)?sync\(/.test(text) && text.includes(`<${path}>`)
    for (const [name, least] of [
      ['topics.json', TOPICS],
      ['consumerOffset.json', 1],
    ] as const) {
      const table = join(config, name)
      const renames = calls.filter(
        ({ text }) => text.startsWith('rename') && text.includes(`"${table}"`),
      )
      expect(renames.length).toBeGreaterThanOrEqual(least)
      let before = -1
      for (const { text, began, ended } of renames) {
        expect(text).toContain(`"${table}.tmp"`)
        const synced = calls.find(
          (call) =>
            isSynced(call.text, `${table}.tmp`) && call.began > before && call.ended < began,
        )
        expect(synced, `before line ${began}: ${text}`).toBeDefined()
        const isNext = ({ began: other }: TracedCall): boolean => other > ended
        const folderSync = calls.find((call) => isNext(call) && isSynced(call.text, config))
        const nextOpen = calls.find((call) => isNext(call) && call.text.includes(`"${table}.tmp"`))
        expect(folderSync, `behind line ${ended}: ${text}`).toBeDefined()
        if (nextOpen !== undefined) expect(folderSync?.ended).toBeLessThan(nextOpen.began)
        before = ended
      }
      const written = calls.filter(
        ({ text }) => text.includes(`"${table}"`) && /O_WRONLY|O_RDWR|O_TRUNC/.test(text),
      )
      expect(written.map(({ text }) => text)).toEqual([])
    }
  },
)
