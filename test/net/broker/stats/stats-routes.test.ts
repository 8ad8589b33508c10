/**
 * Goal: VIEW_BROKER_STATS_DATA answers in the shape that the admin tools read.
 * Method: a server on loopback with the capability's row.
 */
import { expect, test } from 'vitest'
import { BrokerStats } from '../../../../net/broker/stats/broker-stats.ts'
import { statsRoutes } from '../../../../net/broker/stats/stats-routes.ts'
import { RequestCode } from '../../../../net/protocol/request-code.ts'
import { LiveRoutes } from '../live-routes.ts'

const bootTimeMs = 1_700_000_000_000

test('a counter is shown over a minute, an hour and a day; an unknown one is named', async () => {
  const stats = new BrokerStats({ clusterName: 'c', isSystemTopic: () => false, bootTimeMs })
  stats.sent('orders', 10, 1000)
  stats.sent('orders', 10, 1000)
  stats.sample(bootTimeMs)
  await using live = await LiveRoutes.start(statsRoutes({ stats }))
  const fields = { statsName: 'TOPIC_PUT_NUMS', statsKey: 'orders' }
  const answer = await live.peer().ask(RequestCode.VIEW_BROKER_STATS_DATA, { fields })
  expect(JSON.parse(answer.body.toString())).toEqual({
    statsMinute: { sum: 20, tps: 2, avgpt: 10 },
    statsHour: { sum: 20, tps: 20 / 600, avgpt: 10 },
    statsDay: { sum: 20, tps: 20 / 3600, avgpt: 10 },
  })
  const unknown = { statsName: 'TOPIC_PUT_NUMS', statsKey: 'bills' }
  const refusal = await live.peer().ask(RequestCode.VIEW_BROKER_STATS_DATA, { fields: unknown })
  expect(refusal).toMatchObject({ code: 1, remark: 'The stats <TOPIC_PUT_NUMS> <bills> not exist' })
})
