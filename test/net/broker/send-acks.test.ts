/** Acknowledgements in the order of the watermarks, and what is said when the flush is slow. */
import { describe, expect, it } from 'vitest'
import { SendAcks } from '../../../net/broker/send/send-acks.ts'
import { ResponseCode } from '../../../net/protocol/response-code.ts'
import type { Connection } from '../../../net/remoting/connection.ts'
import type { RemotingCommand } from '../../../net/remoting/remoting-command.ts'

const STORE_HOST = Buffer.from([127, 0, 0, 1, 0, 0, 0x2a, 0x9f])

/** Takes down what would leave: built frames as text, commands as they are. */
class Wire {
  readonly frames: string[] = []
  readonly commands: RemotingCommand[] = []
  readonly #buffer = Buffer.alloc(4096)

  reserve(): { buffer: Buffer; at: number } {
    return { buffer: this.#buffer, at: 0 }
  }

  commit(bytes: number): void {
    this.frames.push(this.#buffer.toString('latin1', 8, bytes))
  }

  send(command: RemotingCommand): boolean {
    this.commands.push(command)
    return true
  }
}

function setUp() {
  const acks = new SendAcks({ storeHost: STORE_HOST, regionId: 'R', traceOn: true })
  const wire = new Wire()
  const add = (opaque: number, untilOffset: number, waitsForFlush: boolean, deadlineMs = 0) => {
    const ack = acks.add(untilOffset, waitsForFlush)
    // Only these three methods of a connection are used.
    ack.connection = wire as unknown as Connection
    ack.opaque = opaque
    ack.queueId = 3
    ack.queueOffset = opaque
    ack.physicalOffset = untilOffset - 100
    ack.uniqueKeyBytes = ack.uniqueKey.write(`key-${opaque}`)
    ack.deadlineMs = deadlineMs
  }
  const answers = () =>
    wire.frames.map((frame) => {
      const { code, opaque, extFields } = JSON.parse(frame)
      return { code, opaque, ...extFields }
    })
  return { acks, wire, add, answers }
}

describe('acknowledgements', () => {
  it('leave when their watermark has passed, and not before', () => {
    const { acks, add, answers } = setUp()
    add(1, 100, false)
    add(2, 200, false)
    add(3, 300, true)
    acks.written(150)
    expect(answers().map(({ opaque }) => opaque)).toEqual([1])
    acks.written(300)
    expect(answers().map(({ opaque }) => opaque)).toEqual([1, 2])
    expect(acks.flushWaiterCount).toBe(1)
    acks.flushed(300)
    expect(answers().map(({ opaque }) => opaque)).toEqual([1, 2, 3])
  })

  it('say FLUSH_DISK_TIMEOUT with id and offset when the flush takes too long', () => {
    const { acks, add, answers } = setUp()
    add(1, 100, true, 5000)
    add(2, 200, true, 6000)
    acks.expire(4999)
    expect(answers()).toEqual([])
    acks.expire(5000)
    expect(answers()).toEqual([
      {
        code: ResponseCode.FLUSH_DISK_TIMEOUT,
        opaque: 1,
        MSG_REGION: 'R',
        TRACE_ON: 'true',
        msgId: '7F00000100002A9F0000000000000000',
        queueId: '3',
        queueOffset: '1',
        transactionId: 'key-1',
      },
    ])
    acks.flushed(200)
    expect(answers().map(({ code, opaque }) => [code, opaque])).toEqual([
      [ResponseCode.FLUSH_DISK_TIMEOUT, 1],
      [0, 2],
    ])
  })

  it('are refusals for everyone at or behind the place that was taken back', () => {
    const { acks, wire, add, answers } = setUp()
    add(1, 100, true)
    add(2, 200, false)
    add(3, 300, true)
    acks.fail(100, ResponseCode.SERVICE_NOT_AVAILABLE, 'the disk is gone')
    expect(wire.commands.map(({ code, opaque, remark }) => [code, opaque, remark])).toEqual([
      [ResponseCode.SERVICE_NOT_AVAILABLE, 2, 'the disk is gone'],
      [ResponseCode.SERVICE_NOT_AVAILABLE, 3, 'the disk is gone'],
    ])
    acks.written(1000)
    acks.flushed(1000)
    expect(answers().map(({ opaque }) => opaque)).toEqual([1])
  })
})
