import { basename } from 'node:path'
import type { Finding, SourceFile } from './source-file.ts'

interface BannedText {
  readonly pattern: RegExp
  readonly instead: string
  /** Only in files whose path matches. */
  readonly where?: RegExp
}

/** Written so that no pattern matches its own line. */
const BANNED_TEXTS: readonly BannedText[] = [
  {
    pattern: /\b(TO[D]O|FIX[M]E|X[X]X|HA[C]K)\b/,
    instead: 'finish it, or name the limit in the README',
  },
  {
    pattern: /(?<![\w.~-])\/(home|work|Users)\/[\w.-]+/,
    instead: 'a path of one machine: pass it in, or write DIR',
  },
  {
    pattern: /(?<![\w.~-])\/root\/[\w.-]+/,
    instead: 'a path of one machine: pass it in, or write DIR',
    // RocketMQ's own sample settings store there.
    where: /^(?!test\/)/,
  },
  {
    pattern: /['"`]\/tmp\//,
    instead: 'a folder that others share: ask os.tmpdir() for a new one',
    where: /\.(ts|mjs)$/,
  },
  {
    pattern: /\b(registry|repo1?|proxy)\.(npm[j]s|yarn[p]kg|mav[e]n|gol[a]ng)\b/,
    instead: "leave the registry to the package manager's own settings",
  },
  {
    pattern: /\b[Ii]ssues? #?\d+\b|\bwork[t]rees?\b|\bthe br[i]ef\b/,
    instead: 'say the thing itself: the project knows no plan but its own text',
  },
  { pattern: /@ts-(ignore|nocheck|expect-error)/, instead: 'mend the type' },
]

const BANNED_FILE_NAMES = /^(utils?|helpers?|misc|common|shared|placeholder|stuff)\.(ts|mjs)$/

/** Words that say the wrong thing, each with what to do instead. */
export function checkBannedWords(file: SourceFile): Finding[] {
  const findings: Finding[] = []
  if (BANNED_FILE_NAMES.test(basename(file.path))) {
    const message = 'this name says nothing: name the file by its one noun or verb'
    findings.push({ path: file.path, line: 1, message })
  }
  const banned = BANNED_TEXTS.filter(({ where }) => where === undefined || where.test(file.path))
  for (const [index, text] of file.lines.entries()) {
    for (const { pattern, instead } of banned) {
      const found = pattern.exec(text)
      if (found === null) continue
      findings.push({ path: file.path, line: index + 1, message: `"${found[0]}": ${instead}` })
    }
  }
  return findings
}
