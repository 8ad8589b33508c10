import { readFile, rm } from 'node:fs/promises'
import { beforeAll, expect, test } from 'vitest'
import {
  type AdminCommand,
  type AdminTranscript,
  adminCommands,
  runAdminScenario,
} from './admin-scenario.ts'
import { comparable } from './admin-tables.ts'
import type { Side } from './cluster.ts'
import { describeSide, sides } from './lane.ts'
import { numbered, Suite } from './suite.ts'

/** Nulls that the tool prints of its own: a statistic before its first round, no exception, a queue
 *  without extensions, a group without a filter, a success without a remark. */
const NULLS_OF_JAVA =
  /^putMessageDistributeTime +: null$|(?<=exceptionDesc=|remark=|=')null|^null$/gm

/** Where mqadmin leaves the body, a folder that it does not let choose. */
const BODY_PATH = /^Message Body Path: +(?<path>\S+)$/m

const transcripts = new Map<Side, AdminTranscript>()

for (const side of sides) {
  describeSide(side, 'mqadmin', () => {
    const suite = new Suite(side)
    beforeAll(async () => {
      transcripts.set(side, await runAdminScenario(suite))
    })

    test.each(adminCommands)('%s ends without a stack trace or an empty cell', (command) => {
      const { stdout, stderr } = outputOf(side, command)
      expect(stderr).toBe('')
      expect(stdout).not.toContain('Exception')
      expect(stdout).not.toContain('[error]')
      expect(stdout.replace(NULLS_OF_JAVA, '')).not.toMatch(/\bnull\b/)
    })

    test('a message is given to the consumer that is named', () => {
      expect(outputOf(side, 'consumeDirectly').stdout).toContain('consumeResult=CR_SUCCESS')
    })

    test('queryMsgById hands out the whole body', async () => {
      const { stdout } = outputOf(side, 'queryMsgById')
      const path = BODY_PATH.exec(stdout)?.groups?.['path'] ?? ''
      const body = await readFile(path, 'utf8')
      await rm(path)
      expect(body).toBe(numbered('early', 1)[0]?.body)
    })
  })
}

describeSide('agena', 'mqadmin prints what it prints of Apache RocketMQ:', () => {
  test.each(adminCommands)('%s', (command) => {
    expect(comparableOf('agena', command)).toEqual(comparableOf('java', command))
  })
})

function outputOf(side: Side, command: AdminCommand): { stdout: string; stderr: string } {
  const output = transcripts.get(side)?.outputs[command]
  if (output === undefined) throw new Error(`${command} did not run (${side})`)
  return output
}

function comparableOf(side: Side, command: AdminCommand): unknown {
  const replacements = transcripts.get(side)?.replacements ?? []
  return comparable(command, outputOf(side, command).stdout, replacements)
}
