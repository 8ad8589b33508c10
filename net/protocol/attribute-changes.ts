/** Changes of a topic's or group's attributes: `+name=value,-name` (Java: AttributeParser). */
import { fieldInvalid } from './errors.ts'

/** What happens to one attribute; a value of undefined deletes it. */
export interface AttributeChange {
  readonly name: string
  readonly value: string | undefined
}

/** @throws {ProtocolError} `PROTOCOL_FIELD_INVALID` */
export function parseAttributeChanges(changes: string | undefined): AttributeChange[] {
  if (changes === undefined || changes === '') return []
  const parsed = changes.split(',').map(parseChange)
  const names = new Set(parsed.map((change) => change.name))
  if (names.size < parsed.length) throw fieldInvalid('attributes', 'names an attribute twice')
  return parsed
}

export function formatAttributeChanges(changes: readonly AttributeChange[]): string {
  return changes
    .map(({ name, value }) => (value === undefined ? `-${name}` : `+${name}=${value}`))
    .join(',')
}

function parseChange(change: string): AttributeChange {
  const equals = change.indexOf('=')
  const sign = change[0]
  if (sign === '+' && equals > 1) {
    return { name: change.slice(1, equals), value: change.slice(equals + 1) }
  }
  if (sign === '-' && equals === -1 && change.length > 1) {
    return { name: change.slice(1), value: undefined }
  }
  throw fieldInvalid('attributes', `is neither +name=value nor -name: ${change}`)
}
