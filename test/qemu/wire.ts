// The network of the bench: a bridge in a network namespace that scripts/test-image has made, with this process at one end and a tap for
// each box. Nothing of it is reachable from elsewhere, and it is gone with the last process in it.
import { execFileSync } from 'node:child_process'

/** This end: broker, time, and the document management software. */
export const benchAddress = '10.77.0.1'
export const prefixBits = 24
export const subnet = `10.77.0.0/${prefixBits}`

/** Makes the bridge, and one tap for each name. @throws in a namespace that has any other network */
export function makeWire(taps: readonly string[]): void {
  // Not /sys/class/net: that shows the namespace in which /sys was mounted.
  const links: { ifname: string }[] = JSON.parse(execFileSync('ip', ['-json', 'link'], { encoding: 'utf8' }))
  const others = links.map(({ ifname }) => ifname).filter((name) => name !== 'lo')
  if (others.length > 0)
    throw new Error(
      `this network namespace has ${others.join(', ')}: start ./scripts/test-image, which makes one of its own`,
    )
  const ip = (...words: string[]): void => {
    execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'inherit'] })
  }
  ip('link', 'set', 'lo', 'up')
  ip('link', 'add', 'wire', 'type', 'bridge')
  ip('addr', 'add', `${benchAddress}/${prefixBits}`, 'dev', 'wire')
  ip('link', 'set', 'wire', 'up')
  for (const tap of taps) {
    ip('tuntap', 'add', tap, 'mode', 'tap')
    ip('link', 'set', tap, 'master', 'wire')
    ip('link', 'set', tap, 'up')
  }
}
