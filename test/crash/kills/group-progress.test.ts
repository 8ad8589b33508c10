/** Goal: the checker of committed offsets hears of each way in which they can be wrong. */
import { expect, test } from 'vitest'
import { GroupProgress } from './group-progress.ts'

const QUEUE = { queueId: 0 }

function given(count: number): GroupProgress {
  const progress = new GroupProgress('g')
  for (let offset = 0; offset < count; offset += 1) progress.noteGiven(QUEUE, offset)
  return progress
}

test('what was given can be committed, and an unsaved part of it lost', () => {
  const progress = given(5)
  progress.noteSeen(0, 2)
  progress.noteSafe(new Map([[0, 2]]))
  progress.noteSeen(0, 5)
  progress.noteKill(new Map([[0, 3]]))
  progress.noteSeen(0, 3)
  progress.noteSeen(0, 5)
  expect(progress.problems).toEqual([])
})

test.each<[string, RegExp, (progress: GroupProgress) => void]>([
  ['ahead of what was given', /committed 6, given 5/, (progress) => progress.noteSeen(0, 6)],
  [
    'a gap before it was not given',
    /committed 7, given 5/,
    (progress) => {
      progress.noteGiven(QUEUE, 6)
      progress.noteSeen(0, 7)
    },
  ],
  [
    'back while the broker lives',
    /went back from 4 to 3/,
    (progress) => {
      progress.noteSeen(0, 4)
      progress.noteSeen(0, 3)
    },
  ],
  [
    'what was saved is lost',
    /had 4 saved and lost it: 3/,
    (progress) => {
      progress.noteSafe(new Map([[0, 4]]))
      progress.noteKill(new Map([[0, 3]]))
    },
  ],
  [
    'less than the file is served',
    /went back from 4 to 2/,
    (progress) => {
      progress.noteKill(new Map([[0, 4]]))
      progress.noteSeen(0, 2)
    },
  ],
  ['saved ahead', /saved 9, given 5/, (progress) => progress.noteKill(new Map([[0, 9]]))],
])('%s: it is heard of', (_, problem, act) => {
  const progress = given(5)
  act(progress)
  expect(progress.problems.join()).toMatch(problem)
})
