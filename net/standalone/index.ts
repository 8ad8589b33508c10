/** The door `agena/broker`: name server and broker to embed. */
export { AgenaError, StoreError, type StoreErrorCode } from '../../engine/base/errors.ts'
export type { Logger } from '../../engine/base/logger.ts'
export { Broker, type BrokerExtras } from '../broker/broker.ts'
export {
  type BrokerConfig,
  type BrokerOptions,
  parseBrokerConfig,
} from '../broker/options/broker-config.ts'
export { NameServer, type NameServerOptions } from '../namesrv/index.ts'
export { Standalone, type StandaloneOptions, startStandalone } from './standalone.ts'
