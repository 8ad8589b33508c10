/** Goal: the checker of consuming in order hears of each way in which that can go wrong. */
import { expect, test } from 'vitest'
import { OrderChecker, parseWitnessLog, type WitnessEvent, witnessLine } from './witness-log.ts'

const begin = (member: string, offset: number): WitnessEvent => {
  return { kind: 'begin', member, queueId: 0, offset }
}
const end = (member: string, offset: number): WitnessEvent => {
  return { kind: 'end', member, queueId: 0, offset }
}
const later = (member: string, offset: number): WitnessEvent => {
  return { kind: 'later', member, queueId: 0, offset }
}
const handled = (member: string, ...offsets: number[]): WitnessEvent[] => {
  return offsets.flatMap((offset) => [begin(member, offset), end(member, offset)])
}
const saved = (offset: number): WitnessEvent => ({ kind: 'saved', queueId: 0, offset })
const killed = (offset: number): WitnessEvent[] => {
  return [{ kind: 'broker-kill' }, saved(offset), { kind: 'broker-start' }]
}

function check(events: readonly WitnessEvent[]): OrderChecker {
  const checker = new OrderChecker()
  const text = events.map(witnessLine).join('')
  for (const event of parseWitnessLog(`${text}{"kind":"beg`)) checker.check(event)
  return checker
}

test.each<[string, WitnessEvent[]]>([
  ['one after the other', handled('a', 0, 1, 2)],
  ['put off and tried again', [begin('a', 0), later('a', 0), ...handled('a', 0, 1)]],
  ['another member goes on', [...handled('a', 0, 1), ...handled('b', 2)]],
  ['a tail comes again elsewhere', [...handled('a', 0, 1, 2), ...handled('b', 1, 2, 3)]],
  ['a member dies', [begin('a', 0), { kind: 'kill', member: 'a' }, ...handled('b', 0)]],
  ['an unsaved tail comes again', [...handled('a', 0, 1, 2), ...killed(1), ...handled('a', 1, 2)]],
  [
    'a member has not heard of the kill',
    [
      ...handled('a', 0),
      { kind: 'broker-kill' },
      ...handled('a', 1),
      { kind: 'broker-start' },
      ...handled('a', 0, 1),
    ],
  ],
])('%s: nothing is wrong', (_, events) => {
  expect(check(events).problems).toEqual([])
})

test.each<[string, RegExp, WitnessEvent[]]>([
  ['two at the same time', /while a is at 0/, [begin('a', 0), begin('b', 0)]],
  ['one is left out', /before 1 was consumed/, [...handled('a', 0), begin('a', 2)]],
  ['it comes again for no reason', /in place of 2/, [...handled('a', 0, 1), begin('a', 1)]],
  [
    'it was put off, the next one comes',
    /before 0 was consumed/,
    [begin('a', 0), later('a', 0), begin('b', 1)],
  ],
  [
    'it comes again though that was saved',
    /although 2 was committed/,
    [...handled('a', 0, 1), ...killed(2), begin('b', 1)],
  ],
  [
    'more is committed than consumed',
    /2 was committed, 1 consumed/,
    [...handled('a', 0), saved(2)],
  ],
  ['two end one', /out of turn/, [begin('a', 0), end('b', 0)]],
])('%s: it is heard of', (_, problem, events) => {
  expect(check(events).problems.join()).toMatch(problem)
})
