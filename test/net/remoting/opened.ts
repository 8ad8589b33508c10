import { afterEach } from 'vitest'

interface Closable {
  close(): Promise<void>
}

const opened: Closable[] = []

/** Closes `thing` after the test, in reverse order of opening. */
export function closeAfterTest<T extends Closable>(thing: T): T {
  opened.push(thing)
  return thing
}

afterEach(async () => {
  for (const thing of opened.splice(0).reverse()) await thing.close()
})
