/**
 * Ext fields beside a command's own header that say where the sender is: brokers send the name with
 * REGISTER_BROKER (103), clients both with GET_ROUTEINFO_BY_TOPIC (105)
 * (Java: DynamicalExtFieldRPCHook).
 */

/** Name of the sender's zone (Java: MixAll.ZONE_NAME). */
export const ZONE_NAME = '__ZONE_NAME'

/** `true` when the sender wants brokers of its own zone only (Java: MixAll.ZONE_MODE). */
export const ZONE_MODE = '__ZONE_MODE'
