// The system's files for a box's network, made of tram.toml: systemd-networkd, the resolver, chrony. Pure: options in, texts out.
// They go below /run at every boot and at every change (box-network.ts): the truth is the one file, and nothing made of it can be stale.
import type { InterfaceOptions, NetworkOptions } from './network-options.ts'

/** Texts by path below the folder that they go to. */
export type NetworkFiles = ReadonlyMap<string, string>

/** The name that an interface of the configuration has in the kernel; by MAC, as `names` has it. Undefined: it is not there. */
export function kernelName(
  { name, mac, vlan }: InterfaceOptions,
  names: ReadonlyMap<string, string>,
): string | undefined {
  return vlan === undefined ? (name ?? names.get(mac ?? '')) : `vlan${vlan}`
}

/** Files for `/run/systemd/network`; none when there are no interfaces: then the network is somebody else's business. */
export function networkdFiles(interfaces: readonly InterfaceOptions[]): NetworkFiles {
  const files = new Map<string, string>()
  const devices = Map.groupBy(interfaces, ({ name, mac }) =>
    name === undefined ? `MACAddress=${mac}` : `Name=${name}`,
  )
  for (const [index, [match, members]] of [...devices].entries()) {
    const untagged = members.find(({ vlan }) => vlan === undefined)
    const vlans = members.flatMap(({ vlan }) => (vlan === undefined ? [] : [`VLAN=vlan${vlan}`]))
    // A MAC address is also that of the VLANs above: only the device itself is meant.
    const only = match.startsWith('MAC') ? [match, 'Kind=!vlan'] : [match]
    files.set(`10-tram-${index}.network`, [...section('Match', only), ...networkOf(untagged, vlans)].join('\n'))
  }
  for (const { vlan, ...rest } of interfaces) {
    if (vlan === undefined) continue
    files.set(
      `10-tram-vlan${vlan}.netdev`,
      [...section('NetDev', [`Name=vlan${vlan}`, 'Kind=vlan']), ...section('VLAN', [`Id=${vlan}`])].join('\n'),
    )
    files.set(
      `10-tram-vlan${vlan}.network`,
      [...section('Match', [`Name=vlan${vlan}`]), ...networkOf(rest, [])].join('\n'),
    )
  }
  return files
}

const section = (name: string, lines: readonly string[]): string[] => [`[${name}]`, ...lines, '']

/** What is below `[Match]`; `undefined` is a device that only carries VLANs. */
function networkOf(one: InterfaceOptions | undefined, vlans: readonly string[]): string[] {
  // Nothing of it is announced, and nobody on the line gives the box addresses or routes unasked.
  const quiet = ['LLMNR=no', 'MulticastDNS=no', 'LLDP=no', 'EmitLLDP=no', 'IPv6AcceptRA=no']
  if (one === undefined) return section('Network', [...quiet, 'LinkLocalAddressing=no', ...vlans])
  if (one.addresses.length === 0)
    return [
      ...section('Network', [...quiet, 'LinkLocalAddressing=no', 'DHCP=ipv4', ...vlans]),
      // Names and time are the configuration's: who answers DHCP does not decide what the clock says.
      ...section('DHCPv4', ['UseDNS=no', 'UseNTP=no', 'UseHostname=no', 'UseDomains=no', 'SendHostname=no']),
    ]
  const lines = section('Network', [
    ...quiet,
    // IPv6 does not work without; without IPv6 it is one address less to reach the box at.
    `LinkLocalAddressing=${one.addresses.some((text) => text.includes(':')) ? 'ipv6' : 'no'}`,
    // Addresses stay while a cable is out: what listens on them need not be told.
    'ConfigureWithoutCarrier=yes',
    'IgnoreCarrierLoss=yes',
    ...one.addresses.map((text) => `Address=${text}`),
    ...vlans,
  ])
  if (one.gateway === undefined) return lines
  const all = one.gateway.includes(':') ? '::/0' : '0.0.0.0/0'
  const routes = one.routes.length === 0 ? [all] : one.routes
  return [...lines, ...routes.flatMap((to) => section('Route', [`Gateway=${one.gateway}`, `Destination=${to}`]))]
}

/** For `/etc/resolv.conf`. */
export const resolverFile = ({ dns }: NetworkOptions): string =>
  ['# From [network] dns of tram.toml.', ...dns.map((address) => `nameserver ${address}`), ''].join('\n')

/** A `.sources` file of chrony. */
export const chronySources = ({ ntp }: NetworkOptions): string =>
  ntp.map((server) => `server ${server} iburst\n`).join('')
