/**
 * The system calls that Node does not offer, through koffi. Nothing else of the package loads it.
 * `errno` must be read on the line after the call: any other call may reset it.
 */
import { writeSync } from 'node:fs'
import { getSystemErrorName } from 'node:util'
import koffi from 'koffi'
import { assert } from '../base/assert.ts'
import { StoreError } from '../base/errors.ts'
import { MIB, PAGE_BYTES } from '../base/units.ts'

const libc = koffi.load(null)
// struct flock of 64-bit Linux: l_type, l_whence, l_start, l_len, l_pid.
const flockStruct = koffi.struct('agena_flock', {
  type: 'int16',
  whence: 'int16',
  start: 'int64',
  length: 'int64',
  pid: 'int32',
})
/** Address, length, protection, flags, descriptor, offset. */
const MMAP_ARGUMENTS = ['uintptr_t', 'size_t', 'int', 'int', 'int', 'int64_t']
const nativeMmap = libc.func('mmap', 'intptr_t', MMAP_ARGUMENTS)
const nativeFallocate = libc.func('int fallocate(int fd, int mode, int64_t offset, int64_t length)')
const nativeMincore = libc.func('int mincore(uintptr_t address, size_t length, uintptr_t pages)')
const nativeMadvise = libc.func('int madvise(uintptr_t address, size_t length, int advice)')
const nativeFadvise = libc.func(
  'int posix_fadvise(int fd, int64_t offset, int64_t length, int advice)',
)
const nativePreadv2 = libc.func(
  'intptr_t preadv2(int fd, uintptr_t vectors, int count, int64_t offset, int flags)',
)
const nativeSendmsg = libc.func('intptr_t sendmsg(int fd, uintptr_t message, int flags)')
const nativeSyncfs = libc.func('int syncfs(int fd)')
const nativeFcntl = libc.func('fcntl', 'int', ['int', 'int', koffi.pointer(flockStruct)])

const PROT_READ_WRITE = 0x1 | 0x2
const MAP_SHARED = 0x01
const MAP_PRIVATE = 0x02
const MAP_FIXED = 0x10
const MAP_ANONYMOUS = 0x20
const MAP_NORESERVE = 0x4000
const MADV_RANDOM = 1
const FALLOC_FL_KEEP_SIZE = 0x01
const FALLOC_FL_PUNCH_HOLE = 0x02
const FALLOC_FL_ZERO_RANGE = 0x10
/** How much is written at once where the file system cannot zero a range by itself. */
const ZEROS_BYTES = MIB
const POSIX_FADV_RANDOM = 1
const RWF_NOWAIT = 0x8
const F_OFD_SETLK = 37
const F_WRLCK = 1
/** MSG_DONTWAIT and MSG_NOSIGNAL: a peer that is gone is an error, not a SIGPIPE. */
const SEND_FLAGS = 0x40 | 0x4000
const SEEK_SET = 0
/** Pages that mincore is asked about at once: 4 MiB. */
const ASKED_PAGES_MAX = 1024
/** Bit 0 of a byte that mincore wrote: the page is in memory. */
const PAGE_RESIDENT = 0x01

/** Address of the first byte of `view`, as a number (user addresses are below 2^47). */
export function addressOf(view: Uint8Array): number {
  const address = Number(koffi.address(view))
  assert(Number.isSafeInteger(address) && address > 0, 'address of a view')
  return address
}

/**
 * Lays the first `lengthBytes` of a file over memory at a page-aligned address, shared and
 * writable. A fault brings in its own page and reads nothing ahead: whoever touches the mapping has
 * other work to do than to order 8 MiB from the disk.
 */
export function mapFileAt(address: number, lengthBytes: number, fd: number): void {
  const flags = MAP_SHARED | MAP_FIXED
  const mapped = Number(nativeMmap(address, lengthBytes, PROT_READ_WRITE, flags, fd, 0))
  if (mapped !== address) throw systemError('mmap', koffi.errno())
  // Advice: a kernel that was built without it maps all the same.
  nativeMadvise(address, lengthBytes, MADV_RANDOM)
}

/**
 * Lays fresh zero pages over a mapping: whoever still looks there reads zeros and nobody crashes.
 */
export function mapNothingAt(address: number, lengthBytes: number): void {
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE
  const mapped = Number(nativeMmap(address, lengthBytes, PROT_READ_WRITE, flags, -1, 0))
  if (mapped !== address) throw systemError('mmap', koffi.errno())
}

