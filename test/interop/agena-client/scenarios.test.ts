import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Cluster } from '../cluster.ts'
import { describeSide, makeScratch, type Scratch, sides, startCluster } from '../lane.ts'
import { clientScenarios } from './index.ts'

for (const side of sides) {
  describeSide(side, 'our client in scenarios', () => {
    let scratch: Scratch
    let cluster: Cluster
    beforeAll(async () => {
      scratch = await makeScratch(`client-${side}`)
      const folder = join(scratch.path, 'peer')
      await mkdir(folder)
      cluster = await startCluster(side, { scratch: folder })
    })
    afterAll(async () => {
      await cluster.kill()
      await scratch[Symbol.asyncDispose]()
    })

    test.each(Object.entries(clientScenarios))('%s', async (name, run) => {
      const topic = `Client-${name.replaceAll(' ', '-')}`
      const place = { nameServer: cluster.nameServer, topic, group: `${topic}-group` }
      await expect(run(place)).resolves.toBeUndefined()
    })
  })
}
