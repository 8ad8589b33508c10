/** Attributes of topics and groups, and requests to change them (AttributeUtil). */
import { type AttributeChange, parseAttributeChanges } from '../protocol/attribute-changes.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import { BrokerError } from './broker-error.ts'

type Attributes = Map<string, string>

/** What attributes are after a change written as `+name=value,-name`. */
export function changedAttributes(current: ReadonlyMap<string, string>, text: string): Attributes {
  return apply(current, parseAttributeChanges(text))
}

/** The same for changes that come as a map of `+name` to value and `-name` to anything. */
export function changedAttributesOf(
  current: ReadonlyMap<string, string>,
  changes: ReadonlyMap<string, string>,
): Attributes {
  const parsed = [...changes].map(([key, value]) => {
    if (key.startsWith('+')) return { name: key.slice(1), value }
    if (key.startsWith('-')) return { name: key.slice(1), value: undefined }
    const remark = `attribute ${key} must begin with + to be set or with - to be deleted`
    throw new BrokerError(ResponseCode.SYSTEM_ERROR, remark)
  })
  return apply(current, parsed)
}

function apply(
  current: ReadonlyMap<string, string>,
  changes: readonly AttributeChange[],
): Attributes {
  const changed = new Map(current)
  for (const { name, value } of changes) {
    if (value === undefined) changed.delete(name)
    else changed.set(name, value)
  }
  return changed
}
