/**
 * Goal: whoever runs consumers of one group that want different messages hears which two differ,
 * and in what.
 * Method: a broker on loopback with a logger that keeps what it is told; two members.
 */
import { expect, test } from 'vitest'
import { MIB } from '../../../../engine/base/units.ts'
import { Broker } from '../../../../net/broker/broker.ts'
import { parseBrokerConfig } from '../../../../net/broker/options/broker-config.ts'
import { RequestCode } from '../../../../net/protocol/request-code.ts'
import { RawMember } from '../../../helpers/raw-member.ts'
import { temporaryFolder } from '../../../helpers/temporary-folder.ts'

const GROUP = 'shop'

test('two consumers that differ are named in the log and with their connections', async () => {
  using folder = temporaryFolder('consistency')
  const told: string[] = []
  const keep = (message: string) => void told.push(message)
  const logger = { info: keep, warn: keep, error: keep }
  const defaults = { storeDirectory: folder.path, listenPort: 0, store: { segmentBytes: MIB } }
  const { config } = parseBrokerConfig({ defaults })
  await using broker = await Broker.start(config, { logger })
  await using one = new RawMember(broker.address, 'one')
  await using two = new RawMember(broker.address, 'two')
  const about = () => told.filter((message) => /group shop differ|of shop subscribe/.test(message))
  const listed = async () => {
    const fields = { consumerGroup: GROUP }
    return (await one.ask(RequestCode.GET_CONSUMER_CONNECTION_LIST, fields)).remark
  }

  await one.beat({ group: GROUP, topics: { orders: 'red', bills: '*' } })
  await two.beat({ group: GROUP, topics: { bills: '*', orders: 'red' }, subVersion: 2 })
  expect([about(), await listed()]).toEqual([[], undefined])

  await two.beat({ group: GROUP, topics: { orders: 'blue', bills: '*' }, subVersion: 3 })
  await one.beat({ group: GROUP, topics: { orders: 'red', bills: '*' } })
  await two.beat({ group: GROUP, topics: { orders: 'blue', bills: '*' }, subVersion: 3 })
  const expressions = 'one wants TAG "red", two wants TAG "blue" of topic orders'
  expect(about()).toEqual([`consumers of group shop differ: ${expressions}`])
  expect(await listed()).toBe(`consumers of group shop differ: ${expressions}`)

  await two.beat({ group: GROUP, topics: { orders: 'red' }, subVersion: 4 })
  const topics = 'one wants TAG "*", two wants nothing of topic bills'
  expect(about()[1]).toBe(`consumers of group shop differ: ${topics}`)

  await two.ask(RequestCode.UNREGISTER_CLIENT, { clientID: 'two', consumerGroup: GROUP })
  expect(about()[2]).toBe('the consumers of shop subscribe to the same again')
  expect(await listed()).toBeUndefined()
})