/** Reserves disk blocks, so that a full disk is an error here and not a SIGBUS at a store. */
export function reserveBlocks(
  fd: number,
  start: number,
  lengthBytes: number,
  { keepSize }: { readonly keepSize: boolean },
): void {
  if (nativeFallocate(fd, keepSize ? FALLOC_FL_KEEP_SIZE : 0, start, lengthBytes) !== 0) {
    throw systemError('fallocate', koffi.errno())
  }
}

/**
 * Makes a range of a file read as zeros: by its extents, or by writing where that is not supported.
 */
export function zeroRange(fd: number, start: number, lengthBytes: number): void {
  if (lengthBytes === 0 || tryFallocate(fd, FALLOC_FL_ZERO_RANGE, start, lengthBytes)) return
  const zeros = Buffer.alloc(Math.min(lengthBytes, ZEROS_BYTES))
  for (let done = 0; done < lengthBytes; ) {
    done += writeSync(fd, zeros, 0, Math.min(zeros.length, lengthBytes - done), start + done)
  }
}

/** Writes out everything that is dirty on the file system of an open file, and waits for it. */
export function syncFileSystem(fd: number): void {
  if (nativeSyncfs(fd) !== 0) throw systemError('syncfs', koffi.errno())
}

/** Makes a range of a file read as zeros and gives its blocks back where that is supported. */
export function discardRange(fd: number, start: number, lengthBytes: number): void {
  if (lengthBytes === 0 || tryFallocate(fd, FALLOC_FL_PUNCH_HOLE, start, lengthBytes)) return
  zeroRange(fd, start, lengthBytes)
}

/** False when the file system does not know the operation; the file keeps its length. */
function tryFallocate(fd: number, operation: number, start: number, lengthBytes: number): boolean {
  if (nativeFallocate(fd, operation | FALLOC_FL_KEEP_SIZE, start, lengthBytes) === 0) return true
  const errno = koffi.errno()
  if (errno !== koffi.os.errno['EOPNOTSUPP']) throw systemError('fallocate', errno)
  return false
}

/** Has reads of an open file bring in what they ask for and nothing behind it. */
export function readNothingAhead(fd: number): void {
  // Advice: reads work as well without.
  nativeFadvise(fd, 0, 0, POSIX_FADV_RANDOM)
}

/** What mincore writes, a byte for each page: in one place, since it is asked all the time. */
const askedPages = new Uint8Array(ASKED_PAGES_MAX)
const askedPagesAddress = addressOf(askedPages)

/** True when every page of a mapped range is in memory. It starts and ends with a page. */
export function isRangeResident(address: number, lengthBytes: number): boolean {
  const pageCount = lengthBytes / PAGE_BYTES
  for (let first = 0; first < pageCount; first += ASKED_PAGES_MAX) {
    const count = Math.min(ASKED_PAGES_MAX, pageCount - first)
    if (nativeMincore(address + first * PAGE_BYTES, count * PAGE_BYTES, askedPagesAddress) !== 0) {
      throw systemError('mincore', koffi.errno())
    }
    for (let index = 0; index < count; index += 1) {
      if (((askedPages[index] ?? 0) & PAGE_RESIDENT) === 0) return false
    }
  }
  return true
}

/**
 * Takes an exclusive record lock on byte 0 of an open file: what Java's
 * `FileChannel.tryLock(0, 1, false)` takes and respects. The lock belongs to the open file, so it
 * ends with `fd` and not with another descriptor of the same file.
 *
 * @returns false when another process holds it.
 */
export function tryLockFirstByte(fd: number): boolean {
  const range = { type: F_WRLCK, whence: SEEK_SET, start: 0, length: 1, pid: 0 }
  if (nativeFcntl(fd, F_OFD_SETLK, range) === 0) return true
  const errno = koffi.errno()
  if (errno === koffi.os.errno['EAGAIN'] || errno === koffi.os.errno['EACCES']) return false
  throw systemError('fcntl', errno)
}

/** struct iovec { void *base; size_t length; }, for one range. */
const vector = new BigUint64Array(2)
const vectorAddress = addressOf(new Uint8Array(vector.buffer))
/** The address of the buffer that was read into last: readers use the same one again and again. */
let lastTarget: Buffer | undefined
let lastTargetAddress = 0
let isNoWaitSupported = true

/**
 * Reads what is in the page cache, without waiting for the disk.
 * @returns the count that was read, -1 when the range is not in memory, undefined when this file
 * system cannot tell.
 */
