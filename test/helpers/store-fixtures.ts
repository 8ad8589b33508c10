import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type {
  ExpectedMessage,
  ExpectedStore,
  StoreFixtureName,
} from '../../scripts/java/expected-store.ts'
import { packageRoot } from '../../scripts/java/package-root.ts'

export type {
  ExpectedMessage,
  ExpectedQueue,
  ExpectedStore,
  ExpectedUnit,
  StoreFixtureName,
} from '../../scripts/java/expected-store.ts'
export { storeFixtureNames } from '../../scripts/java/expected-store.ts'

export interface UnpackedStore extends AsyncDisposable {
  /** A writable copy of its own. */
  readonly directory: string
  readonly expected: ExpectedStore
}

const FIXTURES = join(packageRoot, 'test/fixtures/store-5.5.0')
const PACKED = '.gz'

export async function readExpectedStore(name: StoreFixtureName): Promise<ExpectedStore> {
  return JSON.parse(await readFile(join(FIXTURES, name, 'expected.json'), 'utf8'))
}

/** Unpacks a case into a new folder, which goes away with `await using`. */
export async function unpackStoreFixture(name: StoreFixtureName): Promise<UnpackedStore> {
  const directory = await mkdtemp(join(tmpdir(), `agena-${name}-`))
  const packed = join(FIXTURES, name, 'store')
  for (const entry of await readdir(packed, { recursive: true })) {
    if (!entry.endsWith(PACKED)) continue
    const target = join(directory, entry.slice(0, -PACKED.length))
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, gunzipSync(await readFile(join(packed, entry))))
  }
  const expected = await readExpectedStore(name)
  return {
    directory,
    expected,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  }
}

/** The bytes of one record, as Java wrote them. */
export async function readFixtureRecord(
  store: UnpackedStore,
  message: Pick<ExpectedMessage, 'physicalOffset' | 'sizeBytes'>,
): Promise<Buffer> {
  const segmentBytes = store.expected.settings.mappedFileSizeCommitLog
  const position = message.physicalOffset % segmentBytes
  const name = String(message.physicalOffset - position).padStart(20, '0')
  const segment = await readFile(join(store.directory, 'commitlog', name))
  return segment.subarray(position, position + message.sizeBytes)
}
