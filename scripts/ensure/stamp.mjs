import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

// A stamp remembers, in dist/.stamps, for which inputs a step has succeeded. It lives beside the
// outputs: whoever removes dist removes what was believed about it.

/** What the step `name` wrote with {@link writeStamp}, or undefined when it never succeeded. */
export function readStamp(root, name) {
  return readIfThere(stampPath(root, name))
}

export function writeStamp(root, name, text) {
  const path = stampPath(root, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

/** One word that changes when the file is written, or when it appears or vanishes. */
export function fileMark(path) {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats === undefined ? 'absent' : `${stats.mtimeMs}:${stats.size}`
}

/** The text of a file, or undefined when there is none. */
export function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

function stampPath(root, name) {
  return join(root, 'dist', '.stamps', name)
}
