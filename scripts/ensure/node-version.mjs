import { EnsureError } from './ensure-error.mjs'

/** The oldest Node that everything here runs on; package.json's `engines` says the same. */
const OLDEST = { major: 20, minor: 19 }

/** Throws when `version` (as in `process.versions.node`) is older than Agena needs. */
export function checkNodeVersion(version) {
  const [major, minor] = version.split('.').map(Number)
  if (major > OLDEST.major) return
  if (major === OLDEST.major && minor >= OLDEST.minor) return
  throw new EnsureError(`needs Node ${OLDEST.major}.${OLDEST.minor} or newer, this is ${version}`)
}
