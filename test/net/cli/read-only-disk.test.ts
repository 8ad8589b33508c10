/**
 * Goal: a disk that cannot be written at all is named as what it is.
 * Method: a file system in memory, mounted read-only where only the server's process sees it.
 */
import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { AgenaProcess } from '../../helpers/agena-process.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const NAMESPACE = ['unshare', '--mount', '--map-root-user', 'sh', '-c']
const SERVER = ['standalone', '--namesrv-port', '0', '--broker-port', '0']

const [unshare = '', ...flags] = NAMESPACE
const tryMount = [...flags, 'mount -t tmpfs none "$0"', '/mnt']
const mayMount = spawnSync(unshare, tryMount, { stdio: 'ignore' }).status === 0

describe.skipIf(!mayMount)('a read-only disk (skipped where nothing may be mounted)', () => {
  test('ends a start with one clear line', async () => {
    using folder = temporaryFolder('disk')
    const script = 'mount -t tmpfs -o size=24m,ro none "$0" && exec "$@"'
    const under = [...NAMESPACE, script, folder.path]
    const words = [...SERVER, '--data', `${folder.path}/data`]
    const { exitCode, stdout, stderr } = await new AgenaProcess(words, { under }).ended
    expect(exitCode).toBe(1)
    expect(stdout).toBe('')
    expect(stderr.split('\n')).toHaveLength(2)
    expect(stderr).toMatch(/STORE_DIRECTORY_UNUSABLE/)
    expect(stderr).toMatch(/EROFS/)
  })
})
