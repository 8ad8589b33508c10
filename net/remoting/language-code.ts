/** Languages by their byte in the binary header (Java: LanguageCode). */
const LANGUAGES: readonly string[] = [
  'JAVA',
  'CPP',
  'DOTNET',
  'PYTHON',
  'DELPHI',
  'ERLANG',
  'RUBY',
  'OTHER',
  'HTTP',
  'GO',
  'PHP',
  'OMS',
  'RUST',
  'NODE_JS',
]

const OTHER = 'OTHER'
const OTHER_CODE = LANGUAGES.indexOf(OTHER)

/** The byte of a language; one that Java does not know is `OTHER`. */
export function languageCode(language: string): number {
  const code = LANGUAGES.indexOf(language)
  return code === -1 ? OTHER_CODE : code
}

/** The language of a byte; a byte that Java does not know is `OTHER`. */
export function languageOf(code: number): string {
  return LANGUAGES[code] ?? OTHER
}
