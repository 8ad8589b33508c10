/** Hosts in their two forms, and segment names. */

import { describe, expect, it } from 'vitest'
import { formatHost, hostOf, parseHost } from '../../../engine/format/host.ts'

describe('host', () => {
  it.each([
    ['127.0.0.1:10911', '7f00000100002a9f', '127.0.0.1:10911'],
    ['0.0.0.0:0', '0000000000000000', '0.0.0.0:0'],
    ['255.255.255.255:65535', 'ffffffff0000ffff', '255.255.255.255:65535'],
    ['[::1]:1', '0000000000000000000000000000000100000001', '[::1]:1'],
    ['::1:1', '0000000000000000000000000000000100000001', '[::1]:1'],
    ['[::]:9', '0000000000000000000000000000000000000009', '[::]:9'],
    ['2001:db8:0:0:0:0:0:17:5', '20010db800000000000000000000001700000005', '[2001:db8::17]:5'],
    ['[fe80::a:0:0:1%eth0]:7', 'fe80000000000000000a00000000000100000007', '[fe80::a:0:0:1]:7'],
    ['[1:2:3:4:5:6:7:8]:9', '0001000200030004000500060007000800000009', '[1:2:3:4:5:6:7:8]:9'],
    ['[1::]:9', '0001000000000000000000000000000000000009', '[1::]:9'],
    ['[::ffff:10.0.0.1]:80', '0a00000100000050', '10.0.0.1:80'],
    ['[64:ff9b::10.0.0.1]:80', '0064ff9b00000000000000000a00000100000050', '[64:ff9b::a00:1]:80'],
  ])('%s', (text, hex, readable) => {
    const host = parseHost(text)
    expect(host.toString('hex')).toBe(hex)
    expect(formatHost(host)).toBe(readable)
    const padded = Buffer.concat([Buffer.alloc(3), host, Buffer.alloc(2)])
    expect(formatHost(padded, 3, padded.length - 2)).toBe(readable)
    expect(parseHost(readable)).toEqual(host)
  })

  it.each([
    '',
    ':',
    '1.2.3.4',
    '1.2.3.4:',
    '1.2.3.4:65536',
    '1.2.3.4:-1',
    '1.2.3.4:1x',
    '1.2.3:1',
    '1.2.3.256:1',
    'localhost:1',
    '[::1]',
    '[:::1]:1',
    '[1::2::3]:1',
    '[::1:1',
  ])('refuses %s', (text) => {
    expect(() => parseHost(text)).toThrow(TypeError)
  })

  it('is made of an address as a socket reports it', () => {
    expect(hostOf('::ffff:127.0.0.1', 9876).toString('hex')).toBe('7f00000100002694')
    expect(hostOf('::1', 9876)).toEqual(parseHost('[::1]:9876'))
    expect(() => hostOf('', 1)).toThrow(TypeError)
  })
})
