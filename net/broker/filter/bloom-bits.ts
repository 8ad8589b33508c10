/**
 * Which bits of its bloom filters RocketMQ gives to a group and topic (BloomFilter,
 * `expectConsumerNumUseFilter` 32, `maxErrorRateOfBloomFilter` 20). Agena has no such filters, but
 * `consumerFilter.json` carries the bits, and RocketMQ drops the whole file where they do not fit.
 */

const BIT_COUNT = 112
const HASH_COUNT = 3

const MASK = (1n << 64n) - 1n
const BLOCK_BYTES = 16
const LANE_BYTES = 8
const C1 = 0x87c37b91114253d5n
const C2 = 0x4cf5ad432745937fn

/** Java: BloomFilterData. */
export interface BloomBits {
  readonly bitNum: number
  readonly bitPos: number[]
}

export function bloomBits(group: string, topic: string): BloomBits {
  return { bitNum: BIT_COUNT, bitPos: bloomPositions(`${group}#${topic}`) }
}

/** Java: BloomFilter.calcBitPositions. */
export function bloomPositions(key: string): number[] {
  const hash = murmur(Buffer.from(key, 'utf8'))
  const first = Number(BigInt.asIntN(32, hash))
  const second = Number(BigInt.asIntN(32, hash >> 32n))
  return Array.from({ length: HASH_COUNT }, (_, index) => {
    const combined = (first + Math.imul(index + 1, second)) | 0
    return (combined < 0 ? ~combined : combined) % BIT_COUNT
  })
}

/** The first half of MurmurHash3 for x64, 128 bits, seed 0 (Guava: Hashing.murmur3_128). */
function murmur(bytes: Buffer): bigint {
  let h1 = 0n
  let h2 = 0n
  const wholeBytes = bytes.length - (bytes.length % BLOCK_BYTES)
  for (let at = 0; at < wholeBytes; at += BLOCK_BYTES) {
    h1 ^= mixed1(bytes.readBigUInt64LE(at))
    h1 = ((rotated(h1, 27n) + h2) * 5n + 0x52dce729n) & MASK
    h2 ^= mixed2(bytes.readBigUInt64LE(at + LANE_BYTES))
    h2 = ((rotated(h2, 31n) + h1) * 5n + 0x38495ab5n) & MASK
  }
  const rest = Buffer.alloc(BLOCK_BYTES)
  bytes.copy(rest, 0, wholeBytes)
  // A lane without a byte is 0, which mixing leaves as it is.
  h1 ^= mixed1(rest.readBigUInt64LE(0)) ^ BigInt(bytes.length)
  h2 ^= mixed2(rest.readBigUInt64LE(LANE_BYTES)) ^ BigInt(bytes.length)
  const sum = (h1 + h2) & MASK
  return (finished(sum) + finished((h2 + sum) & MASK)) & MASK
}

function mixed1(lane: bigint): bigint {
  return (rotated((lane * C1) & MASK, 31n) * C2) & MASK
}

function mixed2(lane: bigint): bigint {
  return (rotated((lane * C2) & MASK, 33n) * C1) & MASK
}

function finished(value: bigint): bigint {
  let hash = value
  hash = ((hash ^ (hash >> 33n)) * 0xff51afd7ed558ccdn) & MASK
  hash = ((hash ^ (hash >> 33n)) * 0xc4ceb9fe1a85ec53n) & MASK
  return hash ^ (hash >> 33n)
}

function rotated(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK
}
