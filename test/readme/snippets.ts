/** What the README shows as code, taken from it as it stands there. */

/** A fenced block. */
export interface Snippet {
  /** The README's line on which the code begins. */
  readonly line: number
  readonly code: string
  /** What running it prints, line by line: the parts of its `→` comments, split at ` | `. */
  readonly shown: readonly string[]
}

const FENCE = /^```(?<language>\w*)$/
const SHOWN = /(?:\/\/|#) → (?<text>.*)$/

/** All blocks of a language, in the order of the text. */
export function snippetsIn(markdown: string, language: string): readonly Snippet[] {
  const snippets: Snippet[] = []
  const lines = markdown.split('\n')
  for (let at = 0; at < lines.length; at += 1) {
    const opened = FENCE.exec(lines[at]!)?.groups?.['language']
    if (opened === undefined) continue
    const end = lines.indexOf('```', at + 1)
    const code = lines.slice(at + 1, end)
    if (opened === language) {
      snippets.push({ line: at + 2, code: `${code.join('\n')}\n`, shown: code.flatMap(shownBy) })
    }
    at = end
  }
  return snippets
}

function shownBy(line: string): readonly string[] {
  return SHOWN.exec(line)?.groups?.['text']?.split(' | ') ?? []
}
