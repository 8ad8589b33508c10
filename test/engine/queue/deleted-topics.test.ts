/** The file that keeps deleted topics from coming back with the log, over a disk in memory. */
import { expect, test } from 'vitest'
import { makeDurableDirectory } from '../../../engine/file/durable-directory.ts'
import { MemoryDisk } from '../../../engine/file/memory-file-system.ts'
import { DeletedTopics } from '../../../engine/queue/deleted-topics.ts'

const FOLDER = '/agena'

function makeDisk(): MemoryDisk {
  const disk = new MemoryDisk()
  makeDurableDirectory(disk, FOLDER)
  return disk
}

test('is there again after a loss of power, whatever topics are called', () => {
  const disk = makeDisk()
  const names = ['T', '%RETRY%g', 'with "quotes", ] and \\', '__proto__']
  const written = new DeletedTopics(disk, FOLDER)
  written.add(names.map((topic, index) => ({ topic, untilOffset: 100 + index })))
  disk.crash()
  const read = new DeletedTopics(disk, FOLDER)
  expect(read.behind(0)).toEqual(names)
  expect(read.behind(101)).toEqual(names.slice(2))
  expect(read.endOffset).toBe(103)
  expect([read.has('T', 99), read.has('T', 100), read.has('other', 0)]).toEqual([
    true,
    false,
    false,
  ])
})

test('a topic that is deleted again is deleted up to there', () => {
  const disk = makeDisk()
  const deleted = new DeletedTopics(disk, FOLDER)
  deleted.add([{ topic: 'T', untilOffset: 100 }])
  deleted.add([{ topic: 'T', untilOffset: 200 }])
  expect(new DeletedTopics(disk, FOLDER).has('T', 199)).toBe(true)
})

test('knows nothing of what the log no longer holds, nor of what it does not hold yet', () => {
  const disk = makeDisk()
  new DeletedTopics(disk, FOLDER).add([
    { topic: 'expired', untilOffset: 1000 },
    { topic: 'present', untilOffset: 1500 },
    { topic: 'cut', untilOffset: 3000 },
  ])
  new DeletedTopics(disk, FOLDER).fit({ startOffset: 1000, endOffset: 2000 })
  disk.crash()
  const read = new DeletedTopics(disk, FOLDER)
  expect(read.behind(0)).toEqual(['present', 'cut'])
  expect([read.has('cut', 1999), read.has('cut', 2000)]).toEqual([true, false])
})

test.each(['', 'no JSON', '[["T",'])('a file with "%s" says nothing', (content) => {
  const disk = makeDisk()
  const fd = disk.open(`${FOLDER}/deleted.json`, 'create')
  disk.write(fd, Buffer.from(content), 0, content.length, 0)
  disk.close(fd)
  expect(new DeletedTopics(disk, FOLDER).behind(0)).toEqual([])
})
