/** Numbers and sizes as Java writes them into the runtime table. */
import { KIB } from '../../../engine/base/units.ts'

const SIZE_PREFIXES = 'KMGTPE'

/** As Java's `Double.toString` for what is neither huge nor tiny: whole numbers end in `.0`. */
export function doubleText(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value)
}

/** `230.4 GiB` (MixAll.humanReadableByteCount). */
export function byteCountText(bytes: number): string {
  if (bytes < KIB) return `${bytes} B`
  const exponent = Math.floor(Math.log(bytes) / Math.log(KIB))
  const prefix = SIZE_PREFIXES.charAt(exponent - 1)
  return `${(bytes / KIB ** exponent).toFixed(1)} ${prefix}iB`
}

/** `[ 0 days, 1 hours, 2 minutes, 3 seconds ]` (StoreStatsService.getFormatRuntime). */
export function durationText(durationMs: number): string {
  const seconds = Math.floor(durationMs / 1000)
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  const days = Math.floor(hours / 24)
  return `[ ${days} days, ${hours % 24} hours, ${minutes % 60} minutes, ${seconds % 60} seconds ]`
}
