/** What every layer logs through. Never called once per message. */
export interface Logger {
  info(message: string): void
  warn(message: string): void
  error(message: string): void
}

/** Says nothing: the default of everything that is embedded. */
export const silentLogger: Logger = Object.freeze({
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
})

/** Writes one line an event, with time and level, to standard error. */
export const stderrLogger: Logger = Object.freeze({
  info: (message: string) => writeLine('INFO', message),
  warn: (message: string) => writeLine('WARN', message),
  error: (message: string) => writeLine('ERROR', message),
})

function writeLine(level: string, message: string): void {
  process.stderr.write(`${new Date().toISOString()} ${level} ${message}\n`)
}
