/** The door `agena/store`: the storage engine as a log library. */
export { StoreError, type StoreErrorCode } from '../engine/base/errors.ts'
export type { Logger } from '../engine/base/logger.ts'
export type { StoredMessage } from '../engine/format/stored-message.ts'
export { GetStatus } from '../engine/store/get-status.ts'
export { STORE_DEFAULTS, type StoreOptions } from '../engine/store/store-options.ts'
export type { LogMessage } from './log-message.ts'
export {
  type AppendResult,
  type LogRead,
  type LogStore,
  openStore,
} from './log-store.ts'
export type { ThreadedStoreOptions } from './threaded-store.ts'