export function readCachedBytes(
  fd: number,
  target: Buffer,
  start: number,
  lengthBytes: number,
  position: number,
): number | undefined {
  if (!isNoWaitSupported) return undefined
  assert(start >= 0 && lengthBytes >= 0 && start + lengthBytes <= target.length, 'range to read')
  if (lastTarget !== target) {
    lastTargetAddress = addressOf(target)
    lastTarget = target
  }
  vector[0] = BigInt(lastTargetAddress + start)
  vector[1] = BigInt(lengthBytes)
  const count = Number(nativePreadv2(fd, vectorAddress, 1, position, RWF_NOWAIT))
  if (count >= 0) return count
  const errno = koffi.errno()
  if (errno === koffi.os.errno['EAGAIN']) return -1
  if (errno === koffi.os.errno['EOPNOTSUPP'] || errno === koffi.os.errno['ENOSYS']) {
    isNoWaitSupported = false
    return undefined
  }
  throw systemError('preadv2', errno)
}

/** Stretches of memory: `lengths[i]` bytes of `buffers[i]` from `starts[i]` on. */
export interface MemoryRanges {
  readonly count: number
  readonly buffers: readonly Uint8Array[]
  readonly starts: readonly number[]
  readonly lengths: readonly number[]
}

/** Ranges of one call (IOV_MAX). */
const SENT_RANGES_MAX = 1024
const WORDS_PER_VECTOR = 4
const WORD_VALUES = 2 ** 32
/** struct iovec as words: base and length, the low word of each first. */
const sentWords = new Uint32Array(SENT_RANGES_MAX * WORDS_PER_VECTOR)
/** struct msghdr { name, nameLength, vectors, vectorCount, control, controlLength, flags } */
const message = new BigUint64Array(7)
const MESSAGE_VECTORS = 2
const MESSAGE_VECTOR_COUNT = 3
message[MESSAGE_VECTORS] = BigInt(addressOf(new Uint8Array(sentWords.buffer)))
const messageAddress = addressOf(new Uint8Array(message.buffer))
/** V8 keeps so small arrays among its objects, and moves them. */
const MOVED_BYTES_MAX = 64
/** Of buffers that were sent from: most are a mapping or a chunk that is used again and again. */
const sentAddresses = new WeakMap<Uint8Array, number>()

/**
 * Gives ranges to a socket, in order, until it takes no more.
 * @returns how many bytes it took. A failure counts as nothing taken: the next write meets one too.
 */
export function sendRanges(fd: number, ranges: MemoryRanges): number {
  let sent = 0
  for (let first = 0; first < ranges.count; first += SENT_RANGES_MAX) {
    const count = Math.min(SENT_RANGES_MAX, ranges.count - first)
    const wanted = setVectors(ranges, first, count)
    message[MESSAGE_VECTOR_COUNT] = BigInt(count)
    const taken = Number(nativeSendmsg(fd, messageAddress, SEND_FLAGS))
    if (taken > 0) sent += taken
    if (taken < wanted) break
  }
  return sent
}

/** @returns the bytes of all `count` ranges from the `first` on */
function setVectors(ranges: MemoryRanges, first: number, count: number): number {
  const { buffers, starts, lengths } = ranges
  let bytes = 0
  let last: Uint8Array | undefined
  let base = 0
  for (let index = 0; index < count; index += 1) {
    const buffer = buffers[first + index]!
    const start = starts[first + index]!
    const length = lengths[first + index]!
    assert(start >= 0 && length >= 0 && start + length <= buffer.length, 'range to send')
    if (buffer !== last) {
      base = sentAddress(buffer)
      last = buffer
    }
    const address = base + start
    const at = index * WORDS_PER_VECTOR
    sentWords[at] = address % WORD_VALUES
    sentWords[at + 1] = address / WORD_VALUES
    sentWords[at + 2] = length
    bytes += length
  }
  return bytes
}

function sentAddress(buffer: Uint8Array): number {
  let address = sentAddresses.get(buffer)
  if (address === undefined) {
    assert(buffer.length > MOVED_BYTES_MAX, 'a buffer that stays where it is')
    address = addressOf(buffer)
    sentAddresses.set(buffer, address)
  }
  return address
}

function systemError(call: string, errno: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(-errno)
  const error: NodeJS.ErrnoException = new Error(`${call} failed: ${code}`)
  error.code = code
  error.errno = -errno
  error.syscall = call
  return error
}

/** The store error for a failed system call on `path`. */
export function storeErrorOf(error: unknown, what: string, path: string): StoreError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
  const kind =
    code === 'ENOSPC' || code === 'EDQUOT'
      ? 'STORE_DISK_FULL'
      : code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOTDIR'
        ? 'STORE_DIRECTORY_UNUSABLE'
        : 'STORE_IO_FAILED'
  return new StoreError(kind, `cannot ${what} ${path}`, { cause: error })
}
