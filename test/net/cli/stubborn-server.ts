/** Run by server-process.test.ts: a server whose work in progress never ends. */
import { Lifecycle } from '../../../engine/base/lifecycle.ts'
import { runServer } from '../../../net/cli/server-process.ts'

class StubbornServer extends Lifecycle {
  constructor() {
    super()
    // As a socket would, this keeps the process.
    setInterval(() => undefined, 1000)
    this.markOpen()
  }

  protected override async drain(): Promise<void> {
    await new Promise(() => undefined)
  }
}

await runServer(async () => ({
  server: new StubbornServer(),
  facts: { stubborn: 'yes' },
  hints: [],
}))
