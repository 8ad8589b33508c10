/** Attributes of topics and groups, and requests to change them (AttributeUtil). */
import type { AttributeChange } from '../protocol/attribute-changes.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import { BrokerError } from './broker-error.ts'

/** One attribute that topics or groups may have. */
export interface AttributeRule {
  /** It may be given another value, or taken away, after its topic or group was made. */
  readonly isChangeable: boolean
  /** What a value may be: the end of the sentence `it must be …`. */
  readonly expected: string
  accepts(value: string): boolean
}

export type AttributeRules = ReadonlyMap<string, AttributeRule>

/**
 * What attributes are after changes.
 * @param current undefined for a topic or group that is just being made.
 * @throws {BrokerError} SYSTEM_ERROR, as Java answers, with the attribute that cannot be so.
 */
export function changedAttributes(
  rules: AttributeRules,
  current: ReadonlyMap<string, string> | undefined,
  changes: readonly AttributeChange[],
): Map<string, string> {
  const changed = new Map(current)
  for (const { name, value } of changes) {
    const rule = rules.get(name)
    if (rule === undefined) throw refusal(`unsupported key: ${name}`)
    if (current !== undefined && !rule.isChangeable) {
      throw refusal(`attempt to update an unchangeable attribute. key: ${name}`)
    }
    if (value === undefined) {
      if (!changed.delete(name)) throw refusal(`attempt to delete a nonexistent key: ${name}`)
      continue
    }
    if (!rule.accepts(value)) throw refusal(`${name} is ${value}, but must be ${rule.expected}`)
    changed.set(name, value)
  }
  return changed
}

/**
 * Changes that come as a map of `+name` to value and of `-name` to anything.
 * @throws {BrokerError} SYSTEM_ERROR
 */
export function attributeChangesOf(changes: ReadonlyMap<string, string>): AttributeChange[] {
  return [...changes].map(([key, value]) => {
    if (key.startsWith('+')) return { name: key.slice(1), value }
    if (key.startsWith('-')) return { name: key.slice(1), value: undefined }
    throw refusal(`attribute ${key} must begin with + to be set or with - to be deleted`)
  })
}

/** One of some words (EnumAttribute). */
export function wordAttribute(words: readonly string[], isChangeable = true): AttributeRule {
  return {
    isChangeable,
    expected: `one of ${words.join(', ')}`,
    accepts: (value) => words.includes(value),
  }
}

/** A whole number, both bounds included (LongRangeAttribute). */
export function numberAttribute(least: bigint, most: bigint): AttributeRule {
  return {
    isChangeable: true,
    expected: `a whole number from ${least} to ${most}`,
    accepts: (value) => {
      return /^[+-]?\d+$/.test(value) && BigInt(value) >= least && BigInt(value) <= most
    },
  }
}

/** `true` or `false`, in any case (BooleanAttribute). */
export const flagAttribute: AttributeRule = {
  isChangeable: true,
  expected: 'true or false',
  accepts: (value) => /^(true|false)$/i.test(value),
}

/** Any text (StringAttribute). */
export const textAttribute: AttributeRule = {
  isChangeable: true,
  expected: 'some text',
  accepts: () => true,
}

function refusal(remark: string): BrokerError {
  return new BrokerError(ResponseCode.SYSTEM_ERROR, remark)
}
