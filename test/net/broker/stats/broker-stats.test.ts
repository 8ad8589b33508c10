/**
 * Goal: the counters say what was stored and delivered, under RocketMQ's names, and their rates
 * are those of the last seconds.
 * Method: time is handed in; nothing waits.
 */
import { beforeEach, expect, test } from 'vitest'
import { BrokerStats } from '../../../../net/broker/stats/broker-stats.ts'
import { PutTimes } from '../../../../net/broker/stats/put-times.ts'

const SECOND_MS = 1000
const CLUSTER = 'DefaultCluster'
const bootTimeMs = new Date(2024, 4, 17, 12).getTime()

let stats: BrokerStats
beforeEach(() => {
  stats = new BrokerStats({
    clusterName: CLUSTER,
    isSystemTopic: (topic) => topic.startsWith('rmq_sys_'),
    bootTimeMs,
  })
})

/** Samples once a second, with 5 messages of 100 bytes each before. */
function runSeconds(count: number): void {
  for (let second = 1; second <= count; second += 1) {
    stats.topicSlot('orders').count(5, 500)
    stats.pulled('shop', 'orders', 3, 300)
    stats.missed()
    stats.sample(bootTimeMs + second * SECOND_MS)
  }
}

test('a second of five messages is a rate of five', () => {
  stats.sample(bootTimeMs)
  runSeconds(60)
  expect(stats.putRate.perSecond(10)).toBe(5)
  expect(stats.putRate.perSecond(60)).toBe(5)
  expect(stats.getFoundRate.perSecond(10)).toBe(1)
  expect(stats.getMissRate.perSecond(10)).toBe(1)
  expect(stats.getTransferredRate.perSecond(10)).toBe(3)
})

test('a rate over more seconds than were sampled is that of the sampled ones', () => {
  stats.sample(bootTimeMs)
  runSeconds(2)
  expect(stats.putRate.perSecond(600)).toBe(5)
})

test('a rate without two samples is zero', () => {
  expect(stats.putRate.perSecond(10)).toBe(0)
  stats.sent('orders', 5, 500)
  stats.sample(bootTimeMs)
  expect(stats.putRate.perSecond(10)).toBe(0)
})

test('the ring forgets what is older than ten minutes', () => {
  stats.sent('orders', 1_000_000, 1)
  stats.sample(bootTimeMs)
  runSeconds(601)
  expect(stats.putRate.perSecond(600)).toBe(5)
})

test('a topic and a group are found under the names that tools ask for', () => {
  stats.sample(bootTimeMs)
  runSeconds(60)
  expect(stats.item('TOPIC_PUT_NUMS', 'orders')?.minute).toEqual({
    sum: 300,
    tps: 5,
    averagePerTime: 5,
  })
  expect(stats.item('TOPIC_PUT_SIZE', 'orders')?.minute.sum).toBe(30_000)
  expect(stats.item('GROUP_GET_NUMS', 'orders@shop')?.minute.tps).toBe(3)
  expect(stats.item('GROUP_GET_SIZE', 'orders@shop')?.minute.sum).toBe(18_000)
  expect(stats.item('BROKER_PUT_NUMS', CLUSTER)?.minute.sum).toBe(300)
  expect(stats.item('BROKER_GET_NUMS', CLUSTER)?.minute.sum).toBe(180)
  expect(stats.topicPutTps('orders')).toBe(5)
  expect(stats.groupGetTps('shop', 'orders')).toBe(3)
})

test('unknown names and keys have no counter', () => {
  stats.sent('orders', 1, 1)
  expect(stats.item('TOPIC_PUT_NUMS', 'other')).toBeUndefined()
  expect(stats.item('NO_SUCH_STATS', CLUSTER)).toBeUndefined()
  expect(stats.item('BROKER_PUT_NUMS', 'OtherCluster')).toBeUndefined()
  expect(stats.topicPutTps('other')).toBe(0)
  expect(stats.groupGetTps('nobody', 'orders')).toBe(0)
})

test('a topic that begins between two samples is seen by the next one', () => {
  stats.sample(bootTimeMs)
  stats.sent('late', 20, 1)
  stats.sample(bootTimeMs + 10 * SECOND_MS)
  expect(stats.item('TOPIC_PUT_NUMS', 'late')?.minute.tps).toBe(2)
})

test('totals keep what deleted topics and groups had counted', () => {
  stats.sent('orders', 7, 700)
  stats.sent('rmq_sys_trace', 2, 200)
  stats.pulled('shop', 'orders', 4, 400)
  stats.pulled('shop', 'bills', 1, 100)
  stats.forgetTopic('orders')
  stats.forgetTopic('rmq_sys_trace')
  stats.forgetGroup('shop')
  expect(stats.put.sum).toMatchObject({ messageCount: 9, byteCount: 900, callCount: 2 })
  expect(stats.put.sumWithoutSystem.messageCount).toBe(7)
  expect(stats.got.sum.messageCount).toBe(5)
  expect(stats.item('TOPIC_PUT_NUMS', 'orders')).toBeUndefined()
  expect(stats.item('GROUP_GET_NUMS', 'orders@shop')).toBeUndefined()
})

test('midnight divides the daily totals, which leave out system topics', () => {
  const DAY_MS = 24 * 3600 * SECOND_MS
  stats.sent('orders', 10, 1)
  stats.sent('rmq_sys_trace', 99, 1)
  stats.sample(bootTimeMs + DAY_MS)
  stats.sent('orders', 5, 1)
  stats.sample(bootTimeMs + 2 * DAY_MS)
  stats.sent('orders', 1, 1)
  expect(stats.put.daily).toEqual({ yesterdayMorning: 10, todayMorning: 15, now: 16 })
  expect(stats.got.daily).toEqual({ yesterdayMorning: 0, todayMorning: 0, now: 0 })
})

test('append times are shown by ranges and percentiles of the last whole minute', () => {
  const times = new PutTimes()
  times.record(0, 98)
  times.record(30, 1)
  times.record(20_000, 1)
  expect(times.percentileMs(0.99)).toBe(0)
  times.turnMinute()
  expect(times.distribution()).toBe(
    '[<=0ms]:98 [0~10ms]:0 [10~50ms]:1 [50~100ms]:0 [100~200ms]:0 [200~500ms]:0 [500ms~1s]:0 ' +
      '[1~2s]:0 [2~3s]:0 [3~4s]:0 [4~5s]:0 [5~10s]:0 [10s~]:1 ',
  )
  expect(times.percentileMs(0.99)).toBe(30)
  expect(times.percentileMs(1)).toBe(20_000)
  expect(times.maxMs).toBe(20_000)
})

test('what a group gives back of a topic is counted until either is deleted', () => {
  stats.sample(bootTimeMs)
  for (let count = 0; count < 30; count += 1) stats.sentBack('shop', 'orders', 100)
  stats.sentBack('shop', 'bills', 100)
  stats.sample(bootTimeMs + 10 * SECOND_MS)
  expect(stats.item('SNDBCK_PUT_NUMS', 'orders@shop')?.minute).toMatchObject({ sum: 30, tps: 3 })
  expect(stats.item('SNDBCK_PUT_NUMS', 'orders@market')).toBeUndefined()
  stats.forgetTopic('orders')
  expect(stats.item('SNDBCK_PUT_NUMS', 'orders@shop')).toBeUndefined()
  expect(stats.item('SNDBCK_PUT_NUMS', 'bills@shop')).toBeDefined()
  stats.forgetGroup('shop')
  expect(stats.item('SNDBCK_PUT_NUMS', 'bills@shop')).toBeUndefined()
})
