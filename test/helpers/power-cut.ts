/**
 * A disk whose power can be cut in the middle of anything: after a number of calls every call
 * fails, so that the store can do no more. It can also be told to lie, to prove that a checker
 * hears it.
 */
import type { FileSystem } from '../../engine/file/file-system.ts'

/** What every call throws once the power is gone. */
export class PowerIsGone extends Error {
  override readonly name = 'PowerIsGone'
}

export type Call = keyof FileSystem

/** What is done instead of a call; undefined does as it is told. */
export type Instead = (
  call: Call,
  values: readonly unknown[],
  place: { readonly disk: FileSystem; readonly pathOf: (fd: number) => string },
) => (() => unknown) | undefined

/** Calls that change what is on the disk: the power goes just before one of them. */
const CHANGES: ReadonlySet<Call> = new Set([
  'open',
  'write',
  'allocate',
  'zero',
  'setLength',
  'sync',
  'syncAll',
  'rename',
  'unlink',
  'removeDirectory',
  'makeDirectory',
  'syncDirectory',
] satisfies Call[])

export interface PowerCutOptions {
  readonly instead?: Instead | undefined
  /** Told of each rename before it is done. */
  readonly onRename?: ((from: string, to: string) => void) | undefined
}

export class PowerCut {
  /** The disk as the store sees it. */
  readonly files: FileSystem
  #callsLeft = Number.POSITIVE_INFINITY
  #isGone = false

  constructor(disk: FileSystem, options: PowerCutOptions = {}) {
    const paths = new Map<unknown, string>()
    const place = { disk, pathOf: (fd: number) => paths.get(fd) ?? '' }
    this.files = new Proxy(disk, {
      get: (target, name) => {
        const call = name as Call
        const method = target[call] as (...values: unknown[]) => unknown
        return (...values: unknown[]) => {
          this.#count(call)
          if (call === 'rename') options.onRename?.(String(values[0]), String(values[1]))
          const instead = options.instead?.(call, values, place)
          const result = instead === undefined ? method.apply(target, values) : instead()
          if (call === 'open') paths.set(result, String(values[0]))
          return result
        }
      },
    })
  }

  get isGone(): boolean {
    return this.#isGone
  }

  /** The power goes before the change after so many more. */
  cutAfter(calls: number): void {
    this.#callsLeft = calls
  }

  cut(): void {
    this.#isGone = true
  }

  restore(): void {
    this.#isGone = false
    this.#callsLeft = Number.POSITIVE_INFINITY
  }

  #count(call: Call): void {
    if (CHANGES.has(call)) {
      this.#callsLeft -= 1
      if (this.#callsLeft < 0) this.#isGone = true
    }
    if (this.#isGone) throw new PowerIsGone(call)
  }
}
