// The packet filter of a box, for nft: everything that comes in is dropped, but for answers, ICMP, and the ports that the sections of
// tram.toml listen on, each on its side. Pure. box-network.ts loads it at every boot and every change.
import { isIP } from 'node:net'

/** A port that the station listens on, as the configuration has it. */
export interface Listener {
  side: 'lan' | 'wan'
  /** As written: an address or a name. */
  host: string
  port: number
}

/** An interface as the kernel names it. */
export interface Side {
  side: 'both' | 'lan' | 'wan'
  device: string
  isDhcp: boolean
}

/** `/ip4/0.0.0.0/tcp/4101` as host and port; undefined when it is none. */
export function multiaddrListener(text: string): Listener | undefined {
  const [, , host = '', , port = ''] = text.split('/')
  return listener('wan', host, Number(port))
}

/** `host:port` on the office's side. */
export function officeListener(text: string): Listener | undefined {
  const colon = text.lastIndexOf(':')
  return listener('lan', text.slice(0, colon).replace(/^\[|\]$/g, ''), Number(text.slice(colon + 1)))
}

/** Port 0 is one that nobody knows before; loopback needs no hole. */
function listener(side: Listener['side'], host: string, port: number): Listener | undefined {
  const isLoopback = host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
  return isLoopback || !(port >= 1 && port <= 65535) ? undefined : { side, host, port }
}

/** The rules. Loading them replaces those before in one act; other tables are left alone. */
export function firewallRules(sides: readonly Side[], listeners: readonly Listener[]): string {
  const holes = sides.flatMap(({ side, device, isDhcp }) => {
    const open = listeners.filter((one) => side === 'both' || one.side === side)
    const ports = [...new Set(open.map(({ port }) => port))].sort((left, right) => left - right)
    return [
      ...(isDhcp ? [`iifname "${device}" udp sport 67 udp dport 68 accept`] : []),
      ...(ports.length === 0 ? [] : [`iifname "${device}" tcp dport { ${ports.join(', ')} } accept`]),
    ]
  })
  return `table inet tram
delete table inet tram
table inet tram {
	chain input {
		type filter hook input priority filter; policy drop;
		iif lo accept
		ct state invalid drop
		ct state established,related accept
		icmp type { echo-request, destination-unreachable, time-exceeded, parameter-problem } limit rate 100/second accept
		icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept
		icmpv6 type { echo-request, destination-unreachable, packet-too-big, time-exceeded, parameter-problem } limit rate 100/second accept
${holes.map((hole) => `\t\t${hole}\n`).join('')}	}
	chain forward {
		type filter hook forward priority filter; policy drop;
	}
}
`
}
