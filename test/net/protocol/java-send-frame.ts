/** Sends as the Java client spells them, in which one value or another differs. */
import { jsonFrame } from './request-fuzz.ts'

export interface SendValues {
  readonly opaque: number
  readonly queueId: number
  readonly bornTimestamp: number
  readonly properties: string
}

export const FIRST_SEND: SendValues = {
  opaque: 1234,
  queueId: 3,
  bornTimestamp: 1_700_000_000_000,
  properties: 'UNIQ_KEY\\u00017F0000010001\\u0002WAIT\\u0001true\\u0002TAGS\\u0001TagA',
}

/** A header with the members and the order of the Java client's. */
export function javaSendFrame(values: Partial<SendValues>, topic = 'TopicTest'): Buffer {
  const { opaque, queueId, bornTimestamp, properties } = { ...FIRST_SEND, ...values }
  const fields =
    `"a":"group","b":"${topic}","c":"TBW102","d":"4","e":"${queueId}","f":"0",` +
    `"g":"${bornTimestamp}","h":"0","i":"${properties}","j":"0","k":"false","m":"false"`
  const rest = `"flag":0,"language":"JAVA","opaque":${opaque},"serializeTypeCurrentRPC":"JSON"`
  return jsonFrame(`{"code":310,"extFields":{${fields}},${rest},"version":497}`, Buffer.from('hi'))
}
