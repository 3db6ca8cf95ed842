// The sections `[network]` and `[[interface]]` of tram.toml: how a box that is nothing but a station lies on its network. Composed by
// config.ts; network-files.ts and firewall.ts make the system's own files of them. A station on a plain machine has neither section.
import { BlockList, isIP } from 'node:net'
import Type, { type Static } from 'typebox'

/** No letter that a file of systemd, chrony or nftables would read as more than a part of a name or an address. */
const hostPattern = '^[0-9A-Za-z]([0-9A-Za-z.:-]{0,251}[0-9A-Za-z])?$'
const addressPattern = '^[0-9A-Fa-f.:]{2,45}$'
const networkPattern = '^[0-9A-Fa-f.:]{2,45}/[0-9]{1,3}$'

const list = (pattern: string, maxItems: number, description: string) =>
  Type.Array(Type.String({ pattern }), { default: [], maxItems, description })

export const networkOptions = Type.Object(
  {
    hostname: Type.Optional(
      Type.String({
        pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
        description: 'name of the box; without it the id of the station',
      }),
    ),
    dns: list(addressPattern, 3, 'addresses of name servers; those that DHCP may tell of are not used'),
    ntp: list(hostPattern, 8, 'time servers; nothing else sets the clock of the box'),
  },
  { additionalProperties: false },
)

export const interfaceOptions = Type.Array(
  Type.Object(
    {
      side: Type.Union([Type.Literal('both'), Type.Literal('lan'), Type.Literal('wan')], {
        default: 'both',
        description:
          'what is let in here: `wan` other stations (link), `lan` the office (VXP, Prometheus, updates), `both` all of it',
      }),
      name: Type.Optional(
        Type.String({
          pattern: '^[A-Za-z][0-9A-Za-z_-]{0,14}$',
          description: 'name of the interface, as eth0; or `mac`',
        }),
      ),
      mac: Type.Optional(
        Type.String({ pattern: '^([0-9a-f]{2}:){5}[0-9a-f]{2}$', description: 'its MAC address, in small letters' }),
      ),
      vlan: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 4094,
          description: 'id of the VLAN (802.1Q) in which it works; none: untagged',
        }),
      ),
      addresses: list(networkPattern, 4, 'addresses with prefix length, as 10.20.0.5/24; none: DHCP'),
      gateway: Type.Optional(
        Type.String({
          pattern: addressPattern,
          description: 'router on this side, in one of the networks of `addresses`',
        }),
      ),
      routes: list(networkPattern, 16, 'networks behind the gateway; none: all that lie nowhere else'),
    },
    { additionalProperties: false },
  ),
  { maxItems: 2 },
)

export type NetworkOptions = Static<typeof networkOptions>
export type InterfaceOptions = Static<typeof interfaceOptions>[number]

/** What is wrong between the keys of the interfaces, with its path in the file. */
export function* networkMistakes(
  network: NetworkOptions,
  interfaces: readonly InterfaceOptions[],
): Iterable<{ path: (string | number)[]; detail: string }> {
  for (const [index, dns] of network.dns.entries())
    if (isIP(dns) === 0) yield { path: ['network', 'dns', index], detail: 'is no address' }
  const sides = interfaces
    .map(({ side }) => side)
    .sort()
    .join(' ')
  if (!['', 'both', 'lan wan'].includes(sides))
    yield { path: ['interface', 0, 'side'], detail: 'one interface is both; of two, one is lan and one is wan' }
  const ways = interfaces.filter(
    ({ gateway, routes, addresses }) => addresses.length === 0 || (gateway !== undefined && routes.length === 0),
  )
  if (ways.length > 1) yield { path: ['interface', 1], detail: 'both sides lead everywhere; name the routes of one' }
  const seen = new Set<string>()
  for (const [index, one] of interfaces.entries()) {
    const at = (key?: string, item?: number) => [
      'interface',
      index,
      ...(key === undefined ? [] : [key]),
      ...(item === undefined ? [] : [item]),
    ]
    if ((one.name === undefined) === (one.mac === undefined)) yield { path: at(), detail: 'needs one of name and mac' }
    const device = `${one.name ?? one.mac}.${one.vlan ?? 0}`
    if (seen.has(device)) yield { path: at(), detail: 'is the same interface again' }
    if (one.vlan !== undefined && seen.has(`vlan${one.vlan}`)) yield { path: at('vlan'), detail: 'is there twice' }
    seen.add(device).add(`vlan${one.vlan ?? ''}`)
    for (const key of ['addresses', 'routes'] as const)
      for (const [item, text] of one[key].entries())
        if (!isNetwork(text)) yield { path: at(key, item), detail: 'is no address with prefix length' }
    if (one.gateway !== undefined && !isReached(one.gateway, one.addresses))
      yield { path: at('gateway'), detail: 'must be an address in a network of addresses' }
    if (one.gateway === undefined && one.routes.length > 0) yield { path: at('routes'), detail: 'need a gateway' }
  }
}

function isNetwork(text: string): boolean {
  const [address = '', prefix = ''] = text.split('/')
  const version = isIP(address)
  return version !== 0 && Number(prefix) <= (version === 4 ? 32 : 128)
}

function isReached(gateway: string, addresses: readonly string[]): boolean {
  const version = isIP(gateway)
  if (version === 0) return false
  const near = new BlockList()
  for (const text of addresses.filter(isNetwork)) {
    const [address = '', prefix = ''] = text.split('/')
    if (isIP(address) === version) near.addSubnet(address, Number(prefix), version === 4 ? 'ipv4' : 'ipv6')
  }
  return (
    near.check(gateway, version === 4 ? 'ipv4' : 'ipv6') && !addresses.some((text) => text.startsWith(`${gateway}/`))
  )
}
