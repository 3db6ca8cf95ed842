// What is made of [network] and [[interface]]: refusals of what contradicts itself, and the files for networkd, chrony, the resolver.
import { describe, expect, it } from 'vitest'
import { networkPlan } from '../../../../src/box-network.ts'
import { parseConfig } from '../../../../src/config.ts'
import {
  chronySources,
  kernelName,
  networkdFiles,
  resolverFile,
} from '../../../../src/equipment/network/network-files.ts'

const station = `
[station]
id = "-so-noi-vu"
name = "Sở Nội vụ"
data_folder = "/d"
[token]
module = "/m"
label = "l"
key_id = "01"
[trust]
anchors = ["a"]
intermediates = []
authority_certificates = ["b"]
`
const config = (text: string) => parseConfig(station + text, '/etc/tram/tram.toml')
const both = 'name = "eth0"\naddresses = ["10.20.0.5/24"]\ngateway = "10.20.0.1"'

describe('[[interface]]', () => {
  it.each([
    ['', 'side = "lan"', 'interface[0].side'],
    ['[[interface]]\nname = "eth0"', 'name = "eth1"', 'interface[0].side'],
    ['', '', 'interface[0]'],
    ['', 'name = "eth0"\nmac = "02:00:00:00:00:01"', 'interface[0]'],
    ['', 'name = "eth0\\nDHCP=yes"', 'interface[0].name'],
    ['', 'mac = "02:00:00:00:00"', 'interface[0].mac'],
    ['', 'name = "eth0"\naddresses = ["10.20.0.5"]', 'interface[0].addresses[0]'],
    ['', 'name = "eth0"\naddresses = ["10.20.0.5/33"]', 'interface[0].addresses[0]'],
    ['', 'name = "eth0"\naddresses = ["10.20.0.500/24"]', 'interface[0].addresses[0]'],
    ['', 'name = "eth0"\naddresses = ["10.20.0.5/24"]\ngateway = "10.21.0.1"', 'interface[0].gateway'],
    ['', 'name = "eth0"\naddresses = ["10.20.0.5/24"]\ngateway = "10.20.0.5"', 'interface[0].gateway'],
    ['', 'name = "eth0"\naddresses = ["10.20.0.5/24"]\nroutes = ["10.0.0.0/8"]', 'interface[0].routes'],
    ['', 'name = "eth0"\nvlan = 4095', 'interface[0].vlan'],
    ['[network]\ndns = ["dns.example"]', 'name = "eth0"', 'network.dns[0]'],
    ['[network]\nntp = ["a b"]', 'name = "eth0"', 'network.ntp[0]'],
    ['[network]\nhostname = "a\\nb"', 'name = "eth0"', 'network.hostname'],
    [
      '[[interface]]\nside = "wan"\nname = "eth1"\naddresses = ["1.2.3.4/24"]\ngateway = "1.2.3.1"',
      `side = "lan"\n${both}`,
      'interface[1]',
    ],
    ['[[interface]]\nside = "wan"\nname = "eth0"\naddresses = ["1.2.3.4/24"]', `side = "lan"\n${both}`, 'interface[1]'],
  ])('refuses %j and %j at %s', (above, one, key) => {
    expect(() => config(`${above}\n[[interface]]\n${one}\n`)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', data: expect.objectContaining({ key }) }),
    )
  })

  it('gives networkd a static address, its route, and nothing that the box would say or believe unasked', () => {
    const files = networkdFiles(config(`[[interface]]\n${both}`).interface)
    expect([...files.keys()]).toEqual(['10-tram-0.network'])
    const text = files.get('10-tram-0.network')
    expect(text).toMatch(/^\[Match\]\nName=eth0\n\n\[Network\]\n/)
    for (const line of ['Address=10.20.0.5/24', 'LinkLocalAddressing=no', 'IPv6AcceptRA=no', 'LLDP=no'])
      expect(text?.split('\n')).toContain(line)
    expect(text).toContain('[Route]\nGateway=10.20.0.1\nDestination=0.0.0.0/0\n')
  })

  it('takes two sides apart: VLANs on one device, routes of the office, the rest by the wide side', () => {
    const { interface: sides } = config(`
[[interface]]
side = "wan"
mac = "02:00:00:00:00:01"
vlan = 100
addresses = ["203.0.113.5/29", "2001:db8::5/64"]
gateway = "203.0.113.1"
[[interface]]
side = "lan"
mac = "02:00:00:00:00:01"
vlan = 20
addresses = ["10.20.0.5/24"]
gateway = "10.20.0.1"
routes = ["10.0.0.0/8", "172.16.0.0/12"]
`)
    const files = networkdFiles(sides)
    expect([...files.keys()].sort()).toEqual([
      ...['10-tram-0.network', '10-tram-vlan100.netdev', '10-tram-vlan100.network'],
      ...['10-tram-vlan20.netdev', '10-tram-vlan20.network'],
    ])
    expect(files.get('10-tram-0.network')).toContain('MACAddress=02:00:00:00:00:01\nKind=!vlan\n')
    expect(files.get('10-tram-0.network')).toContain('VLAN=vlan100\nVLAN=vlan20\n')
    expect(files.get('10-tram-0.network')).not.toContain('Address=1')
    expect(files.get('10-tram-vlan20.netdev')).toBe('[NetDev]\nName=vlan20\nKind=vlan\n\n[VLAN]\nId=20\n')
    expect(files.get('10-tram-vlan20.network')).not.toContain('0.0.0.0/0')
    expect(files.get('10-tram-vlan20.network')).toContain('Destination=172.16.0.0/12')
    expect(files.get('10-tram-vlan100.network')).toContain('LinkLocalAddressing=ipv6')
    expect(sides.map((one) => kernelName(one, new Map()))).toEqual(['vlan100', 'vlan20'])
  })

  it('leaves names and time to the configuration where DHCP gives the address', () => {
    const text = networkdFiles(config('[[interface]]\nname = "eth0"').interface).get('10-tram-0.network')
    for (const line of ['DHCP=ipv4', 'UseDNS=no', 'UseNTP=no', 'UseHostname=no'])
      expect(text?.split('\n')).toContain(line)
  })

  it('is not there: nothing is written for networkd', () => {
    expect([...networkdFiles(config('').interface)]).toEqual([])
  })
})

describe('[network]', () => {
  it('names servers for the resolver and for chrony, and the box', () => {
    const plan = networkPlan(
      config('[network]\ndns = ["10.0.0.53", "2001:db8::53"]\nntp = ["10.0.0.123", "ntp.gov.vn"]'),
    )
    expect(resolverFile(plan.network)).toMatch(/nameserver 10\.0\.0\.53\nnameserver 2001:db8::53\n$/)
    expect(chronySources(plan.network)).toBe('server 10.0.0.123 iburst\nserver ntp.gov.vn iburst\n')
    expect(plan.hostname).toBe('so-noi-vu')
  })

  it('knows which ports are whose', () => {
    const text = '[vxp]\nlisten = "0.0.0.0:8080"\n[prometheus]\nlisten = "127.0.0.1:9464"'
    expect(networkPlan(config(text)).listeners).toEqual([
      { side: 'wan', host: '0.0.0.0', port: 4101 },
      { side: 'lan', host: '0.0.0.0', port: 8080 },
    ])
    expect(networkPlan(undefined)).toMatchObject({ interfaces: [], listeners: [] })
  })
})
