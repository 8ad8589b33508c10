import { ClientError } from './client-error.ts'

/** Options with every field present. */
export type Filled<T> = { readonly [K in keyof T]-?: Exclude<T[K], undefined> }

/**
 * `options` over `defaults`, frozen; `undefined` keeps the default.
 * @throws {ClientError} `CLIENT_OPTION_INVALID` when `options` is not an object.
 */
export function mergeOptions<T extends object>(defaults: object, options: T): Filled<T> {
  if (typeof options !== 'object' || options === null) throw invalidOption('options', options)
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.freeze({ ...defaults, ...Object.fromEntries(given) }) as Filled<T>
}

/** @throws {ClientError} `CLIENT_OPTION_INVALID` where a field is not a positive integer. */
export function requirePositive<T extends object>(config: T, names: readonly (keyof T)[]): void {
  for (const name of names) requireInteger(config, name, 1)
}

/** @throws {ClientError} `CLIENT_OPTION_INVALID` unless the field is an integer in `min..max`. */
export function requireInteger<T extends object>(
  config: T,
  name: keyof T,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): void {
  const value: unknown = config[name]
  const fits = typeof value === 'number' && Number.isSafeInteger(value)
  if (!fits || value < min || value > max) throw invalidOption(String(name), value)
}

export function invalidOption(name: string, value: unknown): ClientError {
  return new ClientError('CLIENT_OPTION_INVALID', `option ${name} cannot be ${String(value)}`)
}
