/** Goal: the defaults that the documentation names are the ones that hold. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CLIENT_DEFAULTS } from '../../../net/client/client-options.ts'
import { CONSUMER_DEFAULTS } from '../../../net/client/consumer-options.ts'
import { LITE_PULL_CONSUMER_DEFAULTS } from '../../../net/client/lite-pull-consumer-options.ts'
import { PRODUCER_DEFAULTS } from '../../../net/client/producer-options.ts'
import { PUSH_CONSUMER_DEFAULTS } from '../../../net/client/push-consumer-options.ts'
import { packageRoot } from '../../../scripts/java/package-root.ts'

/** A documented default and the field that follows its comment. */
const FIELD = /@default (\S+)(?:(?!@default)[\s\S])*?\*\/\s*(?:readonly )?(\w+)\??:/g

test.each([
  ['client-options', CLIENT_DEFAULTS],
  ['consumer-options', CONSUMER_DEFAULTS],
  ['producer-options', PRODUCER_DEFAULTS],
  ['push-consumer-options', PUSH_CONSUMER_DEFAULTS],
  ['lite-pull-consumer-options', LITE_PULL_CONSUMER_DEFAULTS],
])('%s', (file, defaults: object) => {
  const source = readFileSync(join(packageRoot, `net/client/${file}.ts`), 'utf8')
  const compared = [...source.matchAll(FIELD)].filter(([, , name]) => name! in defaults)
  expect(compared.length).toBeGreaterThan(2)
  for (const [, documented, name] of compared) {
    const value: unknown = Reflect.get(defaults, name!)
    // Objects are described, not written out.
    if (typeof value === 'object') continue
    expect(`${name} ${documented}`).toBe(`${name} ${value as string | number | boolean}`)
  }
})
